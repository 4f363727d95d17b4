#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/pool/port.h"

namespace berth::pool {

/// Name of a pool: a DNS label (lower case letters, digits and '-', at most 63 characters), so that
/// it can stand before the dots of a claim's name.
class PoolName {
 public:
  /// INVALID_ARGUMENT, INVALID_FIELD if it is not one.
  static absl::StatusOr<PoolName> Parse(std::string_view text);

  const std::string& value() const { return value_; }

  friend auto operator<=>(const PoolName&, const PoolName&) = default;

 private:
  explicit PoolName(std::string value) : value_(std::move(value)) {}

  std::string value_;
};

/// Name of a claim and of its rule, "<pool>.<tcp|udp>.<port>": the key of a port. At most one
/// object of a name exists, so creating it is winning the port.
class ClaimName {
 public:
  ClaimName(PoolName pool, Protocol protocol, Port port);
  /// INVALID_ARGUMENT, INVALID_FIELD if it is not one.
  static absl::StatusOr<ClaimName> Parse(std::string_view text);

  const PoolName& pool() const { return pool_; }
  Protocol protocol() const { return protocol_; }
  Port port() const { return port_; }
  std::string ToString() const;

  friend auto operator<=>(const ClaimName&, const ClaimName&) = default;

 private:
  PoolName pool_;
  Protocol protocol_;
  Port port_;
};

}  // namespace berth::pool
