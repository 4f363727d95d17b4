#include "common/pool/port.h"

#include <fmt/format.h>

#include <charconv>

#include "common/status/status.h"

namespace berth::pool {

std::string_view ToString(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
  }
  return "";
}

std::string_view ToLowerString(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
  }
  return "";
}

std::optional<Protocol> ParseProtocol(std::string_view text) {
  for (const Protocol protocol : kProtocols) {
    if (text == ToString(protocol) || text == ToLowerString(protocol)) {
      return protocol;
    }
  }
  return std::nullopt;
}

absl::StatusOr<Port> Port::Parse(std::int64_t number) {
  if (number < 1 || number > 65535) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
                 fmt::format("{} is not a port: ports are 1 to 65535", number));
  }
  return Port(static_cast<std::uint16_t>(number));
}

absl::StatusOr<Port> Port::Parse(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '0') {
    return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
                 fmt::format("'{}' is not a port: ports are 1 to 65535", text));
  }
  return Parse(number);
}

std::string Port::ToString() const { return std::to_string(number_); }

}  // namespace berth::pool
