#include "tests/integration/operation/replica.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

namespace berth::operation {

grpc::ServerWriteReactor<helm::v1::InstallReleaseResponse>* InstallService::InstallRelease(
    grpc::CallbackServerContext* context, const helm::v1::InstallReleaseRequest* request) {
  Spec spec{.method = kInstall,
            .target_namespace = request->namespace_(),
            .target_name = request->name(),
            .caller = "tester",
            .takes_release_ticket = true};
  return Serve<helm::v1::InstallReleaseResponse>(manager_, streams_, *context, *request,
                                                 std::move(spec));
}

void Addresses::Set(const std::string& name, int port) {
  MutexLock lock(mutex_);
  ports_[name] = port;
}

std::shared_ptr<grpc::Channel> Addresses::ChannelTo(const std::string& name) {
  MutexLock lock(mutex_);
  return grpc::CreateChannel(fmt::format("127.0.0.1:{}", ports_[name]),
                             grpc::InsecureChannelCredentials());
}

Replica::Replica(harness::ApiServer& api_server, Addresses& addresses, GatedHandler& handler,
                 Settings settings) {
  proxy_ = *harness::TcpProxy::Start(api_server.port());
  kube::Config config = api_server.config();
  config.server = fmt::format("https://127.0.0.1:{}", proxy_->port());
  client_ = *kube::Client::Create(config, {});

  Options options{
      .service = "helm-service",
      .kube_namespace = settings.kube_namespace,
      .identity = {.pod_name = settings.name,
                   .pod_uid = settings.name + "-uid",
                   .address = settings.name,
                   .is_pod = false},
      .liveness = settings.liveness,
      .retention = settings.retention,
      .retention_every = settings.retention_every,
      .threads = 4,
      .peer_channel = [&](const std::string& name) { return addresses.ChannelTo(name); },
      .on_lease_lost = [this](const absl::Status&) { lease_lost_ = true; }};
  absl::StatusOr<std::unique_ptr<Manager>> manager = Manager::Create(*client_, std::move(options));
  EXPECT_TRUE(manager.ok()) << manager.status();
  manager_ = *std::move(manager);
  manager_->RegisterHandler(kInstall, handler);
  const absl::Status started = manager_->Start();
  EXPECT_TRUE(started.ok()) << started;

  server_ = std::make_unique<rpc::Server>(
      rpc::ServerOptions{.listen = "127.0.0.1:0", .metrics_listen = ""}, metrics_);
  operation_service_ = std::make_unique<OperationServiceImpl>(
      *manager_, server_->streams(),
      [](const grpc::ServerContextBase&) { return std::string("tester"); });
  install_service_ = std::make_unique<InstallService>(*manager_, server_->streams());
  server_->Register(v1::OperationService::service_full_name(), *operation_service_);
  server_->Register(helm::v1::HelmService::service_full_name(), *install_service_);
  const absl::Status listening = server_->Start();
  EXPECT_TRUE(listening.ok()) << listening;
  server_->SetServing(true);
  addresses.Set(settings.name, server_->port());

  const std::shared_ptr<grpc::Channel> channel = addresses.ChannelTo(settings.name);
  operations_ = v1::OperationService::NewStub(channel);
  installs_ = helm::v1::HelmService::NewStub(channel);
}

Replica::~Replica() {
  proxy_->Stall(false);
  Stop();
}

void Replica::Stop() {
  server_->Drain(std::chrono::steady_clock::now());
  manager_->Shutdown();
}

}  // namespace berth::operation
