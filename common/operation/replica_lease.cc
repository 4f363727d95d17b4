#include "common/operation/replica_lease.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/operation/names.h"
#include "common/operation/server_now.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

constexpr char kPodUidLabel[] = "berth.dev/pod-uid";
constexpr std::size_t kProcessSuffix = 8;

std::string LeaseName(const std::string& service, const Identity& identity) {
  return fmt::format("{}.{}.{}", service, identity.pod_uid,
                     NewRequestId().substr(0, kProcessSuffix));
}

kube::Json OwnedByPod(const Identity& identity) {
  return kube::Json::array({{{"apiVersion", kube::kPods.ApiVersion()},
                             {"kind", kube::kPods.kind},
                             {"name", identity.pod_name},
                             {"uid", identity.pod_uid}}});
}

absl::Status Lost(std::string_view why) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED,
               fmt::format("this replica's liveness Lease {}; others take over", why));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReplicaLease>> ReplicaLease::Create(kube::Client& client,
                                                                   kube::Clock& clock,
                                                                   Options options) {
  std::unique_ptr<ReplicaLease> lease(new ReplicaLease(client, clock, std::move(options)));
  RETURN_IF_ERROR(WithContext(lease->Take(), "the liveness Lease"));
  lease->RemoveEarlierProcesses();
  lease->renewer_ = std::jthread([raw = lease.get()] { raw->Renew(); });
  return lease;
}

ReplicaLease::ReplicaLease(kube::Client& client, kube::Clock& clock, Options options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      name_(LeaseName(options_.service, options_.identity)) {}

ReplicaLease::~ReplicaLease() { Stop(); }

absl::Status ReplicaLease::Take() {
  kube::Json wish = kube::NewObject(kube::kLeases, {options_.kube_namespace, name_});
  kube::SetLabel(wish, kLivenessLabel, options_.service);
  kube::SetLabel(wish, kPodUidLabel, options_.identity.pod_uid);
  if (options_.identity.is_pod) {
    wish["metadata"]["ownerReferences"] = OwnedByPod(options_.identity);
  }
  const auto duration =
      std::chrono::ceil<std::chrono::seconds>(options_.times.lease_duration).count();
  const std::string now = kube::FormatMicroTime(ServerNow(client_));
  wish["spec"] = {{"holderIdentity", options_.identity.pod_name},
                  {"leaseDurationSeconds", duration},
                  {"acquireTime", now},
                  {"renewTime", now}};
  const TimePoint sent = clock_.Now();
  absl::StatusOr<kube::Json> created = client_.Create(kube::kLeases, wish);
  // The name is this process' own: one that exists is the first try of this very call.
  if (kube::IsAlreadyExists(created.status())) {
    created = client_.Get(kube::kLeases, {options_.kube_namespace, name_});
  }
  ASSIGN_OR_RETURN(lease_, std::move(created));
  MutexLock lock(mutex_);
  renewed_at_ = sent;
  return absl::OkStatus();
}

void ReplicaLease::RemoveEarlierProcesses() {
  const absl::StatusOr<kube::ObjectList> leases =
      client_.List(kube::kLeases, options_.kube_namespace,
                   {.label_selector = fmt::format("{}={},{}={}", kLivenessLabel, options_.service,
                                                  kPodUidLabel, options_.identity.pod_uid)});
  if (!leases.ok()) return;  // they run out by themselves
  for (const kube::Json& earlier : leases->items) {
    if (kube::Name(earlier) == name_) continue;
    const absl::Status removed = client_.Delete(
        kube::kLeases, kube::NameOf(earlier),
        {.uid = kube::Uid(earlier), .resource_version = kube::ResourceVersion(earlier)});
    log::Info("liveness lease of an earlier process removed",
              {{"lease", kube::Name(earlier)}, {"result", Describe(removed)}});
  }
}

bool ReplicaLease::FreshEnoughToSpawn() const {
  MutexLock lock(mutex_);
  return !lost_ && clock_.Now() - renewed_at_ < options_.times.give_up_after;
}

bool ReplicaLease::lost() const {
  MutexLock lock(mutex_);
  return lost_;
}

void ReplicaLease::Renew() {
  TimePoint next = clock_.Now() + options_.times.renew_every;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && clock_.Now() < next) clock_.WaitUntil(mutex_, wake_, next);
      if (stopping_) return;
    }
    const absl::StatusOr<bool> renewed = RenewOnce();
    if (!renewed.ok()) {
      Lose(renewed.status());
      return;
    }
    next = clock_.Now() + (*renewed ? options_.times.renew_every : options_.times.renew_every / 4);
  }
}

absl::StatusOr<bool> ReplicaLease::RenewOnce() {
  const TimePoint sent = clock_.Now();
  const TimePoint give_up = renewed_at() + options_.times.give_up_after;
  const kube::CallOptions call{
      .timeout = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(give_up - sent),
                            std::chrono::milliseconds(1), options_.times.renew_every),
      .retry = kube::Retry::kNever};
  lease_["spec"]["renewTime"] = kube::FormatMicroTime(ServerNow(client_));
  absl::StatusOr<kube::Json> renewed = client_.Update(kube::kLeases, lease_, {.call = call});
  if (renewed.ok()) {
    lease_ = *std::move(renewed);
    MutexLock lock(mutex_);
    renewed_at_ = sent;
    return true;
  }
  if (kube::IsConflict(renewed.status()) || kube::IsNotFound(renewed.status())) {
    RETURN_IF_ERROR(ReadAgain(call));
  } else {
    log::Warning("liveness lease not renewed", {{"error", Describe(renewed.status())}});
  }
  if (clock_.Now() >= give_up) return Lost("could not be renewed in time");
  return false;
}

ReplicaLease::TimePoint ReplicaLease::renewed_at() const {
  MutexLock lock(mutex_);
  return renewed_at_;
}

absl::Status ReplicaLease::ReadAgain(const kube::CallOptions& call) {
  absl::StatusOr<kube::Json> read =
      client_.Get(kube::kLeases, {options_.kube_namespace, name_}, {.call = call});
  if (kube::IsNotFound(read.status())) return Lost("is gone");
  if (!read.ok()) return absl::OkStatus();
  if (kube::Uid(*read) != kube::Uid(lease_)) return Lost("is another one now");
  lease_ = *std::move(read);
  return absl::OkStatus();
}

void ReplicaLease::Lose(const absl::Status& why) {
  {
    MutexLock lock(mutex_);
    lost_ = true;
  }
  log::Error("liveness lease lost", {{"lease", name_}, {"error", Describe(why)}});
  if (options_.on_lost) options_.on_lost(why);
}

void ReplicaLease::Release() {
  Stop();
  if (lost()) return;
  const absl::Status deleted =
      client_.Delete(kube::kLeases, {options_.kube_namespace, name_}, {.uid = kube::Uid(lease_)},
                     {.call = {.timeout = options_.times.renew_every}});
  if (!deleted.ok()) log::Warning("liveness lease not given back", {{"error", Describe(deleted)}});
}

void ReplicaLease::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (renewer_.joinable()) renewer_.join();
}

}  // namespace berth::operation
