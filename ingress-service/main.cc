// Puts rules on load balancers and keeps them there.

#include <chrono>
#include <memory>
#include <string>

#include "common/config/config.h"
#include "common/grpc/channel.h"
#include "common/grpc/program.h"
#include "common/grpc/server.h"
#include "common/grpc/stop_signal.h"
#include "common/kube/client.h"
#include "common/kube/config.h"
#include "common/kube/crd_check.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/adapters/rule_engine.h"
#include "ingress-service/transport/ingress_handler.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::ingress {
namespace {

// How long the API server may take to tell the state before the process gives up and is started
// anew.
constexpr std::chrono::seconds kStartPatience{60};

struct Options {
  rpc::ProgramOptions program{.server = {.listen = "0.0.0.0:50053"}};
  std::string port_service = "dns:///berth-port-service-headless:50052";
  RuleEngine::Options engine{.ns = "berth", .loop = {.parallel_calls = 16}};
};

void AddKeys(config::Table& table, Options& options) {
  rpc::AddProgramKeys(table, options.program, options.engine.ns);
  table.Add("port_service.address", &options.port_service, "where port-service answers");
  table.Add("port_service.timeout", &options.engine.port_service_timeout, "time for a call to it")
      .Range(100, 60'000);
  table.Add("loop.workers", &options.engine.workers, "pools that are worked on at the same time")
      .Range(1, 64);
  table
      .Add("loop.resync_interval", &options.engine.loop.resync_interval,
           "how long until a pool is looked at again if nothing happens")
      .Range(1'000, 3'600'000);
  table
      .Add("loop.absence_interval", &options.engine.loop.absence_interval,
           "how long a rule's claim must have been gone before the rule is deleted")
      .Range(100, 3'600'000);
  table
      .Add("loop.parallel_calls", &options.engine.loop.parallel_calls,
           "claims that a pass reads, or objects and statuses that it writes, at the same time")
      .Range(1, 64);
  table.Add("probe.enabled", &options.engine.loop.probe,
            "whether a connection through the load balancer proves that a TCP rule is served");
  table.Add("probe.host", &options.engine.loop.probe_host,
            "where to connect to; empty for the load balancer's own address");
  table.Add("probe.hold", &options.engine.probe.hold, "how long a connection must stay open")
      .Range(10, 10'000);
  table
      .Add("probe.retry_interval", &options.engine.probe.retry_interval,
           "between tries while a rule is not served")
      .Range(50, 60'000);
  table
      .Add("probe.recheck_interval", &options.engine.probe.recheck_interval,
           "between tries while it is")
      .Range(1'000, 3'600'000);
}

absl::Status Serve(const Options& options, rpc::StopSignal& stop) {
  metrics::Registry metrics("ingress");
  ASSIGN_OR_RETURN(const kube::Config kube_config, kube::LoadConfig(options.program.kubeconfig));
  ASSIGN_OR_RETURN(const std::unique_ptr<kube::Client> client,
                   kube::Client::Create(kube_config, {.user_agent = "berth-ingress-service"}));
  const auto channel = rpc::CreateChannel({.target = options.port_service});
  const auto port_service = port::v1::PortService::NewStub(channel);
  ASSIGN_OR_RETURN(const std::unique_ptr<RuleEngine> engine,
                   RuleEngine::Create(*client, *port_service, metrics, options.engine));

  rpc::Server server(options.program.server, metrics);
  IngressHandler handler({.service = engine->service(),
                          .rules = engine->rules(),
                          .source = engine->source(),
                          .feed = engine->feed(),
                          .inspector = engine->inspector(),
                          .adopter = engine->adopter()},
                         server.streams());
  server.Register(v1::IngressService::service_full_name(), handler);
  server.OnDrain("loop", [&](rpc::SteadyTime) { engine->Stop(); });
  RETURN_IF_ERROR(server.Start());
  RETURN_IF_ERROR(kube::CheckSchemas(
      *client, {{kube::kPortPools, 4}, {kube::kPortClaims}, {kube::kPortRules, 2}}));
  RETURN_IF_ERROR(engine->Start(std::chrono::steady_clock::now() + kStartPatience));
  server.SetServing(true);
  log::Info("serving", {{"port", server.port()}, {"namespace", options.engine.ns}});
  server.RunUntil(stop);
  return absl::OkStatus();
}

}  // namespace
}  // namespace berth::ingress

int main(int argc, char** argv) {
  berth::rpc::StopSignal stop;
  berth::ingress::Options options;
  berth::config::Table table("ingress-service",
                             "Puts rules on load balancers and keeps them there.");
  berth::ingress::AddKeys(table, options);
  return berth::rpc::RunProgram(table, argc, argv, options.program,
                                [&] { return berth::ingress::Serve(options, stop); });
}
