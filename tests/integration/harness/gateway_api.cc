#include "tests/integration/harness/gateway_api.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "common/kube/gateway_api.h"
#include "common/kube/json.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "tests/integration/harness/custom_resources.h"

namespace berth::harness {
namespace {

using kube::Json;
using kube::Resource;

std::vector<Resource> KindsOf(GatewayApiAge age) {
  using kube::kGatewayGroup;
  switch (age) {
    case GatewayApiAge::kOld:
      return {kube::kGateways,
              {kube::kGatewayTrialGroup, "v1alpha1", "xlistenersets", "XListenerSet"},
              {kGatewayGroup, "v1alpha2", "tcproutes", "TCPRoute"},
              {kGatewayGroup, "v1alpha2", "udproutes", "UDPRoute"},
              {kGatewayGroup, "v1beta1", "referencegrants", "ReferenceGrant"}};
    case GatewayApiAge::kNew:
      return {kube::kGateways, kube::kListenerSets, kube::kTcpRoutes, kube::kUdpRoutes,
              kube::kReferenceGrants};
  }
  return {};
}

// The schema of spec: what a writer can get wrong.
Json SpecSchema(const std::string& kind) {
  const Json listeners = Json::parse(R"({
    "type": "array", "minItems": 1, "maxItems": 64,
    "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
    "items": {
      "type": "object", "required": ["name", "port", "protocol"],
      "x-kubernetes-preserve-unknown-fields": true,
      "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 253},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "protocol": {"type": "string", "minLength": 1, "maxLength": 255}}}})");
  const Json text = {{"type", "string"}, {"minLength", 1}};
  Json schema = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  if (kind == "Gateway") {
    schema["required"] = {"gatewayClassName", "listeners"};
    schema["properties"] = {{"gatewayClassName", text}, {"listeners", listeners}};
  } else if (kind.ends_with("ListenerSet")) {
    schema["required"] = {"parentRef", "listeners"};
    schema["properties"] = {{"listeners", listeners},
                            {"parentRef",
                             {{"type", "object"},
                              {"required", {"name"}},
                              {"x-kubernetes-preserve-unknown-fields", true}}}};
  } else if (kind == "ReferenceGrant") {
    schema["required"] = {"from", "to"};
    schema["properties"] = Json::parse(R"({
      "from": {"type": "array", "minItems": 1, "maxItems": 16, "items": {
        "type": "object", "required": ["group", "kind", "namespace"],
        "properties": {"group": {"type": "string"}, "kind": {"type": "string"},
                       "namespace": {"type": "string"}}}},
      "to": {"type": "array", "minItems": 1, "maxItems": 16, "items": {
        "type": "object", "required": ["group", "kind"],
        "properties": {"group": {"type": "string"}, "kind": {"type": "string"},
                       "name": {"type": "string"}}}}})");
  } else {
    schema["required"] = {"rules"};
    schema["properties"] = Json::parse(R"({
      "rules": {"type": "array", "minItems": 1, "maxItems": 1, "items": {
        "type": "object", "required": ["backendRefs"], "x-kubernetes-preserve-unknown-fields": true,
        "properties": {"backendRefs": {"type": "array", "minItems": 1, "maxItems": 16, "items": {
          "type": "object", "required": ["name"],
          "x-kubernetes-preserve-unknown-fields": true}}}}}})");
  }
  return schema;
}

Json DefinitionOf(const Resource& resource) {
  const std::string kind(resource.kind);
  Json definition = kube::NewObject(kube::kCustomResourceDefinitions,
                                    {"", fmt::format("{}.{}", resource.plural, resource.group)});
  // The group is protected: its definitions say who has approved them.
  kube::SetAnnotation(definition, "api-approved.kubernetes.io", "unapproved, for tests");
  definition["spec"] = {
      {"group", resource.group},
      {"scope", "Namespaced"},
      {"names", {{"plural", resource.plural}, {"kind", kind}}},
      {"versions",
       Json::array({{{"name", resource.version},
                     {"served", true},
                     {"storage", true},
                     {"subresources", {{"status", Json::object()}}},
                     {"schema",
                      {{"openAPIV3Schema",
                        {{"type", "object"},
                         {"required", {"spec"}},
                         {"properties",
                          {{"spec", SpecSchema(kind)},
                           {"status",
                            {{"type", "object"},
                             {"x-kubernetes-preserve-unknown-fields", true}}}}}}}}}}})}};
  if (kind == "ReferenceGrant") {
    definition["spec"]["versions"][0].erase("subresources");
  }
  return definition;
}

}  // namespace

absl::Status ApplyGatewayApi(kube::Client& client, GatewayApiAge age) {
  std::vector<Json> definitions;
  for (const Resource& resource : KindsOf(age)) definitions.push_back(DefinitionOf(resource));
  return ApplyDefinitions(client, definitions);
}

}  // namespace berth::harness
