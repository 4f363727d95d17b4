// Hands out ports of shared load balancers, never the same one twice.

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "common/config/config.h"
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
  rpc::ServerOptions server{.listen = "0.0.0.0:50052"};
  log::Options log;
  std::string kubeconfig;
  PortEngine::Options engine{.ns = "berth"};
};

void AddKeys(config::Table& table, Options& options) {
  rpc::AddServerOptions(table, options.server);
  table.AddChoice<log::Level>("log.level", &options.log.level,
                              {{"debug", log::Level::kDebug},
                               {"info", log::Level::kInfo},
                               {"warn", log::Level::kWarning},
                               {"error", log::Level::kError}},
                              "events below it are dropped");
  table.AddChoice<log::Format>("log.format", &options.log.format,
                               {{"text", log::Format::kText}, {"json", log::Format::kJson}},
                               "how events are written");
  table.Add("kube.kubeconfig", &options.kubeconfig, "kubeconfig file; empty inside a pod");
  table.Add("kube.namespace", &options.engine.ns, "Berth's namespace").Required();
  table
      .Add("claims.watch_patience", &options.engine.watch_patience,
           "how long to wait for the watch to show a new claim before asking the API server")
      .Range(0, 10'000);
  table
      .Add("repair.interval", &options.engine.repair_interval,
           "between two looks for bound claims without a rule; two such looks release one")
      .Range(30'000, 3'600'000);
}

absl::Status Serve(const Options& options, rpc::StopSignal& stop) {
  metrics::Registry metrics("port");
  ASSIGN_OR_RETURN(const kube::Config kube_config, kube::LoadConfig(options.kubeconfig));
  ASSIGN_OR_RETURN(const std::unique_ptr<kube::Client> client,
                   kube::Client::Create(kube_config, {.user_agent = "berth-port-service"}));
  PortEngine engine(*client, metrics, options.engine);
  PortServiceImpl service({.pools = engine.pools(),
                           .store = engine.store(),
                           .view = engine.view(),
                           .allocator = engine.allocator(),
                           .lifecycle = engine.lifecycle(),
                           .metrics = metrics});

  rpc::Server server(options.server, metrics);
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
  const auto outcome = table.Parse(argc, argv);
  if (!outcome.ok()) {
    std::fprintf(stderr, "%s\n", berth::Describe(outcome.status()).c_str());
    return 2;
  }
  if (outcome->action == berth::config::Outcome::Action::kExit) {
    std::fputs(outcome->text.c_str(), stdout);
    return 0;
  }
  berth::log::Init(options.log);
  if (const absl::Status served = berth::port::Serve(options, stop); !served.ok()) {
    berth::log::Error("stopped", {{"error", berth::Describe(served)}});
    return 1;
  }
  return 0;
}
