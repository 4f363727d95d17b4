#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/process/unique_fd.h"
#include "common/sync/mutex.h"
#include "ingress-service/domain/prober.h"

namespace berth::ingress {

/// Connects to ports of load balancers, without blocking, and watches what becomes of the
/// connections.
///
/// A target that is not served is tried again at once, then ever more seldom; one that is, now and
/// then: only three failures in a row make it unserved again.
///
/// Threads: one of its own, which holds all connections; Watch looks up hostnames on its caller's.
/// Results are told by `on_change` on the prober's thread. Lifetime: everything in Options outlives
/// it.
class TcpProber : public Prober {
 public:
  struct Options {
    /// How long a connection must stay open.
    std::chrono::milliseconds hold = std::chrono::milliseconds(300);
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);
    /// Between tries of a target that is not served; ten times as long after 15 s, and forty times
    /// after two minutes.
    std::chrono::milliseconds retry_interval = std::chrono::milliseconds(250);
    /// Between tries of a target that is.
    std::chrono::milliseconds recheck_interval = std::chrono::seconds(60);
    /// Connections open at the same time.
    std::size_t max_connections = 128;
    /// Something became known about a target of this pool. May not block.
    std::function<void(const std::string& pool)> on_change;
  };

  /// INTERNAL if the system is out of file descriptors.
  static absl::StatusOr<std::unique_ptr<TcpProber>> Start(Options options);
  /// Closes all connections and ends the thread.
  ~TcpProber() override;

  TcpProber(const TcpProber&) = delete;
  TcpProber& operator=(const TcpProber&) = delete;

  void Watch(const std::string& pool, std::vector<ProbeTarget> targets) override;
  std::optional<ProbeResult> Latest(const std::string& token) const override;

 private:
  /// A target with its host looked up; `length` 0 if that failed.
  struct Destination {
    ProbeTarget target;
    sockaddr_storage address = {};
    socklen_t length = 0;
  };
  class Loop;

  static Destination LookUp(ProbeTarget target);

  TcpProber(Options options, process::UniqueFd epoll, process::UniqueFd wake);

  const Options options_;
  const process::UniqueFd epoll_;
  const process::UniqueFd wake_;

  mutable Mutex mutex_;
  /// What Watch was told since the loop looked last, by pool.
  std::map<std::string, std::vector<Destination>> inbox_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, ProbeResult> results_ ABSL_GUARDED_BY(mutex_);

  /// Last: it uses all of the above.
  std::jthread thread_;
};

}  // namespace berth::ingress
