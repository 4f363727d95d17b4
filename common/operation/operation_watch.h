#pragma once

#include <google/protobuf/any.pb.h>

#include <optional>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "berth/operation/v1/operation.pb.h"

namespace berth::operation {

/// How an operation ended: its result, or why it failed.
using Outcome = absl::StatusOr<google::protobuf::Any>;

/// The operation ended; the last event.
struct Ended {
  Outcome outcome;
};

/// The watch ended though the operation goes on, such as when this replica stops; the last event.
struct Broken {
  absl::Status error;
};

using WatchEvent = std::variant<v1::OperationUpdate, Ended, Broken>;

/// One reader's place in the updates of an operation. The reader pulls: the operation's ring is its
/// queue, so a slow reader costs no memory and is told what it lost. Poll is called by one thread
/// at a time; destroying ends the watch.
class OperationWatch {
 public:
  virtual ~OperationWatch() = default;

  /// The next event, without waiting. Nothing: the `ready` callback given to Manager::Watch is
  /// called, perhaps already during this call, when there may be one. After Ended and Broken there
  /// is none.
  virtual std::optional<WatchEvent> Poll() = 0;
};

}  // namespace berth::operation
