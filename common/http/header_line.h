#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::http {

/// The code in a line such as "HTTP/1.1 200 OK", which begins the head of an answer; 0 if it has
/// none that can be read. None for a line of another kind.
std::optional<int> ParseStatusLine(std::string_view line);

/// A line such as "ETag: W/"x"".
struct HeaderField {
  /// In lower case.
  std::string name;
  /// Without space around it.
  std::string value;

  bool operator==(const HeaderField&) const = default;
};
/// None for a line of another kind.
std::optional<HeaderField> ParseHeaderLine(std::string_view line);

}  // namespace berth::http
