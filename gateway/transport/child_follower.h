#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/operation/handler.h"
#include "common/operation/operation_watch.h"
#include "gateway/domain/children.h"

namespace berth::gateway {

/// Follows the children of one operation, one at a time, and passes what they report on
/// as the operation's own. Waiting costs no thread: news of the child wake the operation, and Look
/// takes them in. Used within Advance only.
class ChildFollower {
 public:
  explicit ChildFollower(Children& children) : children_(children) {}

  /// How the child stands. May block for a bounded time when that is not known from its stream.
  absl::StatusOr<Child> Look(const std::string& request_id, operation::Run& run);

  /// Asks the child to stop, as Children::Cancel.
  absl::Status Cancel(const std::string& method, const std::string& request_id);

 private:
  /// Takes in what the stream brought; afterwards there is none if it has ended.
  void Drain(operation::Run& run);

  Children& children_;
  std::unique_ptr<operation::OperationWatch> watch_;
  /// The child that `watch_` follows.
  std::string followed_;
  /// The child that was asked to stop last.
  std::string cancelled_;
};

}  // namespace berth::gateway
