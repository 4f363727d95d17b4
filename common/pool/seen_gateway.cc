#include "common/pool/seen_gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "common/kube/gateway_api.h"
#include "common/kube/object.h"
#include "common/pool/labels.h"

namespace berth::pool {
namespace {

using kube::Json;

constexpr std::array<std::string_view, 4> kOverTcp = {"HTTP", "HTTPS", "TLS", "TCP"};

/// Members of `object` that are named; others go.
void Keep(Json& object, std::initializer_list<const char*> names) {
  Json kept = Json::object();
  for (const char* name : names) {
    if (const auto found = object.find(name); found != object.end()) {
      kept[name] = std::move(*found);
    }
  }
  object = std::move(kept);
}

bool IsNotAdmitted(const Json& listener_set) {
  const std::optional<kube::Condition> accepted = kube::GetCondition(listener_set, "Accepted");
  return accepted.has_value() && accepted->status == kube::ConditionStatus::kFalse &&
         accepted->reason == "NotAllowed" &&
         accepted->observed_generation == kube::Generation(listener_set);
}

}  // namespace

std::optional<kube::ObjectName> ParentGateway(const Json& listener_set) {
  const Json& parent = kube::At(listener_set, {"spec", "parentRef"});
  const std::string kind = kube::StringAt(parent, {"kind"});
  const std::string group = kube::StringAt(parent, {"group"});
  const std::string ns = kube::StringAt(parent, {"namespace"});
  const bool is_gateway = parent.is_object() && (kind.empty() || kind == kube::kGateways.kind) &&
                          (!parent.contains("group") || group == kube::kGatewayGroup);
  if (!is_gateway) {
    return std::nullopt;
  }
  return kube::ObjectName{ns.empty() ? kube::Namespace(listener_set) : ns,
                          kube::StringAt(parent, {"name"})};
}

bool IsOfRule(const Json& listener_set, const std::string& ns) {
  return kube::Namespace(listener_set) == ns &&
         kube::Label(listener_set, kClaimUidLabel).has_value();
}

void ReduceListenerSet(Json& listener_set) {
  Keep(listener_set, {"metadata", "spec", "status"});
  Keep(listener_set["metadata"],
       {"namespace", "name", "uid", "generation", "resourceVersion", "labels"});
  Keep(listener_set["spec"], {"parentRef", "listeners"});
  for (Json& listener : listener_set["spec"]["listeners"]) {
    Keep(listener, {"port", "protocol"});
  }
  const std::optional<kube::Condition> accepted = kube::GetCondition(listener_set, "Accepted");
  listener_set.erase("status");
  if (accepted.has_value()) {
    listener_set["status"]["conditions"] = Json::array(
        {{{"type", accepted->type},
          {"status", accepted->status == kube::ConditionStatus::kTrue ? "True" : "False"},
          {"reason", accepted->reason},
          {"observedGeneration", accepted->observed_generation}}});
  }
}

std::vector<Address> GatewayAddresses(const Json& gateway) {
  std::vector<Address> addresses;
  for (const Json& entry : kube::At(gateway, {"status", "addresses"})) {
    const std::string type = kube::StringAt(entry, {"type"});
    const std::string value = kube::StringAt(entry, {"value"});
    absl::StatusOr<Address> address =
        type == "Hostname" ? Address::ParseHostname(value) : Address::ParseIp(value);
    if (address.ok()) {
      addresses.push_back(*std::move(address));
    }
  }
  return addresses;
}

PortsByProtocol ListenerPorts(const Json& object) {
  PortsByProtocol ports;
  if (IsNotAdmitted(object)) {
    return ports;
  }
  for (const Json& listener : kube::At(object, {"spec", "listeners"})) {
    const absl::StatusOr<Port> port = Port::Parse(kube::IntAt(listener, {"port"}).value_or(0));
    if (!port.ok()) {
      continue;
    }
    const std::string protocol = kube::StringAt(listener, {"protocol"});
    const bool over_tcp = std::find(kOverTcp.begin(), kOverTcp.end(), protocol) != kOverTcp.end();
    if (over_tcp || protocol != "UDP") {
      ports.tcp.Insert(*port);
    }
    if (!over_tcp) {
      ports.udp.Insert(*port);
    }
  }
  return ports;
}

std::string NotProgrammed(const Json& gateway) {
  const std::optional<kube::Condition> programmed = kube::GetCondition(gateway, "Programmed");
  if (!programmed.has_value()) {
    return "is not programmed yet";
  }
  if (programmed->status == kube::ConditionStatus::kTrue) {
    return "";
  }
  return fmt::format("is not programmed: {} {}", programmed->reason, programmed->message);
}

}  // namespace berth::pool
