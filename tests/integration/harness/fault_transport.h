#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "common/kube/http_transport.h"
#include "common/sync/mutex.h"

namespace berth::harness {

/// What happens to one request.
struct Fault {
  enum class Kind {
    /// The connection breaks before the request leaves.
    kNotSent,
    /// The server carries the request out and the answer is lost.
    kAnswerLost,
    /// The server never sees it and this status is the answer.
    kStatus,
  };
  Kind kind = Kind::kAnswerLost;
  int http_status = 503;
  /// Sent as Retry-After if not empty.
  std::string retry_after;
};

/// A transport in front of another that spoils requests: what a test tells it to, in order. Thread
/// safe.
class FaultTransport final : public kube::HttpTransport {
 public:
  using Matcher = std::function<bool(const kube::HttpRequest& request)>;

  explicit FaultTransport(std::unique_ptr<kube::HttpTransport> inner);

  /// Spoils the next `times` requests that match. Faults added earlier come first.
  void Add(Fault fault, Matcher matcher, int times = 1);
  /// Faults that have not happened yet.
  int pending() const;

  absl::StatusOr<kube::HttpResponse> Send(const kube::HttpRequest& request) override;
  /// Streams pass unspoiled: TcpProxy cuts them.
  std::unique_ptr<kube::HttpStream> Open(const kube::HttpRequest& request) override;

 private:
  struct Planned {
    Fault fault;
    Matcher matcher;
    int times = 1;
  };

  std::optional<Fault> Take(const kube::HttpRequest& request);

  const std::unique_ptr<kube::HttpTransport> inner_;
  mutable Mutex mutex_;
  std::deque<Planned> planned_ ABSL_GUARDED_BY(mutex_);
};

/// Matches requests of this method.
FaultTransport::Matcher Method(kube::HttpMethod method);

}  // namespace berth::harness
