#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::process {

/// Upper bounds that the kernel enforces on each process of the child's group; unset means
/// inherited.
struct ResourceLimits {
  std::optional<std::uint64_t> address_space_bytes;
  std::optional<std::uint64_t> file_size_bytes;
  std::optional<std::uint64_t> open_files;
};

/// Bounds on what a child may make us remember.
struct OutputLimits {
  /// Longest line in bytes; the rest of a longer one is dropped.
  std::size_t line_bytes = std::size_t{8} * 1024;
  /// Both streams together, in bytes; what follows is read and dropped.
  std::size_t total_bytes = std::size_t{4} * 1024 * 1024;
};

/// How a child is stopped, by Supervisor::Stop or by its deadline.
struct StopPolicy {
  /// Sent to the child's process group first; unset: KILL at once.
  std::optional<int> signal = SIGTERM;
  /// From that signal to KILL.
  std::chrono::milliseconds grace = std::chrono::seconds(5);
};

/// A program to run. There is no shell and nothing is inherited: not the environment, not a
/// descriptor, not the signal mask. Core dumps are off.
struct Command {
  /// Absolute path of the program.
  std::string program;
  /// Without the program's own name, which is `program`.
  std::vector<std::string> arguments;
  /// The whole environment.
  std::map<std::string, std::string> environment;
  /// Absolute path.
  std::string working_directory = "/";
  /// Bytes for standard input, which then ends.
  std::string standard_input;
  /// From the start; unset for none.
  std::optional<std::chrono::milliseconds> timeout;
  ResourceLimits resource_limits;
  OutputLimits output_limits;
  StopPolicy stop_policy;
};

enum class Stream { kStdout, kStderr };

/// One line of output: valid UTF-8 (invalid bytes are replaced by U+FFFD) without its end of line.
struct OutputLine {
  Stream stream;
  std::string text;
};

/// How a child ended. Exactly one of `code` and `signal` is set.
struct Exit {
  std::optional<int> code;
  std::optional<int> signal;
  /// Its timeout passed while it ran.
  bool timed_out = false;
  /// Stop, Kill or its timeout came while it ran.
  bool stopped = false;
  /// Output beyond OutputLimits::total_bytes was dropped.
  bool output_truncated = false;

  bool ok() const { return code == 0; }
};

}  // namespace berth::process
