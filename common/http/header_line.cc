#include "common/http/header_line.h"

#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace berth::http {

std::optional<int> ParseStatusLine(std::string_view line) {
  if (!line.starts_with("HTTP/")) return std::nullopt;
  int status = 0;
  const auto space = line.find(' ');
  if (space != std::string_view::npos) {
    std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
  }
  return status;
}

std::optional<HeaderField> ParseHeaderLine(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const absl::string_view name(line.data(), colon);
  const absl::string_view value(line.data() + colon + 1, line.size() - colon - 1);
  return HeaderField{.name = absl::AsciiStrToLower(name),
                     .value = std::string(absl::StripAsciiWhitespace(value))};
}

}  // namespace berth::http
