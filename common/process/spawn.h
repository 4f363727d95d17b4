#pragma once

#include <sys/types.h>

#include "absl/status/statusor.h"
#include "common/process/command.h"
#include "common/process/unique_fd.h"

namespace berth::process {

/// A running child, leader of a process group of its own. Whoever holds it must reap it.
struct Spawned {
  pid_t pid = -1;
  /// Readable once the child has ended.
  UniqueFd pidfd;
  /// Our ends of its standard streams, non-blocking.
  UniqueFd standard_input;
  UniqueFd standard_output;
  UniqueFd standard_error;
};

/// Starts `command` and returns once its program has been executed. The kernel kills the child when
/// the calling thread ends, so this is called from a thread that outlives it.
///
/// Errors: INVALID_ARGUMENT for a NUL byte in a string or a relative path, NOT_FOUND and
/// PERMISSION_DENIED for the program or the working directory, RESOURCE_EXHAUSTED or UNAVAILABLE
/// when the kernel refuses, each with errno's text.
absl::StatusOr<Spawned> Spawn(const Command& command);

}  // namespace berth::process
