#include "port-service/adapters/kube_cluster_scanner.h"

#include <utility>

#include "common/kube/object.h"
#include "common/kube/resource.h"
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

}  // namespace

absl::StatusOr<std::vector<FoundService>> KubeClusterScanner::FindLoadBalancers(
    const std::string& ns, const std::string& label_selector) {
  ASSIGN_OR_RETURN(const kube::ObjectList list,
                   client_.List(kube::kServices, ns, {.label_selector = label_selector}));
  std::vector<FoundService> services;
  for (const Json& object : list.items) {
    if (StringAt(object, {"spec", "type"}) != "LoadBalancer") continue;
    FoundService& service = services.emplace_back(
        FoundService{.name = kube::NameOf(object),
                     .selector = LabelsOf(kube::At(object, {"spec", "selector"}))});
    const Json& ingress = kube::At(object, {"status", "loadBalancer", "ingress"});
    if (!ingress.is_array()) continue;
    for (const Json& entry : ingress) {
      absl::StatusOr<pool::Address> address = pool::Address::FromJson(entry);
      if (address.ok()) service.addresses.push_back(*std::move(address));
    }
  }
  return services;
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
