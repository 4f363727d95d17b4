#include "port-service/adapters/pool_gate.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/pool/exposure_ref.h"
#include "common/pool/gateway_watcher.h"
#include "common/pool/service_watcher.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/domain/opening.h"

namespace berth::port {
namespace {

using kube::Json;
using std::chrono::milliseconds;

/// When to look again at a pool whose objects have not all been read.
constexpr milliseconds kUnknownInterval = std::chrono::seconds(1);

/// The names of all items that have the name of a claim.
std::set<pool::ClaimName> ClaimNames(const kube::ObjectList& list) {
  std::set<pool::ClaimName> names;
  for (const Json& item : list.items) {
    if (const absl::StatusOr<pool::ClaimName> name = pool::ClaimName::Parse(kube::Name(item));
        name.ok()) {
      names.insert(*name);
    }
  }
  return names;
}

/// The pool with the newest state of what it names: right after a start or a restored backup the
/// watches may show less.
absl::StatusOr<pool::PoolState> ReadPoolState(kube::Client& client, kube::RestMapper& mapper,
                                              const std::string& ns, const pool::Pool& pool) {
  absl::Status problem;
  const auto read_object = [&](const kube::Resource& resource, const kube::ObjectName& name) {
    absl::StatusOr<Json> object = client.Get(resource, name);
    if (object.ok()) {
      return pool::SeenObject{.known = true,
                              .object = std::make_shared<const Json>(*std::move(object))};
    }
    if (!kube::IsNotFound(object.status())) {
      problem.Update(object.status());
    }
    return pool::SeenObject{.known = true};
  };
  const auto read_gateway = [&](const kube::ObjectName& name) {
    absl::StatusOr<pool::SeenGateway> gateway = pool::ReadGateway(client, mapper, ns, name);
    problem.Update(gateway.status());
    return gateway.ok() ? *std::move(gateway) : pool::SeenGateway{.known = true};
  };
  const auto read_services = [&] {
    absl::StatusOr<pool::SeenServices> services = pool::ReadServices(client);
    problem.Update(services.status());
    return services.ok() ? *std::move(services) : pool::SeenServices();
  };
  const auto states = pool::DerivePoolStates(
      {pool}, {.object = read_object, .gateway = read_gateway, .services = read_services});
  RETURN_IF_ERROR(problem);
  return states.front()->known ? absl::StatusOr<pool::PoolState>(*states.front())
                               : states.front()->usable;
}

RulesByName Rules(const kube::ObjectList& list) {
  RulesByName rules;
  for (const Json& item : list.items) {
    if (const absl::StatusOr<pool::ClaimName> name = pool::ClaimName::Parse(kube::Name(item));
        name.ok()) {
      rules.emplace(*name, pool::ParseExposureRef(item));
    }
  }
  return rules;
}

}  // namespace

PoolGate::PoolGate(kube::Client& client, kube::RestMapper& mapper, std::string ns,
                   ClaimStore& store, const ClaimCache& claims, const pool::PoolWatcher& pools)
    : client_(client),
      mapper_(mapper),
      ns_(std::move(ns)),
      store_(store),
      claims_(claims),
      pools_(pools),
      queue_({.name = "pool-gate",
              .max_backoff = std::chrono::seconds(5),
              .on_error =
                  [](const std::string&, const absl::Status& error) {
                    log::Warning("pools could not be opened", {{"error", Describe(error)}});
                  }},
             [this](const std::string&, const std::stop_token&) { return Pass(); }) {}

absl::Status PoolGate::CheckOpen(const pool::Pool& pool) const {
  MutexLock lock(mutex_);
  if (open_.contains(pool.uid)) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
               fmt::format("this replica has not yet checked that every rule of pool '{}' has a "
                           "claim",
                           pool.name.value()))
      .WithRetryAfter(std::chrono::seconds(1));
}

void PoolGate::CloseAll() {
  {
    MutexLock lock(mutex_);
    open_.clear();
    ++closings_;
  }
  log::Warning("the API server's store was put back: pools closed until all are checked");
  queue_.Add(kPass);
}

kube::WorkQueue::Outcome PoolGate::Pass() {
  if (!claims_.synced()) {
    return kUnknownInterval;
  }
  bool all_known = true;
  absl::Status problem;
  for (const pool::PoolWatcher::State& state : pools_.List()) {
    if (CheckOpen(state->pool).ok()) {
      continue;
    }
    all_known = all_known && state->known;
    if (state->known) {
      problem.Update(Open(state->pool));
    }
  }
  RETURN_IF_ERROR(problem);
  return all_known ? std::nullopt : std::optional(kUnknownInterval);
}

absl::Status PoolGate::Open(const pool::Pool& pool) {
  std::uint64_t closings_before = 0;
  {
    MutexLock lock(mutex_);
    closings_before = closings_;
  }
  ASSIGN_OR_RETURN(const pool::PoolState state, ReadPoolState(client_, mapper_, ns_, pool));
  RETURN_IF_ERROR(CreateMissingClaims(state));
  {
    MutexLock lock(mutex_);
    if (closings_ != closings_before) {
      return absl::OkStatus();  // what was read may be of before; CloseAll has asked for a new pass
    }
    open_.insert(pool.uid);
  }
  log::Info("pool opened", {{"pool", pool.name.value()}});
  return absl::OkStatus();
}

absl::Status PoolGate::CreateMissingClaims(const pool::PoolState& pool) {
  ASSIGN_OR_RETURN(const kube::ObjectList rules, client_.List(kube::kPortRules, ns_));
  ASSIGN_OR_RETURN(const kube::ObjectList claims,
                   client_.List(kube::kPortClaims, ns_, {.form = kube::Form::kMetadata}));
  for (const Claim& claim : MissingClaims(pool, Rules(rules), ClaimNames(claims))) {
    const absl::Status status = store_.Create(claim).status();
    if (!absl::IsAlreadyExists(status)) {
      RETURN_IF_ERROR(status);
      log::Warning("claim was missing and has been created",
                   {{"claim", claim.name.ToString()}, {"pool", pool.pool.name.value()}});
    }
  }
  return absl::OkStatus();
}

}  // namespace berth::port
