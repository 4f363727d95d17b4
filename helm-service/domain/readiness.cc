#include "helm-service/domain/readiness.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "common/kube/object.h"
#include "helm-service/domain/object_ref.h"

namespace berth::helm {
namespace {

using kube::Json;

Readiness Progressing(std::string message) {
  return {ObjectState::kProgressing, std::move(message)};
}
Readiness Ready(std::string message = "") { return {ObjectState::kReady, std::move(message)}; }
Readiness Failed(std::string message) { return {ObjectState::kFailed, std::move(message)}; }

std::int64_t Number(const Json& object, std::initializer_list<std::string_view> path,
                    std::int64_t otherwise = 0) {
  return kube::IntAt(object, path).value_or(otherwise);
}

// What a condition says, as "Reason: message".
std::string Text(const kube::Condition& condition) {
  if (condition.reason.empty()) return condition.message;
  if (condition.message.empty()) return condition.reason;
  return fmt::format("{}: {}", condition.reason, condition.message);
}

std::optional<kube::Condition> TrueCondition(const Json& object, std::string_view type) {
  std::optional<kube::Condition> condition = kube::GetCondition(object, type);
  if (condition.has_value() && condition->status != kube::ConditionStatus::kTrue) return {};
  return condition;
}

// Whether the controller has yet to look at the object as it is now.
bool IsUnobserved(const Json& object) {
  const std::optional<std::int64_t> observed =
      kube::IntAt(object, {"status", "observedGeneration"});
  return observed.has_value() && *observed < kube::Generation(object);
}

// For kinds whose controller always writes a status.
bool LacksStatus(const Json& object) {
  return !kube::IntAt(object, {"status", "observedGeneration"}).has_value();
}

Readiness Unobserved() { return Progressing("its controller has not seen it yet"); }

Readiness OfDeployment(const Json& object) {
  if (LacksStatus(object)) return Unobserved();
  const auto progressing = kube::GetCondition(object, "Progressing");
  if (progressing.has_value() && progressing->reason == "ProgressDeadlineExceeded") {
    return Failed(Text(*progressing));
  }
  if (kube::At(object, {"spec", "paused"}) == true) return Ready("paused");
  const std::int64_t wanted = Number(object, {"spec", "replicas"}, 1);
  const std::int64_t present = Number(object, {"status", "replicas"});
  const std::int64_t updated = Number(object, {"status", "updatedReplicas"});
  const std::int64_t ready = Number(object, {"status", "readyReplicas"});
  const std::int64_t available = Number(object, {"status", "availableReplicas"});
  if (updated < wanted)
    return Progressing(fmt::format("{} of {} replicas updated", updated, wanted));
  if (present > updated) {
    return Progressing(fmt::format("{} old replicas still there", present - updated));
  }
  if (ready < wanted) return Progressing(fmt::format("{} of {} replicas ready", ready, wanted));
  if (available < wanted) {
    return Progressing(fmt::format("{} of {} replicas available", available, wanted));
  }
  return Ready(fmt::format("{} of {} replicas ready", ready, wanted));
}

bool UpdatesOnDelete(const Json& object) {
  return kube::StringAt(object, {"spec", "updateStrategy", "type"}) == "OnDelete";
}

Readiness OfStatefulSet(const Json& object) {
  if (LacksStatus(object)) return Unobserved();
  const std::int64_t wanted = Number(object, {"spec", "replicas"}, 1);
  const std::int64_t kept =
      Number(object, {"spec", "updateStrategy", "rollingUpdate", "partition"});
  const std::int64_t updated = Number(object, {"status", "updatedReplicas"});
  const std::int64_t ready = Number(object, {"status", "readyReplicas"});
  if (!UpdatesOnDelete(object) && updated < wanted - kept) {
    return Progressing(fmt::format("{} of {} replicas updated", updated, wanted - kept));
  }
  if (Number(object, {"status", "replicas"}) > wanted) {
    return Progressing(
        fmt::format("{} replicas too many", Number(object, {"status", "replicas"}) - wanted));
  }
  const std::string message = fmt::format("{} of {} replicas ready", ready, wanted);
  return ready < wanted ? Progressing(message) : Ready(message);
}

Readiness OfDaemonSet(const Json& object) {
  if (LacksStatus(object)) return Unobserved();
  const std::int64_t wanted = Number(object, {"status", "desiredNumberScheduled"});
  const std::int64_t updated = Number(object, {"status", "updatedNumberScheduled"});
  const std::int64_t ready = Number(object, {"status", "numberReady"});
  const std::int64_t available = Number(object, {"status", "numberAvailable"});
  if (!UpdatesOnDelete(object) && updated < wanted) {
    return Progressing(fmt::format("{} of {} pods updated", updated, wanted));
  }
  if (ready < wanted) return Progressing(fmt::format("{} of {} pods ready", ready, wanted));
  if (available < wanted) {
    return Progressing(fmt::format("{} of {} pods available", available, wanted));
  }
  return Ready(fmt::format("{} of {} pods ready", ready, wanted));
}

Readiness OfReplicas(const Json& object) {
  if (LacksStatus(object)) return Unobserved();
  const std::int64_t wanted = Number(object, {"spec", "replicas"}, 1);
  const std::int64_t ready = Number(object, {"status", "readyReplicas"});
  const std::string message = fmt::format("{} of {} replicas ready", ready, wanted);
  if (const auto failure = TrueCondition(object, "ReplicaFailure"); failure.has_value()) {
    return Progressing(fmt::format("{} ({})", message, Text(*failure)));
  }
  return ready < wanted ? Progressing(message) : Ready(message);
}

// The first container that says why it waits: "container web: CrashLoopBackOff: back-off ...".
std::string WaitingContainer(const Json& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Json& containers = kube::At(pod, {"status", list});
    if (!containers.is_array()) continue;
    for (const Json& container : containers) {
      const std::string reason = kube::StringAt(container, {"state", "waiting", "reason"});
      if (reason.empty()) continue;
      const std::string message = kube::StringAt(container, {"state", "waiting", "message"});
      return fmt::format("container {}: {}{}{}", kube::StringAt(container, {"name"}), reason,
                         message.empty() ? "" : ": ", message);
    }
  }
  return "";
}

// How the first container that failed ended.
std::string FailedContainer(const Json& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Json& containers = kube::At(pod, {"status", list});
    if (!containers.is_array()) continue;
    for (const Json& container : containers) {
      const auto code = kube::IntAt(container, {"state", "terminated", "exitCode"});
      if (code.value_or(0) == 0) continue;
      return fmt::format("container {} ended with code {}", kube::StringAt(container, {"name"}),
                         *code);
    }
  }
  return "";
}

Readiness OfPod(const Json& object) {
  const std::string phase = kube::StringAt(object, {"status", "phase"});
  if (phase == "Succeeded") return Ready("completed");
  if (phase == "Failed") {
    const std::string container = FailedContainer(object);
    if (!container.empty()) return Failed(container);
    return Failed(kube::StringAt(object, {"status", "message"}));
  }
  if (kube::IsConditionTrue(object, "Ready")) return Ready();
  if (const std::string waiting = WaitingContainer(object); !waiting.empty()) {
    return Progressing(waiting);
  }
  const auto scheduled = kube::GetCondition(object, "PodScheduled");
  if (scheduled.has_value() && scheduled->status == kube::ConditionStatus::kFalse) {
    return Progressing(Text(*scheduled));
  }
  return Progressing(phase == "Running" ? "running, not ready" : "not running yet");
}

Readiness OfJob(const Json& object) {
  if (const auto failed = TrueCondition(object, "Failed"); failed.has_value()) {
    return Failed(Text(*failed));
  }
  if (kube::IsConditionTrue(object, "Complete")) return Ready("completed");
  if (kube::IsConditionTrue(object, "Suspended")) return Progressing("suspended");
  return Progressing(fmt::format(
      "{} of {} completed, {} failed", Number(object, {"status", "succeeded"}),
      Number(object, {"spec", "completions"}, 1), Number(object, {"status", "failed"})));
}

Readiness OfVolumeClaim(const Json& object) {
  const std::string phase = kube::StringAt(object, {"status", "phase"});
  if (phase == "Bound") return Ready("bound");
  if (phase == "Lost") return Failed("its volume is lost");
  return Progressing("not bound yet");
}

// The first address of a status with a load balancer's.
std::string LoadBalancerAddress(const Json& object) {
  const Json& ingress = kube::At(object, {"status", "loadBalancer", "ingress"});
  if (!ingress.is_array() || ingress.empty()) return "";
  const std::string ip = kube::StringAt(ingress[0], {"ip"});
  return ip.empty() ? kube::StringAt(ingress[0], {"hostname"}) : ip;
}

Readiness OfService(const Json& object) {
  if (kube::StringAt(object, {"spec", "type"}) != "LoadBalancer") return Ready();
  if (const std::string address = LoadBalancerAddress(object); !address.empty()) {
    return Ready(address);
  }
  const Json& external = kube::At(object, {"spec", "externalIPs"});
  if (external.is_array() && !external.empty()) return Ready();
  return Progressing("waits for an address");
}

// Nobody promises an Ingress an address.
Readiness OfIngress(const Json& object) { return Ready(LoadBalancerAddress(object)); }

Readiness OfDefinition(const Json& object) {
  if (kube::IsConditionTrue(object, "Established")) return Ready();
  const auto names = kube::GetCondition(object, "NamesAccepted");
  if (names.has_value() && names->status == kube::ConditionStatus::kFalse) {
    return Failed(Text(*names));
  }
  return Progressing("not established yet");
}

Readiness OfApiService(const Json& object) {
  if (kube::IsConditionTrue(object, "Available")) return Ready();
  const auto available = kube::GetCondition(object, "Available");
  return Progressing(available.has_value() ? Text(*available) : "not available yet");
}

Readiness OfOther(const Json& object) {
  if (const auto stalled = TrueCondition(object, "Stalled"); stalled.has_value()) {
    return Failed(Text(*stalled));
  }
  if (const auto reconciling = TrueCondition(object, "Reconciling"); reconciling.has_value()) {
    return Progressing(Text(*reconciling));
  }
  for (const char* type : {"Ready", "Available"}) {
    const auto condition = kube::GetCondition(object, type);
    if (!condition.has_value()) continue;
    const std::int64_t observed = condition->observed_generation;
    if (observed != 0 && observed < kube::Generation(object)) return Unobserved();
    return condition->status == kube::ConditionStatus::kTrue ? Ready()
                                                             : Progressing(Text(*condition));
  }
  return Ready();
}

struct Rule {
  std::string_view group;
  std::string_view kind;
  Readiness (*judge)(const Json& object);
};

constexpr std::array kRules = {
    Rule{"apps", "Deployment", OfDeployment},
    Rule{"apps", "StatefulSet", OfStatefulSet},
    Rule{"apps", "DaemonSet", OfDaemonSet},
    Rule{"apps", "ReplicaSet", OfReplicas},
    Rule{"", "ReplicationController", OfReplicas},
    Rule{"", "Pod", OfPod},
    Rule{"", "PersistentVolumeClaim", OfVolumeClaim},
    Rule{"", "Service", OfService},
    Rule{"batch", "Job", OfJob},
    Rule{"networking.k8s.io", "Ingress", OfIngress},
    Rule{"apiextensions.k8s.io", "CustomResourceDefinition", OfDefinition},
    Rule{"apiregistration.k8s.io", "APIService", OfApiService},
};

}  // namespace

Readiness ReadinessOf(const kube::Json& object) {
  if (kube::IsBeingDeleted(object)) return {ObjectState::kTerminating, "being deleted"};
  if (IsUnobserved(object)) return Unobserved();
  const ObjectRef ref = RefOf(object);
  for (const Rule& rule : kRules) {
    if (rule.group == ref.group && rule.kind == ref.kind) return rule.judge(object);
  }
  return OfOther(object);
}

}  // namespace berth::helm
