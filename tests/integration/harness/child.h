#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace berth::harness {

/// A program that runs until it is stopped or the thread that started it is gone, whichever comes
/// first: a test that crashes leaves none behind. Not thread safe.
class Child {
 public:
  /// `argv[0]` is the program's path. Output goes to the end of `log_file`.
  static absl::StatusOr<Child> Start(const std::vector<std::string>& argv,
                                     const std::string& log_file);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  /// Kills it.
  ~Child();

  pid_t pid() const { return pid_; }
  /// True while it has not ended by itself.
  bool IsRunning();
  /// Sends the signal and waits for the end.
  void Stop(int signal);

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace berth::harness
