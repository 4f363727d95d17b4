#include "port-service/adapters/kube_cluster_scanner.h"

#include <fmt/format.h>

#include <utility>

#include "common/kube/gateway_api.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/labels.h"
#include "common/pool/seen_gateway.h"
#include "common/status/macros.h"

namespace berth::port {
namespace {

using kube::Json;
using kube::StringAt;

KubeLabels LabelsOf(const Json& object) {
  KubeLabels labels;
  if (!object.is_object()) return labels;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) labels.emplace(key, value.get<std::string>());
  }
  return labels;
}

// Elements of an array of texts, added to the end.
void AddTexts(const Json& array, std::vector<std::string>& texts) {
  if (!array.is_array()) return;
  for (const Json& element : array) {
    if (element.is_string()) texts.push_back(element.get<std::string>());
  }
}

// Variables with a value of their own, and those that the downward API takes from the pod's
// namespace.
std::map<std::string, std::string> EnvironmentOf(const Json& container, const std::string& ns) {
  std::map<std::string, std::string> environment;
  const Json& variables = kube::At(container, {"env"});
  if (!variables.is_array()) return environment;
  for (const Json& variable : variables) {
    const std::string name = StringAt(variable, {"name"});
    if (StringAt(variable, {"valueFrom", "fieldRef", "fieldPath"}) == "metadata.namespace") {
      environment[name] = ns;
    } else if (!kube::At(variable, {"valueFrom"}).is_object()) {
      environment[name] = StringAt(variable, {"value"});
    }
  }
  return environment;
}

FoundWorkload ToWorkload(const Json& object, std::string kind) {
  FoundWorkload workload{
      .kind = std::move(kind),
      .name = kube::NameOf(object),
      .pod_labels = LabelsOf(kube::At(object, {"spec", "template", "metadata", "labels"}))};
  const Json& containers = kube::At(object, {"spec", "template", "spec", "containers"});
  if (!containers.is_array()) return workload;
  for (const Json& container : containers) {
    Container& added = workload.containers.emplace_back();
    AddTexts(kube::At(container, {"command"}), added.arguments);
    AddTexts(kube::At(container, {"args"}), added.arguments);
    added.environment = EnvironmentOf(container, workload.name.ns);
  }
  return workload;
}

// Why ListenerSets of namespace `ns` cannot belong to the Gateway; empty if nothing is in the way.
std::string WhyNotAdmitted(const Json& gateway, const std::string& ns) {
  const std::string from = StringAt(gateway, {"spec", "allowedListeners", "namespaces", "from"});
  if (from.empty() || from == "None" || (from == "Same" && kube::Namespace(gateway) != ns)) {
    return fmt::format(
        "admits no ListenerSets of namespace {}: set spec.allowedListeners.namespaces", ns);
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<FoundLoadBalancer>> KubeClusterScanner::FindLoadBalancers(
    const std::string& ns, const std::string& label_selector) {
  ASSIGN_OR_RETURN(const kube::ObjectList list,
                   client_.List(kube::kServices, ns, {.label_selector = label_selector}));
  ASSIGN_OR_RETURN(std::vector<FoundLoadBalancer> found, FindGateways(ns, label_selector));
  for (const Json& object : list.items) {
    const bool is_of_rule = kube::Label(object, pool::kClaimUidLabel).has_value();
    if (StringAt(object, {"spec", "type"}) != "LoadBalancer" || is_of_rule) continue;
    FoundLoadBalancer& service = found.emplace_back(
        FoundLoadBalancer{.ref = {pool::LoadBalancerKind::kService, kube::NameOf(object)},
                          .selector = LabelsOf(kube::At(object, {"spec", "selector"}))});
    const Json& ingress = kube::At(object, {"status", "loadBalancer", "ingress"});
    if (!ingress.is_array()) continue;
    for (const Json& entry : ingress) {
      absl::StatusOr<pool::Address> address = pool::Address::FromJson(entry);
      if (address.ok()) service.addresses.push_back(*std::move(address));
    }
  }
  return found;
}

absl::StatusOr<std::vector<FoundLoadBalancer>> KubeClusterScanner::FindGateways(
    const std::string& ns, const std::string& label_selector) {
  std::vector<FoundLoadBalancer> gateways;
  ASSIGN_OR_RETURN(const kube::GatewayApi api, kube::DiscoverGatewayApi(mapper_));
  if (!api.gateways.has_value()) return gateways;
  ASSIGN_OR_RETURN(const kube::ObjectList list,
                   client_.List(*api.gateways, ns, {.label_selector = label_selector}));
  for (const Json& object : list.items) {
    gateways.push_back({.ref = {pool::LoadBalancerKind::kGateway, kube::NameOf(object)},
                        .gateway_class = StringAt(object, {"spec", "gatewayClassName"}),
                        .addresses = pool::GatewayAddresses(object),
                        .problem = api.listener_sets.has_value()
                                       ? WhyNotAdmitted(object, ns_)
                                       : "needs ListenerSets, which this API server does not "
                                         "serve: install a newer Gateway API"});
  }
  return gateways;
}

absl::StatusOr<std::vector<FoundWorkload>> KubeClusterScanner::FindWorkloads(
    const std::string& ns) {
  std::vector<FoundWorkload> workloads;
  for (const kube::Resource& resource : {kube::kDeployments, kube::kDaemonSets}) {
    ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(resource, ns));
    for (const Json& object : list.items) {
      workloads.push_back(ToWorkload(object, std::string(resource.kind)));
    }
  }
  return workloads;
}

}  // namespace berth::port
