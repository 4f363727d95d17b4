#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace berth::process {

/// Cuts a stream of bytes into lines. Holds `line_limit` bytes at the most. Not thread safe.
class LineSplitter {
 public:
  using Emit = std::function<void(std::string line)>;

  explicit LineSplitter(std::size_t line_limit) : line_limit_(line_limit) {}

  /// Takes the next bytes and emits each line that they complete, without "\n" or "\r\n".
  void Feed(std::string_view bytes, const Emit& emit);

  /// Emits what is left as a last line, if anything is.
  void Finish(const Emit& emit);

 private:
  void EmitLine(const Emit& emit);

  const std::size_t line_limit_;
  std::string line_;
};

}  // namespace berth::process
