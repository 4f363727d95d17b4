#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/operation/operation_watch.h"
#include "common/operation/peers.h"

namespace berth::operation {

/// Metadata that marks a WatchOperation as coming from another replica.
inline constexpr char kForwardedKey[] = "berth-forwarded";

/// A watch of an operation that another replica holds: a stream from there, read no faster than it
/// is polled. Ends with Broken when that replica cannot serve it. Never blocks.
class ForwardedWatch final : public OperationWatch {
 public:
  /// `peers` outlives the stream, `ready` is called as Manager::Watch says.
  ForwardedWatch(Peers& peers, const std::string& address, const std::string& operation,
                 std::int64_t after_sequence, std::function<void()> ready);
  ~ForwardedWatch() override;

  std::optional<WatchEvent> Poll() override;

 private:
  class Stream;

  const std::shared_ptr<Stream> stream_;
};

}  // namespace berth::operation
