#pragma once

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/sync/mutex.h"

namespace berth::harness {

/// A TCP proxy on 127.0.0.1 between a client and a server there, which can break what runs through
/// it. It does not look inside, so TLS passes. Thread safe; one thread of its own.
class TcpProxy {
 public:
  /// Forwards to `target_port` of 127.0.0.1.
  static absl::StatusOr<std::unique_ptr<TcpProxy>> Start(int target_port);
  ~TcpProxy();

  int port() const { return port_; }

  /// Resets every connection there is.
  void CutConnections();
  /// While refused, new connections are reset at once.
  void RefuseConnections(bool refuse);
  /// While stalled, bytes wait in the proxy and connections stay open, as behind a dead router.
  void Stall(bool stall);
  /// How many connections were made so far.
  int connections_made() const;

 private:
  struct Connection;
  struct Orders {
    bool cut = false;
    bool refuse = false;
    bool stall = false;
  };

  TcpProxy(int listener, int wake, int port, int target_port);
  void Run(const std::stop_token& stop);
  void Wake();
  Orders TakeOrders();
  bool IsRefusing() const;
  void Accept();
  /// False once the connection is over.
  bool Forward(Connection& connection, short client_events, short server_events);

  const int listener_;
  const int wake_;
  const int port_;
  const int target_port_;
  mutable Mutex mutex_;
  Orders orders_ ABSL_GUARDED_BY(mutex_);
  int connections_made_ ABSL_GUARDED_BY(mutex_) = 0;
  /// Of the thread alone.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::jthread thread_;
};

}  // namespace berth::harness
