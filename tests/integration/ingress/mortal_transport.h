#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "common/kube/http_transport.h"
#include "common/sync/mutex.h"

namespace berth::ingress {

/// Whether the write at which a replica dies is carried out.
enum class LastWrite { kLost, kDone };

/// The connection of a replica that dies at a chosen write: nothing of it reaches the API server
/// after that. Also counts writes. Thread safe.
class MortalTransport : public kube::HttpTransport {
 public:
  explicit MortalTransport(std::unique_ptr<kube::HttpTransport> inner) : inner_(std::move(inner)) {}

  /// Dies at the `writes`-th write from now, counting from 1.
  void DieAt(int writes, LastWrite last) {
    MutexLock lock(mutex_);
    left_ = writes;
    last_ = last;
  }
  bool dead() const {
    MutexLock lock(mutex_);
    return left_ <= 0;
  }
  /// Called with each write, before it is sent.
  void OnWrite(std::function<void(const kube::HttpRequest&)> on_write) {
    MutexLock lock(mutex_);
    on_write_ = std::move(on_write);
  }

  absl::StatusOr<kube::HttpResponse> Send(const kube::HttpRequest& request) override {
    const bool is_write = request.method != kube::HttpMethod::kGet;
    {
      MutexLock lock(mutex_);
      if (left_ <= 0) {
        return Dead();
      }
      if (is_write && on_write_) {
        on_write_(request);
      }
      if (is_write && --left_ == 0 && last_ == LastWrite::kLost) {
        return Dead();
      }
    }
    absl::StatusOr<kube::HttpResponse> response = inner_->Send(request);
    return dead() ? Dead() : std::move(response);
  }
  std::unique_ptr<kube::HttpStream> Open(const kube::HttpRequest& request) override {
    return inner_->Open(request);
  }

 private:
  // Not an error that the client repeats.
  static absl::StatusOr<kube::HttpResponse> Dead() { return absl::CancelledError("dead"); }

  const std::unique_ptr<kube::HttpTransport> inner_;
  mutable Mutex mutex_;
  int left_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<int>::max();
  LastWrite last_ ABSL_GUARDED_BY(mutex_) = LastWrite::kLost;
  std::function<void(const kube::HttpRequest&)> on_write_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::ingress
