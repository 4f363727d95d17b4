#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace berth::port {

/// Who asks for a port, such as "team-a/web": 1 to 253 printable ASCII characters without spaces.
class Owner {
 public:
  /// INVALID_ARGUMENT, INVALID_FIELD if it is not one.
  static absl::StatusOr<Owner> Parse(std::string_view text);

  const std::string& value() const { return value_; }

  friend auto operator<=>(const Owner&, const Owner&) = default;

 private:
  explicit Owner(std::string value) : value_(std::move(value)) {}

  std::string value_;
};

/// Idempotency key within an owner: 1 to 128 printable ASCII characters without spaces.
class RequestId {
 public:
  /// INVALID_ARGUMENT, INVALID_FIELD if it is not one.
  static absl::StatusOr<RequestId> Parse(std::string_view text);

  const std::string& value() const { return value_; }

  friend auto operator<=>(const RequestId&, const RequestId&) = default;

 private:
  explicit RequestId(std::string value) : value_(std::move(value)) {}

  std::string value_;
};

/// Name of one entry of a request: at most 15 lower case letters, digits and '-'. May be empty.
class EntryName {
 public:
  EntryName() = default;
  /// INVALID_ARGUMENT, INVALID_FIELD if it is not one.
  static absl::StatusOr<EntryName> Parse(std::string_view text);

  const std::string& value() const { return value_; }

  friend auto operator<=>(const EntryName&, const EntryName&) = default;

 private:
  explicit EntryName(std::string value) : value_(std::move(value)) {}

  std::string value_;
};

}  // namespace berth::port
