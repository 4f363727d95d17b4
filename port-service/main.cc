// Hands out ports of shared load balancers, never the same one twice.

#include <chrono>
#include <memory>
#include <string>

#include "common/config/config.h"
#include "common/grpc/program.h"
#include "common/grpc/server.h"
#include "common/grpc/stop_signal.h"
#include "common/kube/client.h"
#include "common/kube/config.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/adapters/port_engine.h"
#include "port-service/transport/port_service.h"

namespace berth::port {
namespace {

// How long the API server may take to tell the state before the process gives up and is started
// anew.
constexpr std::chrono::seconds kStartPatience{60};

struct Options {
  rpc::ProgramOptions program{.server = {.listen = "0.0.0.0:50052"}};
  PortEngine::Options engine{.ns = "berth"};
};

void AddKeys(config::Table& table, Options& options) {
  rpc::AddProgramKeys(table, options.program, options.engine.ns);
  table
      .Add("claims.watch_patience", &options.engine.watch_patience,
           "how long to wait for the watch to show a new claim before asking the API server")
      .Range(0, 10'000);
  table
      .Add("repair.interval", &options.engine.repair_interval,
           "between two looks for bound claims without a rule; two such looks release one")
      .Range(30'000, 3'600'000);
  DiscoveryLoop::Options& discovery = options.engine.discovery;
  table.Add("discovery.label_selector", &discovery.label_selector,
            "of load balancers that a pool is made of when they are in none; empty for no pools "
            "made without a call");
  table.Add("discovery.namespace", &discovery.load_balancer_namespace,
            "of those load balancers; empty for all");
  table.Add("discovery.first_port", &discovery.first_port, "of the pools made so")
      .Range(1024, 65'535);
  table.Add("discovery.last_port", &discovery.last_port, "of the pools made so")
      .Range(1024, 65'535);
  table.Add("discovery.interval", &discovery.interval, "between two looks for such load balancers")
      .Range(1'000, 3'600'000);
}

absl::Status CheckOptions(const Options& options) {
  const DiscoveryLoop::Options& discovery = options.engine.discovery;
  if (discovery.first_port > discovery.last_port) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
                 "discovery.first_port must not be above discovery.last_port");
  }
  return absl::OkStatus();
}

absl::Status Serve(const Options& options, rpc::StopSignal& stop) {
  RETURN_IF_ERROR(CheckOptions(options));
  metrics::Registry metrics("port");
  ASSIGN_OR_RETURN(const kube::Config kube_config, kube::LoadConfig(options.program.kubeconfig));
  ASSIGN_OR_RETURN(const std::unique_ptr<kube::Client> client,
                   kube::Client::Create(kube_config, {.user_agent = "berth-port-service"}));
  PortEngine engine(*client, metrics, options.engine);
  rpc::Server server(options.program.server, metrics);
  PortServiceImpl service({.pools = engine.pools(),
                           .pool_store = engine.pool_store(),
                           .store = engine.store(),
                           .view = engine.view(),
                           .feed = engine.feed(),
                           .claimer = engine.claimer(),
                           .lifecycle = engine.lifecycle(),
                           .scanner = engine.scanner(),
                           .streams = server.streams(),
                           .metrics = metrics});

  server.Register(v1::PortService::service_full_name(), service);
  RETURN_IF_ERROR(server.Start());
  RETURN_IF_ERROR(engine.Start(std::chrono::steady_clock::now() + kStartPatience));
  server.SetServing(true);
  log::Info("serving", {{"port", server.port()}, {"namespace", options.engine.ns}});
  server.RunUntil(stop);
  return absl::OkStatus();
}

}  // namespace
}  // namespace berth::port

int main(int argc, char** argv) {
  berth::rpc::StopSignal stop;
  berth::port::Options options;
  berth::config::Table table("port-service",
                             "Hands out ports of shared load balancers, never the same one twice.");
  berth::port::AddKeys(table, options);
  return berth::rpc::RunProgram(table, argc, argv, options.program,
                                [&] { return berth::port::Serve(options, stop); });
}
