#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/sync/mutex.h"

namespace berth::rpc {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What the registry needs of an open stream; implemented by StreamWriter.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  /// Ends the stream once what is queued has been written.
  virtual void Finish(const absl::Status& status) = 0;
  /// Sends a keep-alive if one is due, and gives up on a peer that does not read.
  virtual void Tick(SteadyTime now) = 0;
};

/// The open server streams of a process: ends them all when the server drains and drives their
/// timers. Owned by the server, which outlives every stream. All methods may be called from any
/// thread.
class StreamRegistry {
 public:
  StreamRegistry() = default;
  StreamRegistry(const StreamRegistry&) = delete;
  StreamRegistry& operator=(const StreamRegistry&) = delete;

  /// Streams that have been opened and are not done.
  std::size_t size() const;

  /// Calls Tick on every stream. The server does so every second.
  void Tick(SteadyTime now);

  /// Ends every stream, and each one opened from now on, with `status`.
  void FinishAll(const absl::Status& status);

 private:
  template <typename Response>
  friend class StreamWriter;

  /// Ends the stream at once if FinishAll was called.
  void Add(const std::shared_ptr<OpenStream>& stream);
  void Remove(const OpenStream* stream);
  std::vector<std::shared_ptr<OpenStream>> Open() const;

  mutable Mutex mutex_;
  std::unordered_map<const OpenStream*, std::weak_ptr<OpenStream>> streams_ ABSL_GUARDED_BY(mutex_);
  absl::Status finished_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::rpc
