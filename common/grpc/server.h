#pragma once

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/config/config.h"
#include "common/grpc/stop_signal.h"
#include "common/grpc/stream_registry.h"
#include "common/metrics/metrics.h"

namespace berth::rpc {

struct ServerOptions {
  /// Where to serve gRPC, "host:port"; port 0 takes a free one.
  std::string listen = "0.0.0.0:50050";
  /// Where to serve GET /metrics over HTTP; empty for nowhere.
  std::string metrics_listen = "0.0.0.0:9090";
  /// Largest message that is accepted or sent; must lie above every limit of the application.
  std::int64_t max_message_bytes = std::int64_t{32} << 20;
  /// Unary calls that run at the same time; more are answered UNAVAILABLE, TOO_MANY_CALLS.
  int max_threads = 64;
  /// Memory that gRPC itself may use for connections and calls.
  std::int64_t memory_quota_bytes = std::int64_t{256} << 20;
  /// Connections are closed after this age, so that replicas share calls, and calls that are
  /// running then have `max_connection_age_grace` to end. Streams that last longer are cut with
  /// UNAVAILABLE; their callers reattach.
  std::chrono::milliseconds max_connection_age{30 * 60'000};
  std::chrono::milliseconds max_connection_age_grace{10 * 60'000};
  /// Connections without calls are closed after this time.
  std::chrono::milliseconds max_connection_idle{5 * 60'000};
  /// How long a stop waits for running work.
  std::chrono::milliseconds drain_timeout{10 * 60'000};
};

/// Binds every option of a server to a key of the same name.
void AddServerOptions(config::Table& table, ServerOptions& options);

/// A gRPC server as every Berth service runs it: health (grpc.health.v1), reflection, channelz,
/// metrics, one log line per call, limits, and an orderly stop. Errors that gRPC makes by itself
/// leave with Berth's details too.
///
///   rpc::StopSignal stop;                        // first: blocks the signals
///   rpc::Server server(options, metrics);
///   server.Register(PortService::service_full_name(), port_service);
///   RETURN_IF_ERROR(server.Start());             // answers, NOT_SERVING
///   ... fill caches ...
///   server.SetServing(true);
///   server.RunUntil(stop);                       // waits, then drains
///
/// Synchronous handlers run on at most max_threads threads and may block; services whose streams
/// are callback reactors derive from `Foo::WithCallbackMethod_WatchX<Foo::Service>`.
///
/// Threads: set up and stopped by main; SetServing, draining and streams may be used from any
/// thread. Lifetime: `metrics` outlives the server; registered services stay until it has drained.
class Server {
 public:
  Server(ServerOptions options, metrics::Registry& metrics);
  /// Drains without waiting if that was not done.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Adds a service under its full name, which health checks ask for. Before Start only.
  void Register(std::string full_name, grpc::Service& service);

  /// Called in order at the beginning of Drain, when health says NOT_SERVING and before streams
  /// end: stops taking new work and waits for the running one, at most until `deadline`. Before
  /// Start only.
  using DrainHook = std::function<void(SteadyTime deadline)>;
  void OnDrain(std::string name, DrainHook hook);

  /// Listens and answers. Health says NOT_SERVING until SetServing(true). Errors: INVALID_ARGUMENT,
  /// INVALID_FIELD if an address cannot be listened on.
  absl::Status Start();

  /// Bound ports, 0 before Start (and for metrics, if they are not served).
  int port() const { return port_; }
  int metrics_port() const;

  /// Health of the server and of every registered service. Stays NOT_SERVING once Drain has begun.
  void SetServing(bool serving);

  /// Whether Drain has begun: handlers refuse new work with ShuttingDown().
  bool draining() const;

  /// The streams that this server has open: pass it to StreamWriter::Open.
  StreamRegistry& streams() { return streams_; }

  /// Stops: health NOT_SERVING, drain hooks, streams end with ShuttingDown(), running unary calls
  /// get until `deadline`, half a second at the least, and are then cancelled. Returns when every
  /// call is over. Only the first call has an effect.
  void Drain(SteadyTime deadline);

  /// Waits for `stop`, then drains: for drain_timeout, or not at all if the stop is urgent. Returns
  /// what was asked.
  Stop RunUntil(StopSignal& stop);

 private:
  struct Parts;  // keeps gRPC's server and the metrics of calls out of this header

  ServerOptions options_;
  metrics::Registry& metrics_;
  StreamRegistry streams_;
  std::vector<std::pair<std::string, grpc::Service*>> services_;
  std::vector<std::pair<std::string, DrainHook>> drain_hooks_;
  int port_ = 0;
  std::unique_ptr<Parts> parts_;
};

/// UNAVAILABLE, SHUTTING_DOWN with RetryInfo: what a draining server answers.
absl::Status ShuttingDown();

}  // namespace berth::rpc
