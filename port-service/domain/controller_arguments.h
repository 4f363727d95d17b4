#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/kube/resource.h"

namespace berth::port {

/// What a container is started with.
struct Container {
  /// Command and arguments, as its pod's template spells them.
  std::vector<std::string> arguments;
  /// Its environment, as far as it is known before it runs.
  std::map<std::string, std::string> environment;
};

/// What an ingress-nginx controller's arguments say about layer 4.
struct ControllerArguments {
  /// --tcp-services-configmap and --udp-services-configmap.
  std::optional<kube::ObjectName> tcp_services;
  std::optional<kube::ObjectName> udp_services;
};

/// Reads the arguments as the controller does: "--flag=value" or "--flag value", of a flag that
/// stands twice the last; references such as "$(POD_NAMESPACE)" are replaced as the kubelet does. A
/// value that is not "namespace/name" counts as missing.
ControllerArguments ReadControllerArguments(const Container& container);

}  // namespace berth::port
