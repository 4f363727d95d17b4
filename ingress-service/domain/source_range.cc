#include "ingress-service/domain/source_range.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include "common/status/status.h"

namespace berth::ingress {
namespace {

absl::Status Malformed(std::string_view text, std::string_view problem) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
               fmt::format("'{}' is not a block of addresses such as 10.1.0.0/16: {}",
                           text.substr(0, 64), problem));
}

struct Bytes {
  int family = AF_INET;
  /// In network order; the first 4 of an IPv4 address.
  std::array<unsigned char, sizeof(in6_addr)> address{};

  std::size_t Bits() const { return 8 * (family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr)); }

  bool IsZeroFrom(std::size_t first) const {
    for (std::size_t bit = first; bit < Bits(); ++bit) {
      if ((address[bit / 8] & (0x80U >> (bit % 8))) != 0) {
        return false;
      }
    }
    return true;
  }

  std::string ToString() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return inet_ntop(family, address.data(), text.data(), text.size());
  }
};

std::optional<Bytes> ParseAddress(const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  for (const int family : {AF_INET, AF_INET6}) {
    Bytes bytes{.family = family};
    if (inet_pton(family, text.c_str(), bytes.address.data()) == 1) {
      return bytes;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<SourceRange> SourceRange::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return Malformed(text, "it has no '/' with the length of the prefix");
  }
  const std::optional<Bytes> bytes = ParseAddress(std::string(text.substr(0, slash)));
  if (!bytes) {
    return Malformed(text, "what is before the '/' is not an address");
  }
  const std::string_view length = text.substr(slash + 1);
  std::size_t prefix = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), prefix);
  const bool is_number = error == std::errc() && end == length.data() + length.size();
  if (!is_number || prefix > bytes->Bits()) {
    return Malformed(text, fmt::format("the prefix has 0 to {} bits", bytes->Bits()));
  }
  if (!bytes->IsZeroFrom(prefix)) {
    return Malformed(text, fmt::format("bits are set behind the first {}", prefix));
  }
  return SourceRange(fmt::format("{}/{}", bytes->ToString(), prefix));
}

}  // namespace berth::ingress
