// Deploys charts and exposes their ports as one dependable call.

#include <chrono>
#include <memory>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "common/config/config.h"
#include "common/grpc/caller.h"
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
#include "common/operation/identity_keys.h"
#include "common/operation/manager.h"
#include "common/operation/operation_service.h"
#include "common/operation/wait_until_ready.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/adapters/cluster_view.h"
#include "gateway/adapters/exposure_loop.h"
#include "gateway/adapters/helm_releases.h"
#include "gateway/adapters/kube_exposure_store.h"
#include "gateway/adapters/manager_children.h"
#include "gateway/adapters/orphan_sweeper.h"
#include "gateway/adapters/service_load_balancing.h"
#include "gateway/domain/reconciler.h"
#include "gateway/transport/deploy_operation.h"
#include "gateway/transport/expose_operation.h"
#include "gateway/transport/gateway_service.h"
#include "gateway/transport/undeploy_operation.h"
#include "gateway/transport/unexpose_operation.h"

namespace berth::gateway {
namespace {

// How long the API server may take to tell the state before the process gives up and is started
// anew.
constexpr std::chrono::seconds kStartPatience{60};

struct Options {
  rpc::ProgramOptions program{.server = {.listen = "0.0.0.0:50050"}};
  std::string helm_service = "dns:///berth-helm-service-headless:50051";
  std::string port_service = "dns:///berth-port-service-headless:50052";
  std::string ingress_service = "dns:///berth-ingress-service-headless:50053";
  std::chrono::seconds undo_timeout = std::chrono::minutes(5);
  int loop_workers = 8;
  std::chrono::milliseconds orphan_interval = std::chrono::seconds(35);
  operation::Options operations{.service = "gateway", .kube_namespace = "berth"};
};

Time Now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

void AddKeys(config::Table& table, Options& options) {
  rpc::AddProgramKeys(table, options.program, options.operations.kube_namespace);
  operation::AddIdentityKeys(table, options.operations.identity);
  table.Add("helm_service.address", &options.helm_service, "where helm-service answers").Required();
  table.Add("port_service.address", &options.port_service, "where port-service answers").Required();
  table.Add("ingress_service.address", &options.ingress_service, "where ingress-service answers")
      .Required();
  table.Add("undo_timeout", &options.undo_timeout, "time for an operation to take itself back")
      .Range(1'000, 3'600'000);
  table.Add("loop.workers", &options.loop_workers, "exposures worked on at the same time")
      .Range(1, 64);
  table
      .Add("loop.orphan_interval", &options.orphan_interval,
           "between looks for claims and rules whose exposure is gone")
      .Range(1'000, 3'600'000);
}

absl::Status Serve(Options options, rpc::StopSignal& stop) {
  metrics::Registry metrics("gateway");
  ASSIGN_OR_RETURN(const kube::Config kube_config, kube::LoadConfig(options.program.kubeconfig));
  ASSIGN_OR_RETURN(const std::unique_ptr<kube::Client> client,
                   kube::Client::Create(kube_config, {.user_agent = "berth-gateway"}));
  operation::CompleteIdentity(options.operations.identity, options.program.server.listen);
  options.operations.peer_channel = [](const std::string& address) {
    return rpc::CreateChannel({.target = address});
  };
  options.operations.on_lease_lost = [&stop](const absl::Status& why) {
    stop.Request({.reason = Describe(why), .urgency = rpc::Stop::Urgency::kNow});
  };
  ASSIGN_OR_RETURN(const std::unique_ptr<operation::Manager> manager,
                   operation::Manager::Create(*client, options.operations));

  const auto helm =
      helm::v1::HelmService::NewStub(rpc::CreateChannel({.target = options.helm_service}));
  const auto ports =
      port::v1::PortService::NewStub(rpc::CreateChannel({.target = options.port_service}));
  const auto rules =
      ingress::v1::IngressService::NewStub(rpc::CreateChannel({.target = options.ingress_service}));
  HelmReleases releases(*helm);
  ServiceLoadBalancing balancing(*ports, *rules);
  ManagerChildren children(*manager, rpc::kAnonymous);
  KubeExposureStore store(*client);
  ClusterView view(*client,
                   {.berth_namespace = options.operations.kube_namespace, .operations = *manager});
  Reconciler reconciler({store, store, balancing, view, Now});
  ExposureLoop loop(reconciler, options.loop_workers);
  OrphanSweeper sweeper({*client, options.operations.kube_namespace, view, store, balancing,
                         metrics, options.orphan_interval});

  DeployOperation deploy({store, view, balancing, view, releases, children, options.undo_timeout});
  UndeployOperation undeploy({store, view, releases, children});
  ExposeOperation expose({store, view, balancing, view, options.undo_timeout});
  UnexposeOperation unexpose({store, view});
  manager->RegisterHandler(DeployOperation::kMethod, deploy);
  manager->RegisterHandler(UndeployOperation::kMethod, undeploy);
  manager->RegisterHandler(ExposeOperation::kMethod, expose);
  manager->RegisterHandler(UnexposeOperation::kMethod, unexpose);
  // Once the server is gone, and before anything that operations and watches call.
  const absl::Cleanup stop_work = [&] {
    manager->Shutdown();
    sweeper.Stop();
    loop.Stop();
    view.Stop();
  };

  rpc::Server server(options.program.server, metrics);
  GatewayServiceImpl gateway({*manager, server.streams(), store, view});
  operation::OperationServiceImpl operations(*manager, server.streams(), rpc::CallerOf);
  server.Register(v1::GatewayService::service_full_name(), gateway);
  server.Register(operation::v1::OperationService::service_full_name(), operations);
  server.OnDrain("operations", [&](rpc::SteadyTime deadline) { manager->Drain(deadline); });
  RETURN_IF_ERROR(server.Start());
  RETURN_IF_ERROR(kube::CheckSchemas(*client, {{kube::kExposures},
                                               {kube::kPortClaims},
                                               {kube::kPortRules},
                                               {kube::kOperations},
                                               {kube::kReleaseQueues}}));
  view.Start([&loop](const ExposureKey& key) { loop.Add(key); });
  const rpc::SteadyTime deadline = std::chrono::steady_clock::now() + kStartPatience;
  RETURN_IF_ERROR(view.WaitForSync(deadline));
  loop.Start();
  sweeper.Start();
  RETURN_IF_ERROR(manager->Start());
  RETURN_IF_ERROR(operation::WaitUntilReady(*manager, deadline));
  server.SetServing(true);
  log::Info("ready", {{"port", server.port()}, {"namespace", options.operations.kube_namespace}});
  const rpc::Stop asked = server.RunUntil(stop);
  log::Info("stopping", {{"reason", asked.reason}});
  return absl::OkStatus();
}

}  // namespace
}  // namespace berth::gateway

int main(int argc, char** argv) {
  berth::rpc::StopSignal stop;
  berth::gateway::Options options;
  berth::config::Table table("gateway", "Deploys charts and exposes their ports.");
  berth::gateway::AddKeys(table, options);
  return berth::rpc::RunProgram(table, argc, argv, options.program,
                                [&] { return berth::gateway::Serve(options, stop); });
}
