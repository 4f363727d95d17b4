#include "ingress-service/domain/gateway_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Condition;
using kube::ConditionStatus;
using kube::Json;

// The one listener of a ListenerSet: "tcp" or "udp".
std::string_view SectionName(const GatewayWish& wish) {
  return pool::ToLowerString(wish.key.protocol);
}

absl::Status NotYet(std::string_view what) {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_PROGRAMMED, what);
}

// What a condition says, for people.
std::string Words(const Condition& condition) {
  return condition.message.empty() ? condition.reason
                                   : fmt::format("{}: {}", condition.reason, condition.message);
}

// A condition of `holder`, a map with `conditions`, if it speaks of `generation`.
std::optional<Condition> Current(const Json& holder, std::string_view type,
                                 std::int64_t generation) {
  std::optional<Condition> condition = kube::GetCondition({{"status", holder}}, type);
  return condition && condition->observed_generation == generation ? condition : std::nullopt;
}

bool Is(const std::optional<Condition>& condition, ConditionStatus status) {
  return condition && condition->status == status;
}

absl::Status Taken(const GatewayWish& wish, const Condition& condition) {
  return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_PORT_TAKEN,
               fmt::format("another listener of Gateway {} has {} port {} ({}); remove that, or "
                           "claim another port",
                           wish.gateway.ToString(), pool::ToString(wish.key.protocol),
                           wish.key.port.number(), Words(condition)));
}

absl::Status Refused(const GatewayWish& wish, std::string_view what, const Condition& condition) {
  return Error(
      absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CONTROLLER_REFUSED,
      fmt::format(
          "the controller of Gateway {} does not serve the {}: {}{}", wish.gateway.ToString(), what,
          Words(condition),
          condition.reason == "NotAllowed" ? "; see spec.allowedListeners of the Gateway" : ""));
}

// What a condition that is not as it should be means.
absl::Status Meaning(const GatewayWish& wish, std::string_view what, const Condition& condition) {
  constexpr std::array<std::string_view, 4> kTaken = {"PortUnavailable", "ProtocolConflict",
                                                      "HostnameConflict", "ListenerConflict"};
  // What a controller says while it still works, or sees some objects before others.
  constexpr std::array<std::string_view, 7> kPassing = {
      "Pending",          "ParentNotAccepted", "ParentNotProgrammed", "Invalid",
      "NoMatchingParent", "RefNotPermitted",   "ListenersNotValid"};
  const auto is_one_of = [&](const auto& reasons) {
    return std::find(reasons.begin(), reasons.end(), condition.reason) != reasons.end();
  };
  if (is_one_of(kTaken)) {
    return Taken(wish, condition);
  }
  if (condition.status == ConditionStatus::kUnknown || is_one_of(kPassing)) {
    return NotYet(fmt::format("the controller of Gateway {} does not serve the {} yet: {}",
                              wish.gateway.ToString(), what, Words(condition)));
  }
  if (condition.reason == "BackendNotFound") {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
                 fmt::format("the controller does not find Service {}: {}", wish.service.ToString(),
                             Words(condition)));
  }
  if (condition.reason == "PortNotFound") {
    return Error(
        absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND,
        fmt::format("the controller does not find port {} of Service {}: {}",
                    wish.service_port.number(), wish.service.ToString(), Words(condition)));
  }
  return Refused(wish, what, condition);
}

// OK if the condition is true.
absl::Status MustBeTrue(const GatewayWish& wish, std::string_view what, const Json& holder,
                        std::string_view type, std::int64_t generation) {
  const std::optional<Condition> condition = Current(holder, type, generation);
  if (!condition) {
    return NotYet(fmt::format("the controller of Gateway {} has not looked at the {} yet",
                              wish.gateway.ToString(), what));
  }
  return condition->status == ConditionStatus::kTrue ? absl::OkStatus()
                                                     : Meaning(wish, what, *condition);
}

const Json& ListenerStatus(const Json& listener_set, std::string_view section) {
  static const Json kNone;
  for (const Json& listener : kube::At(listener_set, {"status", "listeners"})) {
    if (kube::StringAt(listener, {"name"}) == section) {
      return listener;
    }
  }
  return kNone;
}

absl::Status ListenerVerdict(const Json& listener_set, const GatewayWish& wish) {
  const std::int64_t generation = kube::Generation(listener_set);
  const Json& listener = ListenerStatus(listener_set, SectionName(wish));
  // The most telling first: a ListenerSet only sums up what its listeners say.
  if (const auto conflicted = Current(listener, "Conflicted", generation);
      Is(conflicted, ConditionStatus::kTrue)) {
    return Taken(wish, *conflicted);
  }
  for (const std::string_view type : {"Accepted", "ResolvedRefs"}) {
    // Not every controller says these of a listener.
    const std::optional<Condition> condition = Current(listener, type, generation);
    if (Is(condition, ConditionStatus::kFalse)) {
      return Meaning(wish, "listener", *condition);
    }
  }
  RETURN_IF_ERROR(
      MustBeTrue(wish, "ListenerSet", kube::At(listener_set, {"status"}), "Accepted", generation));
  return MustBeTrue(wish, "listener", listener, "Programmed", generation);
}

// The status that the route got for its parent; several controllers may have written one.
const Json& ParentStatus(const Json& route, const Json& listener_set, std::string_view section) {
  static const Json kNone;
  for (const Json& parent : kube::At(route, {"status", "parents"})) {
    const Json& ref = kube::At(parent, {"parentRef"});
    if (kube::StringAt(ref, {"name"}) == kube::Name(listener_set) &&
        kube::StringAt(ref, {"kind"}) == kube::StringAt(listener_set, {"kind"}) &&
        kube::StringAt(ref, {"sectionName"}) == section) {
      return parent;
    }
  }
  return kNone;
}

absl::Status RouteVerdict(const Json& route, const Json& listener_set, const GatewayWish& wish) {
  const Json& parent = ParentStatus(route, listener_set, SectionName(wish));
  for (const std::string_view type : {"Accepted", "ResolvedRefs"}) {
    RETURN_IF_ERROR(MustBeTrue(wish, "route", parent, type, kube::Generation(route)));
  }
  return absl::OkStatus();
}

}  // namespace

Json ListenerSetSpec(const GatewayWish& wish, const GatewayKinds& kinds) {
  return {
      {"parentRef",
       {{"group", kube::kGatewayGroup},
        {"kind", kube::kGateways.kind},
        {"namespace", wish.gateway.ns},
        {"name", wish.gateway.name}}},
      {"listeners", Json::array({{{"name", SectionName(wish)},
                                  {"port", wish.key.port.number()},
                                  {"protocol", pool::ToString(wish.key.protocol)},
                                  {"allowedRoutes",
                                   {{"namespaces", {{"from", "Same"}}},
                                    {"kinds", Json::array({{{"group", kinds.route.group},
                                                            {"kind", kinds.route.kind}}})}}}}})}};
}

Json RouteSpec(const GatewayWish& wish, const GatewayKinds& kinds, std::string_view name) {
  return {
      {"parentRefs", Json::array({{{"group", kinds.listener_set.group},
                                   {"kind", kinds.listener_set.kind},
                                   {"name", name},
                                   {"sectionName", SectionName(wish)}}})},
      {"rules", Json::array({{{"backendRefs", Json::array({{{"group", ""},
                                                            {"kind", kube::kServices.kind},
                                                            {"namespace", wish.service.ns},
                                                            {"name", wish.service.name},
                                                            {"port", wish.service_port.number()},
                                                            {"weight", 1}}})}}})}};
}

Json ReferenceGrantSpec(const GatewayWish& wish, const GatewayKinds& kinds, std::string_view ns) {
  return {
      {"from",
       Json::array(
           {{{"group", kinds.route.group}, {"kind", kinds.route.kind}, {"namespace", ns}}})},
      {"to", Json::array(
                 {{{"group", ""}, {"kind", kube::kServices.kind}, {"name", wish.service.name}}})}};
}

absl::Status GatewayVerdict(const Json& listener_set, const Json& route, const GatewayWish& wish) {
  RETURN_IF_ERROR(ListenerVerdict(listener_set, wish));
  return RouteVerdict(route, listener_set, wish);
}

}  // namespace berth::ingress
