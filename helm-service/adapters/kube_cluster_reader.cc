#include "helm-service/adapters/kube_cluster_reader.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/process/line_splitter.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Whoever follows a release looks again soon anyway.
kube::CallOptions OneTry() { return {.timeout = seconds(3), .retry = kube::Retry::kNever}; }

constexpr std::size_t kMostEventsAtOnce = 300;
constexpr int kMostPodsOfAJob = 20;
constexpr std::int64_t kLogBytes = std::int64_t{256} << 10;
constexpr std::size_t kLineBytes = std::size_t{8} << 10;
constexpr int kLogTries = 5;

// A watch that begins at the present state and is begun anew when it ends.
class KubeWarningSource final : public WarningSource {
 public:
  KubeWarningSource(kube::Client& client, std::string ns) : client_(client), ns_(std::move(ns)) {}

  absl::StatusOr<std::vector<kube::Json>> Take() override {
    std::vector<kube::Json> events;
    RETURN_IF_ERROR(Begin());
    while (events.size() < kMostEventsAtOnce) {
      absl::StatusOr<std::optional<kube::WatchEvent>> event = watch_->Next(milliseconds(0));
      if (absl::IsDeadlineExceeded(event.status())) break;  // nothing has come
      if (!event.ok()) {
        // Whatever it was, a list shows where to go on; what came in between is lost.
        watch_.reset();
        version_.clear();
        break;
      }
      if (!event->has_value()) {
        watch_.reset();
        break;
      }
      version_ = kube::ResourceVersion((*event)->object);
      const kube::WatchEventType type = (*event)->type;
      if (type == kube::WatchEventType::kAdded || type == kube::WatchEventType::kModified) {
        events.push_back(std::move((*event)->object));
      }
    }
    return events;
  }

 private:
  absl::Status Begin() {
    if (watch_.has_value()) return absl::OkStatus();
    if (version_.empty()) {
      ASSIGN_OR_RETURN(
          const kube::ObjectList list,
          client_.ListPage(kube::kEvents, ns_,
                           {.form = kube::Form::kMetadata, .page_size = 1, .call = OneTry()}));
      version_ = list.resource_version;
    }
    watch_.emplace(client_.StartWatch(
        kube::kEvents, ns_, {.field_selector = "type=Warning", .resource_version = version_}));
    return absl::OkStatus();
  }

  kube::Client& client_;
  const std::string ns_;
  std::string version_;
  std::optional<kube::Watch> watch_;
};

class KubeLogSource final : public LogSource {
 public:
  KubeLogSource(kube::Client& client, kube::ObjectName pod, std::string container)
      : client_(client), pod_(std::move(pod)), container_(std::move(container)) {}

  Piece Take(milliseconds wait) override {
    Piece piece;
    const auto emit = [&](std::string line) { piece.lines.push_back(std::move(line)); };
    if (!log_.has_value()) {
      log_.emplace(client_.FollowLog(pod_, {.container = container_, .limit_bytes = kLogBytes}));
    }
    const absl::StatusOr<std::optional<std::string>> bytes = log_->Next(wait);
    if (bytes.ok() && bytes->has_value()) {
      bytes_ += static_cast<std::int64_t>((*bytes)->size());
      splitter_.Feed(**bytes, emit);
      return piece;
    }
    if (absl::IsDeadlineExceeded(bytes.status())) return piece;  // nothing has come
    if (!bytes.ok() && bytes_ == 0 && ++tries_ < kLogTries) {
      log_.reset();  // the kubelet is not always as far as the pod's status says
      return piece;
    }
    splitter_.Finish(emit);
    if (bytes_ >= kLogBytes) {
      emit(fmt::format("[the log is longer than {} KiB; the rest is left out]", kLogBytes >> 10));
    }
    piece.ended = true;
    return piece;
  }

 private:
  kube::Client& client_;
  const kube::ObjectName pod_;
  const std::string container_;
  std::optional<kube::LogStream> log_;
  process::LineSplitter splitter_{kLineBytes};
  std::int64_t bytes_ = 0;
  int tries_ = 0;
};

bool HoldsOnlyData(const ObjectRef& ref) {
  return ref.group.empty() && (ref.kind == "Secret" || ref.kind == "ConfigMap");
}

}  // namespace

absl::StatusOr<LiveObject> KubeClusterReader::Read(const ObjectRef& ref) {
  LiveObject live{.ref = ref};
  ASSIGN_OR_RETURN(const std::optional<kube::ServedKind> kind,
                   mapper_.Find(ref.group, ref.version, ref.kind));
  if (!kind.has_value() || ref.name.empty()) return live;
  if (kind->scope == kube::Scope::kCluster) live.ref.ns.clear();
  absl::StatusOr<kube::Json> object =
      client_.Get(kind->resource(), {.ns = live.ref.ns, .name = ref.name},
                  {.consistency = kube::Consistency::kAny,
                   .form = HoldsOnlyData(ref) ? kube::Form::kMetadata : kube::Form::kFull,
                   .call = OneTry()});
  if (kube::IsNotFound(object.status())) return live;
  ASSIGN_OR_RETURN(live.object, std::move(object));
  return live;
}

absl::StatusOr<std::vector<kube::Json>> KubeClusterReader::PodsOfJob(const std::string& ns,
                                                                     const std::string& job) {
  ASSIGN_OR_RETURN(kube::ObjectList pods, client_.ListPage(kube::kPods, ns,
                                                           {.label_selector = "job-name=" + job,
                                                            .page_size = kMostPodsOfAJob,
                                                            .call = OneTry()}));
  return std::move(pods.items);
}

std::unique_ptr<WarningSource> KubeClusterReader::FollowWarnings(const std::string& ns) {
  return std::make_unique<KubeWarningSource>(client_, ns);
}

std::unique_ptr<LogSource> KubeClusterReader::FollowLog(const std::string& ns,
                                                        const std::string& pod,
                                                        const std::string& container) {
  return std::make_unique<KubeLogSource>(client_, kube::ObjectName{.ns = ns, .name = pod},
                                         container);
}

}  // namespace berth::helm
