// What watchers of an operation are told about the release's objects. There are no controllers
// here: the test writes what they would.

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/object.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/tar_builder.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/helm/helm_service_test.h"

namespace berth::helm {
namespace {

using harness::Eventually;
using operation::v1::HookUpdate;
using operation::v1::ObjectStatus;
using operation::v1::OperationUpdate;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr kube::Resource kJobs{"batch", "v1", "jobs", "Job"};
constexpr kube::Resource kReplicaSets{"apps", "v1", "replicasets", "ReplicaSet"};

constexpr char kDeployment[] = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "localhost/none:1"}]}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {token: made-up-by-the-chart}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "{{ .Release.Namespace }}-web"}
)";

constexpr char kHook[] = R"(apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: pre-install}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "localhost/none:1"}]
)";

TarBuilder Chart() {
  TarBuilder chart;
  chart.File("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
      .File("web/templates/web.yaml", kDeployment);
  return chart;
}

std::string Describe(const OperationUpdate& update) {
  switch (update.detail_case()) {
    case OperationUpdate::kObject:
      return fmt::format(
          "{} {} {}: {}", update.object().object().kind(), update.object().object().name(),
          ObjectStatus::State_Name(update.object().state()), update.object().message());
    case OperationUpdate::kWarning:
      return fmt::format("{} of {} {}: {}", update.warning().object().name(),
                         update.warning().owner().kind(), update.warning().reason(),
                         update.warning().message());
    case OperationUpdate::kHook:
      return fmt::format("hook {} {}: {}", update.hook().object().name(),
                         HookUpdate::State_Name(update.hook().state()), update.hook().message());
    case OperationUpdate::kLine:
      return update.line().text();
    default:
      return "";
  }
}

// One InstallRelease, read on a thread of its own.
class RunningInstall {
 public:
  RunningInstall(v1::HelmService::Stub& helm, const v1::InstallReleaseRequest& request)
      : reader_(helm.InstallRelease(&context_, request)), thread_([this] { Read(); }) {}

  std::vector<std::string> told() const {
    const MutexLock lock(mutex_);
    return told_;
  }

  bool HasTold(const std::string& text) const {
    const std::vector<std::string> lines = told();
    return std::find(lines.begin(), lines.end(), text) != lines.end();
  }

  // Waits for the end.
  absl::Status Finish() {
    thread_.join();
    return status_;
  }

 private:
  void Read() {
    v1::InstallReleaseResponse response;
    while (reader_->Read(&response)) {
      if (!response.has_update()) continue;
      const MutexLock lock(mutex_);
      told_.push_back(Describe(response.update()));
    }
    status_ = FromGrpcStatus(reader_->Finish());
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::InstallReleaseResponse>> reader_;
  mutable Mutex mutex_;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_;
  std::jthread thread_;
};

class LiveUpdatesTest : public HelmServiceTest {
 protected:
  v1::InstallReleaseRequest Request(const TarBuilder& chart, int timeout) const {
    auto request = Named<v1::InstallReleaseRequest>();
    request.mutable_chart()->set_archive(chart.Gzip());
    request.set_wait(true);
    request.mutable_run()->mutable_timeout()->set_seconds(timeout);
    return request;
  }

  kube::Json Await(const kube::Resource& resource, const std::string& name) {
    kube::Json object;
    EXPECT_TRUE(Eventually([&] {
      auto read = client_->Get(resource, {ns_, name});
      if (!read.ok()) return false;
      object = *std::move(read);
      return true;
    })) << name;
    return object;
  }

  void PatchStatus(const kube::Resource& resource, const std::string& name,
                   const kube::Json& status) {
    const auto patched =
        client_->Patch(resource, {ns_, name}, {{"status", status}}, {.subresource = "status"});
    EXPECT_TRUE(patched.ok()) << patched.status();
  }

  void Create(const kube::Resource& resource, kube::Json object) {
    object["metadata"]["namespace"] = ns_;
    const auto created = client_->Create(resource, object);
    EXPECT_TRUE(created.ok()) << created.status();
  }

  void PatchDeployment(int ready) {
    kube::Json status = {{"observedGeneration", 1},
                         {"replicas", 1},
                         {"updatedReplicas", 1},
                         {"readyReplicas", ready},
                         {"availableReplicas", ready}};
    for (const char* type : {"Available", "Progressing"}) {
      status["conditions"].push_back({{"type", type},
                                      {"status", ready > 0 ? "True" : "False"},
                                      {"reason", "NewReplicaSetAvailable"}});
    }
    PatchStatus(kube::kDeployments, "web", status);
  }

  static kube::Json ControllerReference(const kube::Resource& resource, const kube::Json& owner) {
    kube::Json reference = kube::OwnerReference(resource, owner);
    reference["controller"] = true;
    return reference;
  }

  // What the Deployment's controller makes of it.
  void CreateReplicaSet() {
    const kube::Json deployment = Await(kube::kDeployments, "web");
    Create(kReplicaSets,
           {{"metadata",
             {{"name", "web-1"},
              {"labels", deployment["spec"]["template"]["metadata"]["labels"]},
              {"ownerReferences", {ControllerReference(kube::kDeployments, deployment)}}}},
            {"spec",
             {{"replicas", 1},
              {"selector", deployment["spec"]["selector"]},
              {"template", deployment["spec"]["template"]}}}});
  }

  void CreatePodThatCannotPull() {
    const kube::Json replica_set = Await(kReplicaSets, "web-1");
    const kube::Json& pod_template = replica_set["spec"]["template"];
    Create(kube::kPods, {{"metadata",
                          {{"name", "web-1-a"},
                           {"labels", pod_template["metadata"]["labels"]},
                           {"ownerReferences", {ControllerReference(kReplicaSets, replica_set)}}}},
                         {"spec", pod_template["spec"]}});
    const kube::Json pod = Await(kube::kPods, "web-1-a");
    Create(kube::kEvents, {{"metadata", {{"name", "web-1-a.1"}}},
                           {"involvedObject",
                            {{"apiVersion", "v1"},
                             {"kind", "Pod"},
                             {"namespace", ns_},
                             {"name", "web-1-a"},
                             {"uid", kube::Uid(pod)}}},
                           {"type", "Warning"},
                           {"reason", "Failed"},
                           {"message", "Error: ImagePullBackOff made-up-by-the-chart"},
                           {"count", 1}});
  }
};

TEST_P(LiveUpdatesTest, AFailureNamesTheObjectThatWasNotReadyAndWhy) {
  RunningInstall install(service_->helm(), Request(Chart(), 15));
  CreateReplicaSet();
  CreatePodThatCannotPull();
  PatchDeployment(0);

  const std::string warning = "web-1-a of Deployment Failed: Error: ImagePullBackOff [redacted]";
  EXPECT_TRUE(Eventually([&] { return install.HasTold(warning); }));
  EXPECT_TRUE(Eventually(
      [&] { return install.HasTold("Deployment web STATE_PROGRESSING: 0 of 1 replicas ready"); }));
  const absl::Status status = install.Finish();

  EXPECT_THAT(install.told(), Contains("Secret web STATE_READY: "));
  EXPECT_THAT(install.told(), Contains(fmt::format("ClusterRole {}-web STATE_READY: ", ns_)));
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_RELEASE_NOT_READY) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(fmt::format("not ready: Deployment {}/web (0 of 1 replicas ready; Failed: "
                                    "Error: ImagePullBackOff [redacted])",
                                    ns_)));
  EXPECT_THAT(install.told(), Not(Contains(HasSubstr("made-up-by-the-chart"))));
}

TEST_P(LiveUpdatesTest, TellsHowObjectsBecomeReady) {
  RunningInstall install(service_->helm(), Request(Chart(), 60));
  CreateReplicaSet();
  PatchDeployment(0);
  EXPECT_TRUE(Eventually(
      [&] { return install.HasTold("Deployment web STATE_PROGRESSING: 0 of 1 replicas ready"); }));
  PatchDeployment(1);
  // Helm 3 goes by it.
  PatchStatus(kReplicaSets, "web-1",
              {{"observedGeneration", 1},
               {"replicas", 1},
               {"fullyLabeledReplicas", 1},
               {"readyReplicas", 1},
               {"availableReplicas", 1}});
  const absl::Status status = install.Finish();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(install.told(), Contains("Deployment web STATE_READY: 1 of 1 replicas ready"));
}

TEST_P(LiveUpdatesTest, TellsStartAndEndOfAHook) {
  RunningInstall install(service_->helm(),
                         Request(Chart().File("web/templates/hook.yaml", kHook), 60));
  Await(kJobs, "migrate");
  EXPECT_TRUE(Eventually([&] { return install.HasTold("hook migrate STATE_STARTED: "); }));
  PatchStatus(
      kJobs, "migrate",
      {{"startTime", "2026-01-01T00:00:00Z"},
       {"failed", 1},
       {"conditions",
        {{{"type", "FailureTarget"}, {"status", "True"}, {"reason", "BackoffLimitExceeded"}},
         {{"type", "Failed"},
          {"status", "True"},
          {"reason", "BackoffLimitExceeded"},
          {"message", "too often"}}}}});
  const absl::Status status = install.Finish();
  EXPECT_THAT(install.told(),
              Contains("hook migrate STATE_FAILED: BackoffLimitExceeded: too often"));
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_HELM_FAILED) << status;
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr(fmt::format("not ready: Job {}/migrate (BackoffLimitExceeded: too often", ns_)));
}

TEST_P(LiveUpdatesTest, ListsTheObjectsOfARelease) {
  v1::InstallReleaseRequest install = Request(Chart(), 60);
  install.set_wait(false);
  ASSERT_TRUE(RunningInstall(service_->helm(), install).Finish().ok());
  PatchDeployment(0);
  ASSERT_TRUE(client_->Delete(kube::kSecrets, {ns_, "web"}, {}).ok());

  v1::ListReleaseResourcesRequest request;
  request.set_namespace_(ns_);
  request.set_name("web");
  v1::ListReleaseResourcesResponse response;
  std::vector<std::string> told;
  EXPECT_TRUE(Eventually([&] {
    grpc::ClientContext context;
    const grpc::Status status = service_->helm().ListReleaseResources(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    told.clear();
    for (const v1::ReleaseResource& resource : response.resources()) {
      const ObjectStatus& object = resource.status();
      told.push_back(fmt::format("{} {}/{} {}: {}", object.object().kind(),
                                 object.object().namespace_(), object.object().name(),
                                 ObjectStatus::State_Name(object.state()), object.message()));
    }
    // The API server may remember the state of a moment ago.
    return !told.empty() && told.front().ends_with("STATE_MISSING: ");
  }));
  EXPECT_EQ(response.revision(), 1);
  EXPECT_THAT(told, ElementsAre(fmt::format("Secret {}/web STATE_MISSING: ", ns_),
                                fmt::format("ClusterRole /{}-web STATE_READY: ", ns_),
                                fmt::format("Deployment {}/web STATE_PROGRESSING: 0 of 1 replicas "
                                            "ready",
                                            ns_)));
}

INSTANTIATE_TEST_SUITE_P(Helms, LiveUpdatesTest, ::testing::Values("helm", "helm3"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace berth::helm
