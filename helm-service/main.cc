// Runs Helm and reads its releases.

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "common/config/config.h"
#include "common/grpc/caller.h"
#include "common/grpc/channel.h"
#include "common/grpc/program.h"
#include "common/grpc/server.h"
#include "common/grpc/stop_signal.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/kube/config.h"
#include "common/kube/crd_check.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/operation/executor.h"
#include "common/operation/identity_keys.h"
#include "common/operation/manager.h"
#include "common/operation/operation_service.h"
#include "common/operation/wait_until_ready.h"
#include "common/process/supervisor.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/cached_release_catalog.h"
#include "helm-service/adapters/chart_sources.h"
#include "helm-service/adapters/helm_keys.h"
#include "helm-service/adapters/helm_metrics.h"
#include "helm-service/adapters/helm_process_runner.h"
#include "helm-service/adapters/kube_cluster_reader.h"
#include "helm-service/adapters/kube_release_reader.h"
#include "helm-service/adapters/kube_release_store.h"
#include "helm-service/adapters/release_facts.h"
#include "helm-service/adapters/remote_chart_fetcher.h"
#include "helm-service/domain/chart_preparer.h"
#include "helm-service/domain/polling_observer.h"
#include "helm-service/domain/process_slots.h"
#include "helm-service/domain/release_handler.h"
#include "helm-service/domain/release_preview.h"
#include "helm-service/domain/stoppable_runs.h"
#include "helm-service/domain/unlock_handler.h"
#include "helm-service/transport/action_codecs.h"
#include "helm-service/transport/chart_service.h"
#include "helm-service/transport/helm_service.h"
#include "helm-service/transport/methods.h"

namespace berth::helm {
namespace {

// How long the API server may take to tell the state before the process gives up and is started
// anew.
constexpr std::chrono::seconds kStartPatience{60};

// Threads that fetch charts, and help to read objects of releases; more of both wait.
constexpr int kFetchThreads = 8;

// Steps of operations are short, whatever takes time runs beside them.
constexpr std::size_t kOperationThreads = 8;

struct Options {
  rpc::ProgramOptions program{.server = {.listen = "0.0.0.0:50051"}};
  HelmKeys helm;
  ChartSources::Options charts;
  std::string chart_ca_file;
  operation::Options operations{
      .service = "helm-service", .kube_namespace = "berth", .threads = kOperationThreads};
};

absl::StatusOr<std::string> ReadCaFile(const std::string& path) {
  if (path.empty()) return "";
  std::ifstream file(path);
  std::string pem((std::istreambuf_iterator<char>(file)), {});
  if (pem.empty()) {
    return absl::InvalidArgumentError("charts.ca_file: cannot be read, or is empty");
  }
  return pem;
}

void AddKeys(config::Table& table, Options& options) {
  rpc::AddProgramKeys(table, options.program, options.operations.kube_namespace);
  operation::AddIdentityKeys(table, options.operations.identity);
  AddHelmKeys(table, options.helm);
  AddChartKeys(table, options.charts);
  table.Add("charts.ca_file", &options.chart_ca_file,
            "PEM file of authorities for charts of no repository; the system's if empty");
}

// Waits for running operations. At the deadline those end whose Helm can be told to; what is left
// after that another replica finishes.
void DrainOperations(operation::Manager& manager, StoppableRuns& stoppable,
                     std::chrono::seconds stop_timeout, rpc::SteadyTime deadline) {
  constexpr std::chrono::seconds kLook{1};
  while (!stoppable.abandoned() && std::chrono::steady_clock::now() < deadline) {
    if (manager.Drain(std::min(deadline, std::chrono::steady_clock::now() + kLook))) return;
  }
  stoppable.StopAll(std::chrono::steady_clock::now() + stop_timeout);
}

absl::Status Serve(Options options, rpc::StopSignal& stop) {
  metrics::Registry metrics("helm");
  ASSIGN_OR_RETURN(const kube::Config kube, kube::LoadConfig(options.program.kubeconfig));
  ASSIGN_OR_RETURN(const std::unique_ptr<kube::Client> client,
                   kube::Client::Create(kube, {.user_agent = "berth-helm-service"}));
  RETURN_IF_ERROR(kube::CheckSchemas(*client, {{kube::kChartRepositories}}));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<ChartSources> sources,
      ChartSources::Create(*client, options.operations.kube_namespace, options.charts));
  ASSIGN_OR_RETURN(const std::unique_ptr<process::Supervisor> supervisor,
                   process::Supervisor::Create());
  HelmMetrics helm_metrics(metrics);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<HelmProcessRunner> helm,
      HelmProcessRunner::Create(*supervisor, helm_metrics, options.helm.RunnerOptions(kube)));
  ReleaseFacts facts(*client);
  KubeReleaseReader reader(*client, facts);
  CachedReleaseCatalog catalog(*client, facts);
  KubeReleaseStore releases(*client,
                            [&](const ReleaseKey& key) { return catalog.NewestRevision(key); });
  ASSIGN_OR_RETURN(std::string chart_ca, ReadCaFile(options.chart_ca_file));
  RemoteChartFetcher fetcher(
      {.http = sources->http(),
       .repositories = sources->repositories(),
       .policy = sources->policy()},
      {.allow_plain_http = options.charts.policy.allow_plain_http, .ca_pem = std::move(chart_ca)});
  operation::Executor fetch_threads("fetch", kFetchThreads, kube::RealClock());
  const ChartPreparer charts(fetcher, fetch_threads);
  fetch_threads.Start();
  KubeClusterReader cluster(*client);
  PollingObserver observer(releases, cluster);
  ProcessSlots slots(static_cast<std::size_t>(options.helm.max_processes),
                     [&](int change) { helm_metrics.WaitingChanged(change); });
  StoppableRuns stoppable;
  ProcessSlots render_slots(static_cast<std::size_t>(options.helm.max_renders));
  const ReleasePreview preview({.helm = *helm,
                                .charts = charts,
                                .releases = releases,
                                .reader = reader,
                                .slots = render_slots},
                               options.helm.PreviewOptions());

  operation::CompleteIdentity(options.operations.identity, options.program.server.listen);
  options.operations.peer_channel = [](const std::string& address) {
    return rpc::CreateChannel({.target = address});
  };
  options.operations.on_lease_lost = [&](const absl::Status& why) {
    helm->Leave();
    stoppable.Abandon();
    stop.Request({.reason = Describe(why), .urgency = rpc::Stop::Urgency::kNow});
  };
  ASSIGN_OR_RETURN(const std::unique_ptr<operation::Manager> manager,
                   operation::Manager::Create(*client, options.operations));
  const ReleaseHandler::Dependencies dependencies{.helm = *helm,
                                                  .releases = releases,
                                                  .reader = reader,
                                                  .slots = slots,
                                                  .charts = charts,
                                                  .observer = observer,
                                                  .stoppable = stoppable,
                                                  .lease = manager->lease()};
  const ReleaseHandler::Options helm_options = options.helm.HandlerOptions();
  ReleaseHandler install(InstallCodec(), dependencies, helm_options);
  ReleaseHandler upgrade(UpgradeCodec(), dependencies, helm_options);
  ReleaseHandler rollback(RollbackCodec(), dependencies, helm_options);
  ReleaseHandler uninstall(UninstallCodec(), dependencies, helm_options);
  ReleaseHandler test(TestCodec(), dependencies, helm_options);
  UnlockHandler unlock(MakeUnlockCodec(), releases);
  manager->RegisterHandler(kInstallMethod, install);
  manager->RegisterHandler(kUpgradeMethod, upgrade);
  manager->RegisterHandler(kRollbackMethod, rollback);
  manager->RegisterHandler(kUninstallMethod, uninstall);
  manager->RegisterHandler(kTestMethod, test);
  manager->RegisterHandler(kUnlockMethod, unlock);

  rpc::Server server(options.program.server, metrics);
  HelmServiceImpl service(*manager, server.streams(), helm->version(), releases, catalog, reader,
                          cluster, preview, fetch_threads, options.helm.secrets);
  ChartServiceImpl chart_service({.store = sources->store(),
                                  .editor = sources->store(),
                                  .indexes = sources->indexes(),
                                  .registries = sources->registries(),
                                  .fetcher = fetcher,
                                  .policy = sources->policy()});
  operation::OperationServiceImpl operations(*manager, server.streams(), rpc::CallerOf);
  server.Register(v1::HelmService::service_full_name(), service);
  server.Register(v1::ChartService::service_full_name(), chart_service);
  server.Register(operation::v1::OperationService::service_full_name(), operations);
  server.OnDrain("operations", [&](rpc::SteadyTime deadline) {
    DrainOperations(*manager, stoppable, options.helm.stop_timeout, deadline);
  });
  RETURN_IF_ERROR(server.Start());
  catalog.Start();
  sources->Start();
  observer.Start();
  const rpc::SteadyTime deadline = std::chrono::steady_clock::now() + kStartPatience;
  RETURN_IF_ERROR(catalog.WaitForSync(deadline));
  RETURN_IF_ERROR(manager->Start());
  absl::Status ready = operation::WaitUntilReady(*manager, deadline);
  if (ready.ok()) {
    server.SetServing(true);
    log::Info("ready", {{"port", server.port()},
                        {"namespace", options.operations.kube_namespace},
                        {"helm", helm->version().ToString()}});
    const rpc::Stop asked = server.RunUntil(stop);
    log::Info("stopping", {{"reason", asked.reason}});
  }
  // Helm first: nothing may still work for an operation that another replica takes over.
  helm->Leave();
  supervisor->Shutdown();
  manager->Shutdown();
  fetch_threads.Stop();
  return ready;
}

}  // namespace
}  // namespace berth::helm

int main(int argc, char** argv) {
  berth::rpc::StopSignal stop;
  berth::helm::Options options;
  berth::config::Table table("helm-service", "Runs Helm and reads its releases.");
  berth::helm::AddKeys(table, options);
  return berth::rpc::RunProgram(table, argc, argv, options.program,
                                [&] { return berth::helm::Serve(std::move(options), stop); });
}
