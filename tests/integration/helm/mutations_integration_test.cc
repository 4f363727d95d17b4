// Options of install, upgrade, rollback and uninstall, tests and unlocking, with real Helms.

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/kube/object.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/helm/chart.h"
#include "tests/integration/helm/helm_service_test.h"

namespace berth::helm {
namespace {

using harness::Eventually;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class MutationsTest : public HelmServiceTest {
 protected:
  // An upgrade that never becomes ready where there are no nodes.
  v1::UpgradeReleaseRequest StuckUpgrade(int seconds) const {
    v1::UpgradeReleaseRequest request = UpgradeRequest("{deployment: true, note: stuck}");
    request.mutable_apply()->set_rollback_on_failure(true);
    request.mutable_run()->mutable_timeout()->set_seconds(seconds);
    return request;
  }
  v1::InstallReleaseRequest StuckInstall(int seconds) const {
    v1::InstallReleaseRequest request = InstallRequest("{deployment: true, note: stuck}");
    request.mutable_apply()->set_rollback_on_failure(true);
    request.mutable_run()->mutable_timeout()->set_seconds(seconds);
    return request;
  }

  Outcome<v1::TestReleaseResponse> RunTests(const v1::TestReleaseRequest& request) {
    grpc::ClientContext context;
    return Drain(*service_->helm().TestRelease(&context, request));
  }
  Outcome<v1::UnlockReleaseResponse> Unlock(int expected_revision) {
    auto request = Named<v1::UnlockReleaseRequest>();
    request.set_expected_revision(expected_revision);
    grpc::ClientContext context;
    return Drain(*service_->helm().UnlockRelease(&context, request));
  }

  // Leaves a release as a Helm does that was killed.
  void MarkRevision(int revision, const std::string& status) {
    ASSERT_TRUE(client_
                    ->Patch(kube::kSecrets,
                            {ns_, fmt::format("sh.helm.release.v1.web.v{}", revision)},
                            {{"metadata", {{"labels", {{"status", status}}}}}})
                    .ok());
  }
  // What a kubelet would say of a new pod.
  void SetPodPhase(const std::string& name, const std::string& phase) {
    ASSERT_TRUE(Eventually([&] {
      auto pod = client_->Get(kube::kPods, {ns_, name});
      if (!pod.ok() || kube::StringAt(*pod, {"status", "phase"}) != "Pending") return false;
      (*pod)["status"]["phase"] = phase;
      return client_->UpdateStatus(kube::kPods, *pod).ok();
    }));
  }
};

INSTANTIATE_TEST_SUITE_P(Helms, MutationsTest, ::testing::Values("helm", "helm3"),
                         [](const auto& info) { return info.param; });

TEST_P(MutationsTest, AFailedInstallIsRemovedAgain) {
  const auto outcome = Install(StuckInstall(8));
  EXPECT_EQ(ReasonOf(outcome.status), Reason::ERROR_REASON_RELEASE_NOT_READY) << outcome.status;
  EXPECT_EQ(ReasonOf(GetRelease().status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  EXPECT_EQ(ConfigMapValue("note"), "absent");
  EXPECT_TRUE(Install(InstallRequest()).status.ok());
}

TEST_P(MutationsTest, AFailedUpgradeIsRolledBack) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  const auto outcome = Upgrade(StuckUpgrade(8));
  EXPECT_EQ(ReasonOf(outcome.status), Reason::ERROR_REASON_RELEASE_NOT_READY) << outcome.status;
  EXPECT_EQ(MetadataOf(outcome.status, "revision"), "3");
  EXPECT_EQ(StatusOf(3), "deployed");
  EXPECT_EQ(ConfigMapValue("note"), "hello");
}

TEST_P(MutationsTest, ACancelledUpgradeIsRolledBack) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  std::optional<Outcome<v1::UpgradeReleaseResponse>> outcome;
  grpc::ClientContext context;
  const auto reader = service_->helm().UpgradeRelease(&context, StuckUpgrade(300));
  v1::UpgradeReleaseResponse first;
  ASSERT_TRUE(reader->Read(&first));
  ASSERT_TRUE(WaitForStatus(2, "pending-upgrade"));
  Cancel(first.update().operation());
  outcome = Drain(*reader);
  EXPECT_EQ(outcome->status.code(), absl::StatusCode::kCancelled) << outcome->status;
  EXPECT_THAT(outcome->phases(), Contains("TAKING_BACK"));
  EXPECT_EQ(StatusOf(3), "deployed");
  EXPECT_EQ(ConfigMapValue("note"), "hello");
  EXPECT_TRUE(Upgrade(UpgradeRequest()).status.ok());
}

TEST_P(MutationsTest, AnUpgradeWhoseHelmIsKilledIsRolledBackByBerth) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  std::optional<Outcome<v1::UpgradeReleaseResponse>> outcome;
  {
    const std::jthread caller([&] { outcome = Upgrade(StuckUpgrade(300)); });
    ASSERT_TRUE(WaitForStatus(2, "pending-upgrade"));
    ::kill(service_->WaitForHelm(), SIGKILL);
  }
  EXPECT_EQ(ReasonOf(outcome->status), Reason::ERROR_REASON_HELM_FAILED) << outcome->status;
  EXPECT_THAT(outcome->phases(), Contains("ROLLING_BACK"));
  EXPECT_EQ(StatusOf(2), "failed");
  EXPECT_EQ(StatusOf(3), "deployed");
  EXPECT_EQ(ConfigMapValue("note"), "hello");
}

TEST_P(MutationsTest, AnotherReplicaRemovesTheInstallOfAKilledOne) {
  grpc::ClientContext context;
  const auto reader = service_->helm().InstallRelease(&context, StuckInstall(300));
  v1::InstallReleaseResponse first;
  ASSERT_TRUE(reader->Read(&first));
  ASSERT_TRUE(WaitForStatus(1, "pending-install"));
  service_->Kill();
  EXPECT_FALSE(Drain(*reader).status.ok());

  service_ = StartService();
  const auto outcome = Watch(first.update().operation());
  ASSERT_TRUE(outcome.last.has_value());
  const absl::Status error = FromRpcStatus(outcome.last->error());
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_INTERRUPTED) << error;
  EXPECT_EQ(ReasonOf(GetRelease().status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  EXPECT_EQ(ConfigMapValue("note"), "absent");
}

TEST_P(MutationsTest, AnUninstallKeepsTheHistoryWhenAskedToAndARollbackBringsItBack) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  v1::UninstallReleaseRequest request = UninstallRequest();
  request.set_keep_history(true);
  request.set_description("retired");
  const auto uninstalled = Uninstall(request);
  ASSERT_TRUE(uninstalled.status.ok()) << uninstalled.status;
  EXPECT_EQ(ConfigMapValue("note"), "absent");
  EXPECT_EQ(GetRelease()->status(), v1::Release::STATUS_UNINSTALLED);
  EXPECT_EQ(GetRelease()->description(), "retired");
  EXPECT_EQ(ReasonOf(Uninstall(request).status), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  EXPECT_EQ(ReasonOf(Upgrade(UpgradeRequest()).status), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  const auto back = Rollback(RollbackRequest(1));
  ASSERT_TRUE(back.status.ok()) << back.status;
  EXPECT_EQ(ConfigMapValue("note"), "hello");
}

TEST_P(MutationsTest, AnUpgradeReusesValuesWhenAskedTo) {
  ASSERT_TRUE(Install(InstallRequest("note: kept")).status.ok());
  for (const v1::ValuesPolicy policy :
       {v1::VALUES_POLICY_REUSE, v1::VALUES_POLICY_RESET_THEN_REUSE}) {
    v1::UpgradeReleaseRequest request = UpgradeRequest("{}");
    request.set_values_policy(policy);
    ASSERT_TRUE(Upgrade(request).status.ok());
    EXPECT_EQ(ConfigMapValue("note"), "kept");
  }
}

TEST_P(MutationsTest, PassesEveryOptionThatTheHelmKnows) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  v1::UpgradeReleaseRequest request = UpgradeRequest();
  request.set_wait(true);
  request.set_history_limit(2);
  v1::ApplyOptions& apply = *request.mutable_apply();
  apply.set_wait_for_jobs(true);
  apply.mutable_step_timeout()->set_seconds(30);
  apply.set_rollback_on_failure(true);
  apply.set_force(true);
  apply.set_take_ownership(true);
  apply.set_skip_crds(true);
  apply.set_disable_hooks(true);
  apply.set_disable_openapi_validation(true);
  apply.set_skip_schema_validation(true);
  (*apply.mutable_labels())["team"] = "web";
  apply.set_description("second");
  for (int i = 0; i < 2; ++i) {
    const auto upgraded = Upgrade(request);
    ASSERT_TRUE(upgraded.status.ok()) << upgraded.status;
  }
  EXPECT_EQ(GetRelease()->description(), "second");
  const auto secret = client_->Get(kube::kSecrets, {ns_, "sh.helm.release.v1.web.v3"});
  EXPECT_EQ(kube::StringAt(*secret, {"metadata", "labels", "team"}), "web");
  EXPECT_EQ(StatusOf(1), "");  // beyond the limit of two

  v1::RollbackReleaseRequest rollback = RollbackRequest(2);
  rollback.set_wait(true);
  rollback.set_wait_for_jobs(true);
  rollback.set_force(true);
  rollback.set_disable_hooks(true);
  rollback.set_history_limit(5);
  rollback.mutable_step_timeout()->set_seconds(30);
  EXPECT_TRUE(Rollback(rollback).status.ok());

  v1::UninstallReleaseRequest uninstall = UninstallRequest();
  uninstall.set_disable_hooks(true);
  uninstall.set_cascade(v1::CASCADE_FOREGROUND);
  EXPECT_TRUE(Uninstall(uninstall).status.ok());
}

TEST_P(MutationsTest, AppliesOnTheServerSideWithHelm4AndRefusesItByNameWithHelm3) {
  v1::InstallReleaseRequest request = InstallRequest();
  request.mutable_apply()->set_server_side_apply(v1::SERVER_SIDE_APPLY_ENABLED);
  const auto outcome = Install(request);
  if (GetParam() == "helm") {
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    return;
  }
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ReasonOf(outcome.status), Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  EXPECT_EQ(MetadataOf(outcome.status, "option"), "server_side_apply");
  EXPECT_EQ(MetadataOf(outcome.status, "needs"), "Helm 4.0 or later");
  EXPECT_THAT(OperationRecords(), IsEmpty());
}

TEST_P(MutationsTest, ReportsHowEachTestWent) {
  ASSERT_TRUE(Install(InstallRequest("tests: {quick: ConfigMap, slow: Pod}")).status.ok());
  std::optional<Outcome<v1::TestReleaseResponse>> outcome;
  {
    const std::jthread caller([&] { outcome = RunTests(Named<v1::TestReleaseRequest>()); });
    SetPodPhase("web-slow", "Succeeded");
  }
  ASSERT_TRUE(outcome->status.ok()) << outcome->status;
  ASSERT_EQ(outcome->last->result().tests_size(), 2);
  for (const v1::TestOutcome& test : outcome->last->result().tests()) {
    EXPECT_EQ(test.phase(), v1::TestOutcome::PHASE_SUCCEEDED) << test.ShortDebugString();
    EXPECT_GT(test.start_time().seconds(), 0);
  }
  EXPECT_THAT(outcome->phases(), Contains("TESTING"));
  EXPECT_THAT(outcome->lines(), Not(Contains(HasSubstr("Generated"))));  // the chart's notes

  {
    const std::jthread caller([&] { outcome = RunTests(Named<v1::TestReleaseRequest>()); });
    SetPodPhase("web-slow", "Failed");
  }
  EXPECT_EQ(ReasonOf(outcome->status), Reason::ERROR_REASON_HELM_FAILED) << outcome->status;
  EXPECT_EQ(MetadataOf(outcome->status, "failed"), "web-slow");
  EXPECT_EQ(MetadataOf(outcome->status, "succeeded"), "web-quick");

  auto one = Named<v1::TestReleaseRequest>();
  one.add_tests("web-quick");
  outcome = RunTests(one);
  ASSERT_TRUE(outcome->status.ok()) << outcome->status;
  ASSERT_EQ(outcome->last->result().tests_size(), 1);
  EXPECT_EQ(outcome->last->result().tests(0).name(), "web-quick");
  one.add_tests("web-nosuch");
  EXPECT_EQ(ReasonOf(RunTests(one).status), Reason::ERROR_REASON_INVALID_FIELD);
}

TEST_P(MutationsTest, UnlocksWhatOthersLeft) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  for (const char* status : {"pending-upgrade", "pending-rollback", "uninstalling"}) {
    const int revision = GetRelease()->revision();
    MarkRevision(revision, status);
    EXPECT_EQ(ReasonOf(Upgrade(UpgradeRequest()).status), Reason::ERROR_REASON_RELEASE_LOCKED);
    EXPECT_EQ(ReasonOf(Unlock(revision + 1).status), Reason::ERROR_REASON_REVISION_MISMATCH);
    const auto unlocked = Unlock(revision);
    ASSERT_TRUE(unlocked.status.ok()) << unlocked.status;
    EXPECT_TRUE(unlocked.last->result().unlocked());
    EXPECT_EQ(unlocked.last->result().release().status(), v1::Release::STATUS_FAILED);
    const auto upgraded = Upgrade(UpgradeRequest());
    EXPECT_TRUE(upgraded.status.ok()) << status << upgraded.status;
  }
  const auto not_locked = Unlock(GetRelease()->revision());
  ASSERT_TRUE(not_locked.status.ok()) << not_locked.status;
  EXPECT_FALSE(not_locked.last->result().unlocked());
}

TEST_P(MutationsTest, AReplicaThatMustEndStopsInstallsAndLeavesUninstallsToAnother) {
  ASSERT_TRUE(Install(InstallRequest("finalizer: true")).status.ok());
  service_->Terminate();
  service_ = StartService(8, {"--drain_timeout=0s"});
  v1::InstallReleaseRequest install = InstallRequest("deployment: true");
  install.set_name("other");
  install.set_wait(true);
  grpc::ClientContext install_context;
  const auto installing = service_->helm().InstallRelease(&install_context, install);
  v1::UninstallReleaseRequest uninstall = UninstallRequest();
  uninstall.set_wait(true);
  grpc::ClientContext uninstall_context;
  const auto uninstalling = service_->helm().UninstallRelease(&uninstall_context, uninstall);
  v1::UninstallReleaseResponse first;
  ASSERT_TRUE(uninstalling->Read(&first));
  ASSERT_TRUE(WaitForStatus(1, "uninstalling"));
  const auto status_of_other = [&] {
    const auto secret = client_->Get(kube::kSecrets, {ns_, "sh.helm.release.v1.other.v1"});
    return secret.ok() ? kube::StringAt(*secret, {"metadata", "labels", "status"}) : "";
  };
  ASSERT_TRUE(Eventually([&] { return status_of_other() == "pending-install"; }));
  service_->Terminate();
  const auto stopped = Drain(*installing);
  EXPECT_EQ(ReasonOf(stopped.status), Reason::ERROR_REASON_INTERRUPTED) << stopped.status;
  EXPECT_EQ(MetadataOf(stopped.status, "revision"), "1");
  EXPECT_EQ(status_of_other(), "failed");
  EXPECT_FALSE(Drain(*uninstalling).status.ok());
  EXPECT_EQ(StatusOf(1), "uninstalling");

  service_ = StartService();
  ReleaseTheConfigMap();
  const auto outcome = Watch(first.update().operation());
  ASSERT_TRUE(outcome.last.has_value());
  EXPECT_TRUE(outcome.last->has_result()) << outcome.last->ShortDebugString();
  EXPECT_TRUE(Eventually([&] { return RunFolders().empty(); }));
}

TEST_P(MutationsTest, SharesWhatHelmLearnsOfTheApiServer) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  std::vector<std::string> cached;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/work")) {
    if (entry.path().filename() == "servergroups.json") cached.push_back(entry.path().string());
  }
  EXPECT_THAT(cached, ElementsAre(HasSubstr("/shared/discovery/")));
}

}  // namespace
}  // namespace berth::helm
