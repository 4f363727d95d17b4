#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

/// Bytes of the UTF-8 sequence (RFC 3629) that `text` starts with; 0 if it starts with none.
std::size_t Utf8Length(std::string_view text);

/// Whether `text` is UTF-8 from end to end.
bool IsUtf8(std::string_view text);

/// `text` with each byte that is not UTF-8 replaced by U+FFFD, cut at a character's border to
/// `limit` bytes. Protobuf refuses to serialize other strings.
std::string ToUtf8(std::string_view text, std::size_t limit = std::string_view::npos);

}  // namespace berth
