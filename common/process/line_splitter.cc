#include "common/process/line_splitter.h"

#include <utility>

#include "common/text/utf8.h"

namespace berth::process {
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
