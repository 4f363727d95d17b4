#include "tests/integration/helm/helm_service_test.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "common/kube/object.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/program_path.h"
#include "tests/integration/helm/chart.h"

namespace berth::helm {

namespace fs = std::filesystem;
using harness::ApiServer;
using harness::Eventually;

HelmServiceTest::HelmServiceTest()
    : api_(ApiServer::Shared()),
      client_(api_.MakeClient()),
      berth_(api_.MakeNamespace()),
      ns_(api_.MakeNamespace()) {
  folder_ = fmt::format("{}/{}", api_.folder(), berth_);
  fs::create_directories(folder_);
  service_ = StartService();
}

std::unique_ptr<HelmServiceProcess> HelmServiceTest::StartService(int max_processes,
                                                                  std::vector<std::string> flags) {
  auto service = HelmServiceProcess::Start({.kubeconfig = api_.kubeconfig(),
                                            .ns = berth_,
                                            .helm = harness::ProgramPath(GetParam()),
                                            .folder = folder_,
                                            .max_processes = max_processes,
                                            .flags = std::move(flags)});
  EXPECT_TRUE(service.ok()) << service.status();
  return service.ok() ? *std::move(service) : nullptr;
}

v1::InstallReleaseRequest HelmServiceTest::InstallRequest(const std::string& values) const {
  auto request = Named<v1::InstallReleaseRequest>();
  request.mutable_chart()->set_archive(WebChart("1.2.3"));
  request.add_values()->set_yaml(values);
  return request;
}

v1::UpgradeReleaseRequest HelmServiceTest::UpgradeRequest(const std::string& values) const {
  auto request = Named<v1::UpgradeReleaseRequest>();
  request.mutable_chart()->set_archive(WebChart("1.3.0"));
  request.add_values()->set_yaml(values);
  return request;
}

absl::StatusOr<v1::Release> HelmServiceTest::GetRelease() {
  v1::GetReleaseResponse response;
  grpc::ClientContext context;
  const absl::Status status = FromGrpcStatus(
      service_->helm().GetRelease(&context, Named<v1::GetReleaseRequest>(), &response));
  if (!status.ok()) return status;
  return response.release();
}

std::vector<std::string> HelmServiceTest::ReleaseNames() {
  v1::ListReleasesRequest request;
  request.set_namespace_(ns_);
  v1::ListReleasesResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(service_->helm().ListReleases(&context, request, &response).ok());
  std::vector<std::string> names;
  for (const v1::Release& release : response.releases()) {
    names.push_back(
        fmt::format("{}:{}:{}", release.name(), release.revision(), release.chart_version()));
  }
  return names;
}

void HelmServiceTest::Cancel(const std::string& operation) {
  operation::v1::CancelOperationRequest request;
  request.set_name(operation);
  operation::v1::CancelOperationResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(service_->operations().CancelOperation(&context, request, &response).ok());
}

Outcome<operation::v1::WatchOperationResponse> HelmServiceTest::Watch(
    const std::string& operation) {
  operation::v1::WatchOperationRequest request;
  request.set_name(operation);
  grpc::ClientContext context;
  return Drain(*service_->operations().WatchOperation(&context, request));
}

std::vector<kube::Json> HelmServiceTest::OperationRecords() {
  return client_->List(kube::kOperations, berth_).value().items;
}

std::string HelmServiceTest::ConfigMapValue(const std::string& key) {
  const auto object = client_->Get(kube::kConfigMaps, {ns_, "web"});
  return object.ok() ? kube::StringAt(*object, {"data", key}) : "absent";
}

std::string HelmServiceTest::StatusOf(int revision) {
  const auto secret =
      client_->Get(kube::kSecrets, {ns_, fmt::format("sh.helm.release.v1.web.v{}", revision)});
  return secret.ok() ? kube::StringAt(*secret, {"metadata", "labels", "status"}) : "";
}

bool HelmServiceTest::WaitForStatus(int revision, const std::string& status) {
  return Eventually([&] { return StatusOf(revision) == status; });
}

std::vector<std::string> HelmServiceTest::RunFolders() const {
  std::vector<std::string> names;
  for (const auto& own : fs::directory_iterator(folder_ + "/work")) {
    for (const auto& run : fs::directory_iterator(own.path())) {
      if (run.path().filename().string().starts_with("run-")) names.push_back(run.path().string());
    }
  }
  return names;
}

void HelmServiceTest::ReleaseTheConfigMap() {
  EXPECT_TRUE(
      client_->Patch(kube::kConfigMaps, {ns_, "web"}, {{"metadata", {{"finalizers", nullptr}}}})
          .ok());
}

}  // namespace berth::helm
