#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/kube/config.h"
#include "common/kube/curl_transport.h"
#include "common/sync/mutex.h"

namespace httplib {
struct Request;
struct Response;
class Server;
}  // namespace httplib

namespace berth::harness {

/// An HTTP server on 127.0.0.1 that passes requests on to an API server, with its own credentials,
/// and spoils some of them at random. For programs that run as processes; within the test there is
/// FaultTransport. Thread safe.
class FaultProxy {
 public:
  /// `api_server` is where the requests go.
  static absl::StatusOr<std::unique_ptr<FaultProxy>> Start(const kube::Config& api_server,
                                                           std::uint64_t seed);
  ~FaultProxy();

  int port() const { return port_; }

  /// How likely a write is spoiled, and the opening of a watch, from 0 to 1. Reads that are not
  /// watches only fail with 429 and 500, at the same odds.
  void Spoil(double odds) { odds_ = odds; }
  /// While held, watches show nothing new: the caches behind them grow stale.
  void HoldWatches(bool hold) { hold_watches_ = hold; }
  /// Breaks off every open watch.
  void CutWatches() { ++watch_generation_; }
  /// Moves the clock that the API server shows in its answers.
  void StepClock(std::chrono::seconds from_real) { clock_step_ = from_real.count(); }
  /// How often each kind of fault happened.
  std::map<std::string, int> Counts() const;

 private:
  enum class Fault {
    kNone,
    /// Not carried out: 409, 429, 500.
    kConflict,
    kTooMany,
    kError,
    /// Carried out, and then: 500, 504, a connection that breaks.
    kErrorAfter,
    kTimeoutAfter,
    kAnswerLost,
    /// 410.
    kExpired,
  };

  FaultProxy(std::unique_ptr<kube::CurlTransport> transport, std::uint64_t seed);
  Fault Draw(bool is_write, bool is_watch, bool may_conflict);
  void Serve(const httplib::Request& request, httplib::Response& response);
  void ServeWatch(const httplib::Request& request, httplib::Response& response);

  const std::unique_ptr<kube::CurlTransport> transport_;
  const std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::atomic<double> odds_ = 0;
  std::atomic<bool> hold_watches_ = false;
  std::atomic<int> watch_generation_ = 0;
  std::atomic<std::int64_t> clock_step_ = 0;
  mutable Mutex mutex_;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace berth::harness
