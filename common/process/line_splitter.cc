#include "common/process/line_splitter.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace berth::process {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Length of the well-formed character (Unicode table 3-7) that `bytes` starts with, 0 if it starts
// with none.
std::size_t CharacterLength(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) second_min = 0xA0;  // overlong
    if (lead == 0xED) second_max = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) second_min = 0x90;  // overlong
    if (lead == 0xF4) second_max = 0x8F;  // beyond U+10FFFF
  }
  if (length == 0 || bytes.size() < length) return 0;
  const auto second = static_cast<unsigned char>(bytes[1]);
  if (second < second_min || second > second_max) return 0;
  const auto rest = bytes.substr(2, length - 2);
  return std::all_of(rest.begin(), rest.end(), IsContinuation) ? length : 0;
}

}  // namespace

std::string ToUtf8(std::string_view bytes, std::size_t limit) {
  std::string text;
  text.reserve(std::min(bytes.size(), limit));
  while (!bytes.empty()) {
    const std::size_t length = CharacterLength(bytes);
    const std::string_view piece = length > 0 ? bytes.substr(0, length) : kReplacement;
    if (text.size() + piece.size() > limit) break;
    text += piece;
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

void LineSplitter::Feed(std::string_view bytes, const Emit& emit) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    // One byte more than the limit, so that a "\r" behind a line of just that length is recognised.
    const std::size_t room = line_limit_ + 1 - line_.size();
    line_ += piece.substr(0, room);
    if (end == std::string_view::npos) return;
    EmitLine(emit);
    bytes.remove_prefix(end + 1);
  }
}

void LineSplitter::Finish(const Emit& emit) {
  if (!line_.empty()) EmitLine(emit);
}

void LineSplitter::EmitLine(const Emit& emit) {
  std::string_view line = line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::string text = ToUtf8(line, line_limit_);
  line_.clear();
  emit(std::move(text));
}

}  // namespace berth::process
