#include "ingress-service/adapters/service_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Json;

constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";

// metadata as far as a cache needs it.
Json Identity(const Json& object) {
  Json metadata = Json::object();
  for (const char* field : {"namespace", "name", "uid", "resourceVersion"}) {
    metadata[field] = kube::At(object, {"metadata", field});
  }
  return metadata;
}

void KeepPortsAndSelector(Json& service) {
  Json ports = Json::array();
  for (const Json& port : kube::At(service, {"spec", "ports"})) {
    Json kept = Json::object();
    for (const char* field : {"name", "port", "protocol", "targetPort"}) {
      if (port.contains(field)) {
        kept[field] = port[field];
      }
    }
    ports.push_back(std::move(kept));
  }
  Json spec = {{"ports", std::move(ports)}};
  const bool has_pods = kube::StringAt(service, {"spec", "type"}) != "ExternalName";
  if (const Json& selector = kube::At(service, {"spec", "selector"});
      has_pods && selector.is_object()) {
    spec["selector"] = selector;
  }
  service = {{"metadata", Identity(service)}, {"spec", std::move(spec)}};
}

void KeepReadinessOnly(Json& slice) {
  const Json& endpoints = kube::At(slice, {"endpoints"});
  // A condition that is absent means ready.
  const bool ready = std::any_of(endpoints.begin(), endpoints.end(), [](const Json& endpoint) {
    return kube::At(endpoint, {"conditions", "ready"}) != false;
  });
  Json metadata = Identity(slice);
  metadata["labels"][kServiceNameLabel] = kube::Label(slice, kServiceNameLabel).value_or("");
  slice = {{"metadata", std::move(metadata)}, {"ready", ready}};
}

bool Matches(const Json& entry, const Target& target, pool::Protocol protocol) {
  const std::string protocol_text = kube::StringAt(entry, {"protocol"});
  if (pool::ParseProtocol(protocol_text.empty() ? "TCP" : protocol_text) != protocol) {
    return false;
  }
  if (const pool::Port* number = std::get_if<pool::Port>(&target.port)) {
    return kube::IntAt(entry, {"port"}) == number->number();
  }
  return kube::StringAt(entry, {"name"}) == std::get<std::string>(target.port);
}

std::map<std::string, std::string> SelectorOf(const Json& service) {
  std::map<std::string, std::string> selector;
  const Json& labels = kube::At(service, {"spec", "selector"});
  if (labels.is_object()) {
    for (const auto& [label, value] : labels.items()) {
      selector.emplace(label, value.is_string() ? value.get<std::string>() : "");
    }
  }
  return selector;
}

}  // namespace

kube::Cache::Options ServiceCacheOptions() {
  return {.resource = kube::kServices, .transform = KeepPortsAndSelector};
}

kube::Cache::Options EndpointCacheOptions() {
  kube::Cache::Options options{.resource = kube::kEndpointSlices, .transform = KeepReadinessOnly};
  options.indexes[kEndpointsByService] = [](const Json& slice) -> std::vector<std::string> {
    return {ServiceOf(slice)};
  };
  return options;
}

std::string ServiceOf(const Json& endpoint_slice) {
  return fmt::format("{}/{}", kube::Namespace(endpoint_slice),
                     kube::Label(endpoint_slice, kServiceNameLabel).value_or(""));
}

absl::Status ServiceTargets::CheckEndpoints(const Target& target) const {
  if (!endpoint_slices_.synced()) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                 "the endpoints are not known yet");
  }
  const std::string service = fmt::format("{}/{}", target.ns, target.service);
  for (const kube::Cache::Object& slice : endpoint_slices_.ByIndex(kEndpointsByService, service)) {
    if (kube::At(*slice, {"ready"}) == true) {
      return absl::OkStatus();
    }
  }
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NO_READY_ENDPOINTS,
               fmt::format("no endpoint of Service '{}' is ready", service));
}

absl::StatusOr<ServiceTargets::Found> ServiceTargets::Find(const Target& target,
                                                           pool::Protocol protocol) const {
  if (!services_.synced()) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                 "the Services are not known yet");
  }
  kube::Cache::Object service = services_.Get({target.ns, target.service});
  if (service == nullptr) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
                 fmt::format("there is no Service '{}/{}'", target.ns, target.service));
  }
  for (const Json& entry : kube::At(*service, {"spec", "ports"})) {
    if (Matches(entry, target, protocol)) {
      return Found{.service = std::move(service), .port = &entry};
    }
  }
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND,
               fmt::format("no {} port of Service '{}/{}' matches '{}'", pool::ToString(protocol),
                           target.ns, target.service, target.ToString()));
}

absl::StatusOr<pool::Port> ServiceTargets::Resolve(const Target& target,
                                                   pool::Protocol protocol) const {
  ASSIGN_OR_RETURN(const Found found, Find(target, protocol));
  return pool::Port::Parse(kube::IntAt(*found.port, {"port"}).value_or(0));
}

absl::StatusOr<Backend> ServiceTargets::FindBackend(const Target& target,
                                                    pool::Protocol protocol) const {
  ASSIGN_OR_RETURN(const Found found, Find(target, protocol));
  std::map<std::string, std::string> selector = SelectorOf(*found.service);
  if (selector.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 Reason::ERROR_REASON_TARGET_WITHOUT_SELECTOR,
                 fmt::format("Service '{}/{}' has no selector, so its pods are not known; give it "
                             "one, or use a pool of another driver",
                             target.ns, target.service));
  }
  if (std::string name = kube::StringAt(*found.port, {"targetPort"}); !name.empty()) {
    return Backend{.selector = std::move(selector), .port = std::move(name)};
  }
  const std::int64_t port = kube::IntAt(*found.port, {"port"}).value_or(0);
  ASSIGN_OR_RETURN(const pool::Port number,
                   pool::Port::Parse(kube::IntAt(*found.port, {"targetPort"}).value_or(port)));
  return Backend{.selector = std::move(selector), .port = number};
}

}  // namespace berth::ingress
