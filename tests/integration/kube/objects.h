#pragma once

#include <string>

#include "common/kube/client.h"
#include "common/kube/object.h"

// Objects the tests write: ConfigMaps, the smallest there are.
namespace berth::kube {

inline Json ConfigMap(const std::string& ns, const std::string& name,
                      const std::string& value = "1") {
  Json object = NewObject(kConfigMaps, {.ns = ns, .name = name});
  object["data"] = {{"value", value}};
  return object;
}

inline std::string ValueOf(const Json& config_map) {
  return StringAt(config_map, {"data", "value"});
}

}  // namespace berth::kube
