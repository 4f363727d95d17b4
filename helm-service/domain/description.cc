#include "helm-service/domain/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"

namespace berth::helm {

absl::StatusOr<Description> Description::Parse(std::string_view text) {
  constexpr std::size_t kLongest = 512;
  constexpr unsigned char kDelete = 0x7f;
  const bool one_line = std::none_of(text.begin(), text.end(),
                                     [](unsigned char c) { return c < ' ' || c == kDelete; });
  if (text.size() <= kLongest && one_line) return Description(std::string(text));
  return absl::InvalidArgumentError(
      fmt::format("must be one line of at most {} bytes, without control characters", kLongest));
}

}  // namespace berth::helm
