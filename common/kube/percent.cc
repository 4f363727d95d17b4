#include "common/kube/percent.h"

#include <fmt/format.h>

namespace berth::kube {
namespace {

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '~' || c == '.';
}

}  // namespace

std::string PercentEncode(std::string_view text) {
  const bool dots_only = text.find_first_not_of('.') == std::string_view::npos;
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) && !dots_only) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace berth::kube
