#include "ingress-service/domain/shared_objects.h"

#include <fmt/format.h>

namespace berth::ingress {
namespace {

constexpr std::string_view kConfigMapPrefix = "ConfigMap/";
constexpr std::string_view kServicePrefix = "Service/";

}  // namespace

std::string SharedRef::ToString() const {
  return fmt::format("{}{}", kind == SharedKind::kConfigMap ? kConfigMapPrefix : kServicePrefix,
                     name.ToString());
}

std::optional<SharedRef> SharedRef::Parse(std::string_view text) {
  SharedRef ref;
  if (text.starts_with(kConfigMapPrefix)) {
    text.remove_prefix(kConfigMapPrefix.size());
  } else if (text.starts_with(kServicePrefix)) {
    ref.kind = SharedKind::kService;
    text.remove_prefix(kServicePrefix.size());
  } else {
    return std::nullopt;
  }
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    return std::nullopt;
  }
  ref.name = {.ns = std::string(text.substr(0, slash)),
              .name = std::string(text.substr(slash + 1))};
  return ref;
}

}  // namespace berth::ingress
