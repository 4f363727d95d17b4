#include "common/grpc/server.h"

#include <fmt/format.h>
#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "common/grpc/call_interceptor.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::rpc {
namespace {

constexpr std::chrono::milliseconds kTickInterval{1000};
// Clients are told that they may ping every 10 s; a little less is allowed, for clocks and
// networks.
constexpr std::chrono::milliseconds kLeastPingInterval{8000};
// How often the server itself pings a connection that is silent, and waits for the answer.
constexpr std::chrono::milliseconds kPingInterval{30'000};
constexpr std::chrono::milliseconds kPingTimeout{15'000};
constexpr std::chrono::milliseconds kRetryAfterShutdown{1000};
// For the answers of calls that have just been ended to leave; calls that go on then are cancelled.
constexpr std::chrono::milliseconds kLastWords{500};

int Argument(std::chrono::milliseconds duration) { return static_cast<int>(duration.count()); }

// What gRPC offers process-wide; it must be on before the first server is built.
void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::channelz::experimental::InitChannelzService();
  });
}

void AddConnectionArguments(const ServerOptions& options, grpc::ServerBuilder& builder) {
  // Two servers on one port would share calls without anybody having asked for it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Argument(kLeastPingInterval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Argument(kPingInterval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Argument(kPingTimeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Argument(options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Argument(options.max_connection_age_grace));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                             Argument(options.max_connection_idle));
}

void AddLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("berth");
  quota.Resize(static_cast<std::size_t>(options.memory_quota_bytes));
  quota.SetMaxThreads(options.max_threads);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);  // one pool of threads, one limit
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
}

}  // namespace

struct Server::Parts {
  std::atomic<bool> draining = false;
  std::unique_ptr<grpc::Server> grpc;
  std::unique_ptr<metrics::Exposer> exposer;
  std::jthread ticker;
};

void AddServerOptions(config::Table& table, ServerOptions& options) {
  constexpr std::int64_t kLargestMessage = std::int64_t{1} << 30;
  constexpr std::int64_t kLeastQuota = std::int64_t{16} << 20;
  table.Add("listen", &options.listen, "host:port to serve gRPC on").Required();
  table.Add("metrics_listen", &options.metrics_listen,
            "host:port to serve Prometheus metrics on; empty for nowhere");
  table
      .AddBytes("max_message_bytes", &options.max_message_bytes,
                "largest message that is accepted or sent")
      .Range(1 << 20, kLargestMessage);
  table.Add("max_threads", &options.max_threads, "unary calls that run at the same time")
      .Range(4, 4096);
  table
      .AddBytes("memory_quota_bytes", &options.memory_quota_bytes,
                "memory that gRPC may use for connections and calls")
      .Range(kLeastQuota);
  table
      .Add("max_connection_age", &options.max_connection_age,
           "age at which connections are closed, so that replicas share calls")
      .Range(1000);
  table
      .Add("max_connection_age_grace", &options.max_connection_age_grace,
           "how long calls may go on after that")
      .Range(1000);
  table
      .Add("max_connection_idle", &options.max_connection_idle,
           "time without calls after which connections are closed")
      .Range(1000);
  table.Add("drain_timeout", &options.drain_timeout, "how long a stop waits for running work")
      .Range(0);
}

Server::Server(ServerOptions options, metrics::Registry& metrics)
    : options_(std::move(options)), metrics_(metrics), parts_(std::make_unique<Parts>()) {}

Server::~Server() { Drain(std::chrono::steady_clock::now()); }

void Server::Register(std::string full_name, grpc::Service& service) {
  services_.emplace_back(std::move(full_name), &service);
}

void Server::OnDrain(std::string name, DrainHook hook) {
  drain_hooks_.emplace_back(std::move(name), std::move(hook));
}

absl::Status Server::Start() {
  if (!options_.metrics_listen.empty()) {
    ASSIGN_OR_RETURN(parts_->exposer, metrics::Exposer::Start(options_.metrics_listen, metrics_));
  }
  EnablePlugins();
  grpc::ServerBuilder builder;
  AddConnectionArguments(options_, builder);
  AddLimits(options_, builder);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(MakeCallInterceptors(metrics_));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  builder.AddListeningPort(options_.listen, grpc::InsecureServerCredentials(), &port_);
  for (const auto& [name, service] : services_) {
    builder.RegisterService(service);
  }
  parts_->grpc = builder.BuildAndStart();
  if (parts_->grpc == nullptr) {
    return InvalidField(
        "listen",
        fmt::format("cannot listen on '{}'; give host:port with a free port", options_.listen));
  }
  SetServing(false);
  parts_->ticker = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;  // woken by the stop token alone
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, kTickInterval, [&] { return stop.stop_requested(); })) {
      streams_.Tick(std::chrono::steady_clock::now());
    }
  });
  log::Info("serving",
            {{"listen", options_.listen}, {"port", port_}, {"metrics_port", metrics_port()}});
  return absl::OkStatus();
}

int Server::metrics_port() const {
  return parts_->exposer == nullptr ? 0 : parts_->exposer->port();
}

void Server::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface& health = *parts_->grpc->GetHealthCheckService();
  for (const auto& [name, service] : services_) {
    health.SetServingStatus(name, serving);
  }
  health.SetServingStatus("", serving);
}

bool Server::draining() const { return parts_->draining; }

void Server::Drain(SteadyTime deadline) {
  if (parts_->grpc == nullptr || parts_->draining.exchange(true)) {
    return;
  }
  parts_->grpc->GetHealthCheckService()->Shutdown();
  for (const auto& [name, hook] : drain_hooks_) {
    log::Info("draining", {{"part", name}});
    hook(deadline);
  }
  streams_.FinishAll(ShuttingDown());
  const auto left = deadline - std::chrono::steady_clock::now();
  parts_->grpc->Shutdown(std::chrono::system_clock::now() +
                         std::max<std::chrono::steady_clock::duration>(left, kLastWords));
  parts_->ticker.request_stop();
  parts_->ticker.join();
  log::Info("stopped", {{"port", port_}});
}

Stop Server::RunUntil(StopSignal& stop_signal) {
  const Stop stop = stop_signal.Wait();
  const bool drain = stop.urgency == Stop::Urgency::kDrain;
  log::Info("stopping", {{"reason", stop.reason}, {"drain", drain}});
  Drain(std::chrono::steady_clock::now() +
        (drain ? options_.drain_timeout : std::chrono::milliseconds(0)));
  return stop;
}

absl::Status ShuttingDown() {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_SHUTTING_DOWN,
               "this replica is being stopped; repeat the call, another one serves it")
      .WithRetryAfter(kRetryAfterShutdown);
}

}  // namespace berth::rpc
