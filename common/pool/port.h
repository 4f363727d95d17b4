#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace berth::pool {

enum class Protocol { kTcp, kUdp };

inline constexpr std::array kProtocols = {Protocol::kTcp, Protocol::kUdp};

/// "TCP": as stored objects and Services spell it.
std::string_view ToString(Protocol protocol);
/// "tcp": as names of claims spell it.
std::string_view ToLowerString(Protocol protocol);
/// Reads either spelling; none for anything else (such as SCTP).
std::optional<Protocol> ParseProtocol(std::string_view text);

/// A port number, 1 to 65535.
class Port {
 public:
  /// INVALID_ARGUMENT, INVALID_FIELD outside of 1 to 65535.
  static absl::StatusOr<Port> Parse(std::int64_t number);
  /// Decimal digits without sign or leading zero; errors as above.
  static absl::StatusOr<Port> Parse(std::string_view text);
  /// For constants; a number outside of 1 to 65535 does not compile.
  template <int kNumber>
  static constexpr Port Of() {
    static_assert(kNumber >= 1 && kNumber <= 65535);
    return Port(kNumber);
  }

  int number() const { return number_; }
  std::string ToString() const;

  friend auto operator<=>(Port, Port) = default;

 private:
  explicit constexpr Port(std::uint16_t number) : number_(number) {}

  std::uint16_t number_;
};

}  // namespace berth::pool
