#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/pool/port.h"
#include "ingress-service/domain/rule.h"

namespace berth::ingress {

/// What an entry of an ingress-nginx ConfigMap says: "shop/web:80", with ":PROXY" for decoding the
/// PROXY protocol and then for encoding it, and an empty place before an encode alone.
struct ConfigMapEntry {
  Target target;
  RuleOptions options;

  friend bool operator==(const ConfigMapEntry&, const ConfigMapEntry&) = default;
};

/// The entry of a rule whose target port is `target_port`.
std::string FormatConfigMapEntry(const Target& target, const RuleOptions& options,
                                 pool::Port target_port);

/// Reads an entry as the controller does; none for what it would skip, and for places after the
/// second that this dialect does not have.
std::optional<ConfigMapEntry> ParseConfigMapEntry(std::string_view text);

}  // namespace berth::ingress
