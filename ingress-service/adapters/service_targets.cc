#include "ingress-service/adapters/service_targets.h"

#include <fmt/format.h>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Json;

void KeepPortsOnly(Json& service) {
  Json ports = Json::array();
  for (const Json& port : kube::At(service, {"spec", "ports"})) {
    Json kept = Json::object();
    for (const char* field : {"name", "port", "protocol"}) {
      if (port.contains(field)) {
        kept[field] = port[field];
      }
    }
    ports.push_back(std::move(kept));
  }
  Json metadata = Json::object();
  for (const char* field : {"namespace", "name", "uid", "resourceVersion"}) {
    metadata[field] = kube::At(service, {"metadata", field});
  }
  service = {{"metadata", std::move(metadata)}, {"spec", {{"ports", std::move(ports)}}}};
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

}  // namespace

kube::Cache::Options ServiceCacheOptions() {
  return {.resource = kube::kServices, .transform = KeepPortsOnly};
}

absl::StatusOr<pool::Port> ServiceTargets::Resolve(const Target& target,
                                                   pool::Protocol protocol) const {
  if (!services_.synced()) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                 "the Services are not known yet");
  }
  const kube::Cache::Object service = services_.Get({target.ns, target.service});
  if (service == nullptr) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
                 fmt::format("there is no Service '{}/{}'", target.ns, target.service));
  }
  for (const Json& entry : kube::At(*service, {"spec", "ports"})) {
    if (Matches(entry, target, protocol)) {
      return pool::Port::Parse(kube::IntAt(entry, {"port"}).value_or(0));
    }
  }
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND,
               fmt::format("no {} port of Service '{}/{}' matches '{}'", pool::ToString(protocol),
                           target.ns, target.service, target.ToString()));
}

}  // namespace berth::ingress
