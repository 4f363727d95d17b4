#include "port-service/domain/controller_arguments.h"

#include <cstddef>
#include <string_view>
#include <utility>

namespace berth::port {
namespace {

constexpr std::string_view kTcpServices = "--tcp-services-configmap";
constexpr std::string_view kUdpServices = "--udp-services-configmap";

// "$(NAME)" becomes the variable's value, unless there is none; "$$" becomes "$". See "command" of
// Container in the Kubernetes API.
std::string Expand(std::string_view text, const std::map<std::string, std::string>& environment) {
  std::string expanded;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    expanded += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    const std::size_t end = text.starts_with("$(") ? text.find(')') : std::string_view::npos;
    if (text.starts_with("$$")) {
      expanded += '$';
      text.remove_prefix(2);
    } else if (end == std::string_view::npos) {
      expanded += '$';
      text.remove_prefix(1);
    } else {
      const auto value = environment.find(std::string(text.substr(2, end - 2)));
      expanded += value == environment.end() ? text.substr(0, end + 1) : value->second;
      text.remove_prefix(end + 1);
    }
  }
  return expanded;
}

std::optional<kube::ObjectName> ParseObjectName(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return kube::ObjectName{.ns = std::string(text.substr(0, slash)),
                          .name = std::string(text.substr(slash + 1))};
}

}  // namespace

ControllerArguments ReadControllerArguments(const Container& container) {
  ControllerArguments found;
  // The flag whose value is the next argument.
  std::optional<kube::ObjectName>* awaited = nullptr;
  for (const std::string& raw : container.arguments) {
    const std::string argument = Expand(raw, container.environment);
    if (std::optional<kube::ObjectName>* target = std::exchange(awaited, nullptr)) {
      *target = ParseObjectName(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string_view flag = std::string_view(argument).substr(0, equals);
    std::optional<kube::ObjectName>* target = flag == kTcpServices   ? &found.tcp_services
                                              : flag == kUdpServices ? &found.udp_services
                                                                     : nullptr;
    if (target == nullptr) continue;
    if (equals == std::string::npos) {
      awaited = target;
    } else {
      *target = ParseObjectName(std::string_view(argument).substr(equals + 1));
    }
  }
  return found;
}

}  // namespace berth::port
