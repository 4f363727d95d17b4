#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::ingress {

/// A block of addresses that connections may come from, such as 10.1.0.0/16 or 2001:db8::/32
/// (RFC 4632, RFC 4291).
class SourceRange {
 public:
  /// INVALID_ARGUMENT, INVALID_FIELD for anything but an address, '/' and the length of the prefix,
  /// and for bits that are set outside of the prefix: whoever writes 10.1.2.3/16 may mean another
  /// block than 10.1.0.0/16.
  static absl::StatusOr<SourceRange> Parse(std::string_view text);

  /// The canonical spelling: equal blocks have equal texts.
  const std::string& ToString() const { return text_; }

  friend auto operator<=>(const SourceRange&, const SourceRange&) = default;

 private:
  explicit SourceRange(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace berth::ingress
