#include "common/pool/claim_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::pool {

absl::StatusOr<PoolName> PoolName::Parse(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto allowed = [&](char c) { return alphanumeric(c) || c == '-'; };
  if (text.empty() || text.size() > 63 || !alphanumeric(text.front()) ||
      !alphanumeric(text.back()) || !std::all_of(text.begin(), text.end(), allowed)) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
                 fmt::format("'{}' is not the name of a pool: 1 to 63 lower case letters, digits "
                             "and '-', with a letter or digit at both ends",
                             text.substr(0, 63)));
  }
  return PoolName(std::string(text));
}

ClaimName::ClaimName(PoolName pool, Protocol protocol, Port port)
    : pool_(std::move(pool)), protocol_(protocol), port_(port) {}

absl::StatusOr<ClaimName> ClaimName::Parse(std::string_view text) {
  const std::size_t first_dot = text.find('.');
  const std::size_t last_dot = text.rfind('.');
  if (first_dot != last_dot) {
    const absl::StatusOr<PoolName> pool = PoolName::Parse(text.substr(0, first_dot));
    const std::string_view protocol_text = text.substr(first_dot + 1, last_dot - first_dot - 1);
    const std::optional<Protocol> protocol = ParseProtocol(protocol_text);
    const absl::StatusOr<Port> port = Port::Parse(text.substr(last_dot + 1));
    if (pool.ok() && protocol.has_value() && protocol_text == ToLowerString(*protocol) &&
        port.ok()) {
      return ClaimName(*pool, *protocol, *port);
    }
  }
  return Error(
      absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
      fmt::format("'{}' is not the name of a claim: <pool>.<tcp|udp>.<port>", text.substr(0, 80)));
}

std::string ClaimName::ToString() const {
  return fmt::format("{}.{}.{}", pool_.value(), ToLowerString(protocol_), port_.number());
}

}  // namespace berth::pool
