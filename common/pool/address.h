#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/kube/json.h"

namespace berth::pool {

/// Where clients connect to: an IP address, in its canonical spelling, or a DNS name in lower case.
class Address {
 public:
  enum class Kind { kIpv4, kIpv6, kHostname };

  /// INVALID_ARGUMENT, INVALID_FIELD if it is neither IPv4 nor IPv6.
  static absl::StatusOr<Address> ParseIp(std::string_view text);
  /// INVALID_ARGUMENT, INVALID_FIELD if it is not a DNS name of at most 253 characters.
  static absl::StatusOr<Address> ParseHostname(std::string_view text);
  /// Reads {"ip": ...} or {"hostname": ...}: an entry of a Service's status.loadBalancer.ingress or
  /// of a pool's addresses.
  static absl::StatusOr<Address> FromJson(const kube::Json& entry);

  Kind kind() const { return kind_; }
  /// Without brackets for IPv6.
  const std::string& host() const { return host_; }
  /// {"ip": ...} or {"hostname": ...}.
  kube::Json ToJson() const;

  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  Address(Kind kind, std::string host) : kind_(kind), host_(std::move(host)) {}

  Kind kind_;
  std::string host_;
};

}  // namespace berth::pool
