#pragma once

#include <functional>
#include <memory>

#include "gateway/domain/names.h"

namespace berth::gateway {

/// Tells that an exposure may have changed. Thread safe.
class ExposureEvents {
 public:
  virtual ~ExposureEvents() = default;

  /// Calls `changed` after each change, from any thread, until the returned token is destroyed; a
  /// call that has begun by then may still run. It must not block.
  virtual std::shared_ptr<void> Follow(const ExposureKey& key, std::function<void()> changed) = 0;
};

}  // namespace berth::gateway
