#pragma once

#include <string>

namespace berth::gateway {

/// What a step of an operation must know about the operation itself.
struct OperationView {
  std::string name;
  bool cancel_requested = false;
  /// Its time, or its undo's, is over.
  bool out_of_time = false;
};

}  // namespace berth::gateway
