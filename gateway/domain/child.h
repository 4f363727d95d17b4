#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace berth::gateway {

/// An operation of helm-service that is a step of ours, found by its request_id.
struct Child {
  enum class State {
    /// Never seen: it was not sent, or the send is still on its way.
    kAbsent,
    kRunning,
    kSucceeded,
    /// Failed or cancelled; `error` says why.
    kFailed,
  };

  State state = State::kAbsent;
  bool cancel_requested = false;
  /// Revision of the release it made; 0 unless it succeeded.
  int revision = 0;
  /// Whether there was something to remove, when it was an uninstall that succeeded.
  bool removed = false;
  absl::Status error;
};

/// Whether the child died before its first effect, so that it may be sent again under another
/// request_id.
bool DiedBeforeItsFirstEffect(const Child& child);

/// The request_id of an operation's child: "<operation>.<step>.<attempt>".
std::string ChildRequestId(const std::string& operation, const std::string& step, int attempt);

}  // namespace berth::gateway
