#pragma once

namespace berth::operation {

/// Whether this replica may still act as the holder of its operations. Asked right before each
/// spawn of a program that changes something: others may take the operations over 15 s after the
/// last renewal of this replica's Lease, and 5 s more pass before they act. Any thread.
class LeaseGuard {
 public:
  virtual ~LeaseGuard() = default;

  /// True while the Lease is this process' own and was renewed less than 10 s ago.
  virtual bool FreshEnoughToSpawn() const = 0;
};

}  // namespace berth::operation
