// The shipped helm-service against a real API server, with real Helms.

#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/kube/client.h"
#include "common/kube/object.h"
#include "common/status/grpc_status.h"
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
using operation::v1::OperationUpdate;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

INSTANTIATE_TEST_SUITE_P(Helms, HelmServiceTest, ::testing::Values("helm", "helm3"),
                         [](const auto& info) { return info.param; });

TEST_P(HelmServiceTest, InstallsUpgradesRollsBackAndUninstalls) {
  const auto installed = Install(InstallRequest("note: \"1e3\""));
  ASSERT_TRUE(installed.status.ok()) << installed.status;
  ASSERT_TRUE(installed.updates.front().has_accepted());
  EXPECT_THAT(installed.phases(), Contains("INSTALLING"));
  EXPECT_THAT(installed.lines(), Contains(HasSubstr("creating ")));
  EXPECT_THAT(installed.lines(), Not(Contains(HasSubstr("VALUES"))));
  const v1::Release& first = installed.last->result().release();
  EXPECT_EQ(first.revision(), 1);
  EXPECT_EQ(first.status(), v1::Release::STATUS_DEPLOYED);
  EXPECT_EQ(first.chart_name(), "web");
  EXPECT_EQ(first.chart_version(), "1.2.3");
  EXPECT_EQ(first.app_version(), "9.9");
  EXPECT_GT(first.deploy_time().seconds(), 0);
  EXPECT_EQ(first.notes(), "");
  EXPECT_EQ(ConfigMapValue("note"), "1e3");
  EXPECT_EQ(ConfigMapValue("kind"), "string");
  EXPECT_THAT(GetRelease()->notes(), HasSubstr("for web"));

  const auto upgraded = Upgrade(UpgradeRequest());
  ASSERT_TRUE(upgraded.status.ok()) << upgraded.status;
  EXPECT_EQ(upgraded.last->result().release().revision(), 2);
  EXPECT_EQ(ConfigMapValue("note"), "upgraded");
  EXPECT_TRUE(
      Eventually([&] { return ReleaseNames() == std::vector<std::string>{"web:2:1.3.0"}; }));

  const auto rolled_back = Rollback(RollbackRequest(1));
  ASSERT_TRUE(rolled_back.status.ok()) << rolled_back.status;
  EXPECT_EQ(rolled_back.last->result().release().revision(), 3);
  EXPECT_EQ(ConfigMapValue("note"), "1e3");

  const auto uninstalled = Uninstall(UninstallRequest());
  ASSERT_TRUE(uninstalled.status.ok()) << uninstalled.status;
  EXPECT_TRUE(uninstalled.last->result().removed());
  EXPECT_EQ(ConfigMapValue("note"), "absent");
  EXPECT_EQ(ReasonOf(GetRelease().status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  EXPECT_TRUE(Eventually([&] { return ReleaseNames().empty(); }));
  EXPECT_TRUE(Eventually([&] { return RunFolders().empty(); }));
}

TEST_P(HelmServiceTest, AnUpgradeDropsTheValuesOfTheRevisionBefore) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  ASSERT_TRUE(Upgrade(UpgradeRequest("{}")).status.ok());
  EXPECT_EQ(ConfigMapValue("note"), "none");
}

TEST_P(HelmServiceTest, InstallsByUpgradeIntoANewNamespace) {
  v1::UpgradeReleaseRequest request = UpgradeRequest();
  request.set_namespace_(ns_ + "-new");
  const auto missing = Upgrade(request);
  EXPECT_EQ(ReasonOf(missing.status), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  request.set_install(true);
  const auto no_namespace = Upgrade(request);
  EXPECT_EQ(ReasonOf(no_namespace.status), Reason::ERROR_REASON_NAMESPACE_NOT_FOUND)
      << no_namespace.status;
  request.set_create_namespace(true);
  const auto installed = Upgrade(request);
  ASSERT_TRUE(installed.status.ok()) << installed.status;
  EXPECT_EQ(installed.last->result().release().revision(), 1);
}

TEST_P(HelmServiceTest, RefusesBadFieldsBeforeAnythingIsRecorded) {
  v1::InstallReleaseRequest request;
  request.set_namespace_("../../etc");
  request.set_name("--post-renderer=x");
  request.mutable_chart()->set_reference("../../etc/passwd");
  request.add_values()->set_yaml("secretNumber: 12345678901234567");
  const auto refused = Install(request);
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(refused.status)) {
    fields.push_back(violation.field);
  }
  EXPECT_THAT(fields, UnorderedElementsAre("namespace", "name", "chart.reference", "values[0]"));
  EXPECT_THAT(std::string(refused.status.message()), Not(HasSubstr("12345678901234567")));
  EXPECT_THAT(OperationRecords(), IsEmpty());

  v1::InstallReleaseRequest dry = InstallRequest();
  dry.mutable_run()->set_validate_only(true);
  EXPECT_TRUE(Install(dry).status.ok());
  EXPECT_THAT(OperationRecords(), IsEmpty());
}

TEST_P(HelmServiceTest, BadChartsLeaveNothingBehind) {
  for (const std::string& archive : {std::string("no archive"), BrokenChart()}) {
    v1::InstallReleaseRequest request = InstallRequest();
    request.mutable_chart()->set_archive(archive);
    const auto refused = Install(request);
    EXPECT_EQ(ReasonOf(refused.status), Reason::ERROR_REASON_CHART_INVALID) << refused.status;
    EXPECT_EQ(refused.last->error().code(), static_cast<int>(refused.status.code()));
  }
  EXPECT_EQ(ReasonOf(GetRelease().status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  EXPECT_TRUE(Eventually([&] { return RunFolders().empty(); }));
}

TEST_P(HelmServiceTest, RefusesToInstallTwiceAndToActOnAnotherRevision) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  EXPECT_EQ(ReasonOf(Install(InstallRequest()).status), Reason::ERROR_REASON_RELEASE_EXISTS);
  v1::UpgradeReleaseRequest request = UpgradeRequest();
  request.set_expected_revision(7);
  EXPECT_EQ(ReasonOf(Upgrade(request).status), Reason::ERROR_REASON_REVISION_MISMATCH);
  EXPECT_EQ(GetRelease()->revision(), 1);
  v1::UninstallReleaseRequest elsewhere = UninstallRequest();
  elsewhere.set_name("other");
  EXPECT_EQ(ReasonOf(Uninstall(elsewhere).status), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  elsewhere.set_allow_missing(true);
  const auto missing = Uninstall(elsewhere);
  ASSERT_TRUE(missing.status.ok()) << missing.status;
  EXPECT_FALSE(missing.last->result().removed());
}

TEST_P(HelmServiceTest, JoinsACallThatIsRepeatedAndEndsAStreamThatIsDetached) {
  v1::InstallReleaseRequest request = InstallRequest();
  request.mutable_run()->set_request_id("once");
  request.mutable_run()->set_detach(true);
  const auto detached = Install(request);
  ASSERT_TRUE(detached.status.ok()) << detached.status;
  EXPECT_FALSE(detached.last.has_value());
  request.mutable_run()->set_detach(false);
  const auto joined = Install(request);
  ASSERT_TRUE(joined.status.ok()) << joined.status;
  EXPECT_TRUE(joined.updates.front().accepted().joined());
  EXPECT_EQ(joined.operation(), detached.operation());
  EXPECT_EQ(joined.last->result().release().revision(), 1);
  *request.mutable_values(0)->mutable_yaml() = "note: another";
  EXPECT_EQ(ReasonOf(Install(request).status), Reason::ERROR_REASON_REQUEST_ID_REUSED);
}

TEST_P(HelmServiceTest, ListsReleasesInPagesByName) {
  for (const char* name : {"web-2", "api", "web"}) {
    v1::InstallReleaseRequest request = InstallRequest();
    request.set_name(name);
    ASSERT_TRUE(Install(request).status.ok());
  }
  ASSERT_TRUE(Eventually([&] { return ReleaseNames().size() == 3; }));
  std::vector<std::string> pages;
  v1::ListReleasesRequest request;
  request.set_namespace_(ns_);
  request.set_page_size(2);
  do {
    v1::ListReleasesResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(service_->helm().ListReleases(&context, request, &response).ok());
    std::string page;
    for (const v1::Release& release : response.releases()) page += release.name() + " ";
    pages.push_back(page);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(pages, ElementsAre("api web ", "web-2 "));
  request.set_page_token("made up");
  v1::ListReleasesResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(ReasonOf(FromGrpcStatus(service_->helm().ListReleases(&context, request, &response))),
            Reason::ERROR_REASON_INVALID_PAGE_TOKEN);
}

TEST_P(HelmServiceTest, QueuesConcurrentUpgradesOfOneRelease) {
  ASSERT_TRUE(Install(InstallRequest()).status.ok());
  std::vector<Outcome<v1::UpgradeReleaseResponse>> outcomes(5);
  {
    std::vector<std::jthread> callers;
    callers.reserve(outcomes.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      callers.emplace_back([this, i, &outcomes] {
        outcomes[i] = Upgrade(UpgradeRequest(fmt::format("note: upgrade {}", i)));
      });
    }
  }
  std::vector<int> revisions;
  int queued = 0;
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    revisions.push_back(outcome.last->result().release().revision());
    for (const OperationUpdate& update : outcome.updates) queued += update.has_queued() ? 1 : 0;
  }
  EXPECT_THAT(revisions, UnorderedElementsAre(2, 3, 4, 5, 6));
  EXPECT_GT(queued, 0);
}

TEST_P(HelmServiceTest, NeverShowsSecretValues) {
  constexpr char kSecret[] = "correct-horse-battery";
  v1::InstallReleaseRequest request =
      InstallRequest(fmt::format("deployment: true\npassword: {}\nnote: {}", kSecret, kSecret));
  request.set_wait(true);
  request.mutable_run()->mutable_timeout()->set_seconds(6);
  std::optional<Outcome<v1::InstallReleaseResponse>> outcome;
  std::string arguments;
  {
    const std::jthread caller([&] { outcome = Install(request); });
    const pid_t helm = service_->WaitForHelm();
    ASSERT_GT(helm, 0);
    for (const char* file : {"cmdline", "environ"}) {
      std::ifstream stream(fmt::format("/proc/{}/{}", helm, file));
      arguments += std::string(std::istreambuf_iterator<char>(stream), {});
    }
  }
  EXPECT_THAT(arguments, HasSubstr("install"));
  EXPECT_THAT(arguments, Not(HasSubstr(kSecret)));
  EXPECT_EQ(ReasonOf(outcome->status), Reason::ERROR_REASON_RELEASE_NOT_READY) << outcome->status;
  EXPECT_THAT(outcome->phases(), Contains("WAITING"));
  EXPECT_EQ(GetRelease()->status(), v1::Release::STATUS_FAILED);
  std::string shown = outcome->status.ToString() + service_->Log();
  for (const OperationUpdate& update : outcome->updates) shown += update.ShortDebugString();
  for (const kube::Json& record : OperationRecords()) shown += record.dump();
  EXPECT_THAT(shown, Not(HasSubstr(kSecret)));
}

TEST_P(HelmServiceTest, CancellingAnInstallEndsItAtOnceAndUnlocked) {
  v1::InstallReleaseRequest request = InstallRequest("deployment: true");
  request.set_wait(true);
  grpc::ClientContext context;
  const auto reader = service_->helm().InstallRelease(&context, request);
  v1::InstallReleaseResponse first;
  ASSERT_TRUE(reader->Read(&first));
  ASSERT_TRUE(Eventually([&] {
    const auto release = GetRelease();
    return release.ok() && release->status() == v1::Release::STATUS_PENDING_INSTALL;
  }));
  Cancel(first.update().operation());
  const auto outcome = Drain(*reader);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kCancelled) << outcome.status;
  EXPECT_EQ(GetRelease()->status(), v1::Release::STATUS_FAILED);
  EXPECT_TRUE(Upgrade(UpgradeRequest()).status.ok());
}

TEST_P(HelmServiceTest, AKilledHelmEndsTheOperationHonestlyAndTheNextUpgradeWorks) {
  v1::InstallReleaseRequest request = InstallRequest("deployment: true");
  request.set_wait(true);
  std::optional<Outcome<v1::InstallReleaseResponse>> outcome;
  {
    const std::jthread caller([&] { outcome = Install(request); });
    ASSERT_TRUE(Eventually([&] { return GetRelease().ok(); }));
    ASSERT_EQ(GetRelease()->status(), v1::Release::STATUS_PENDING_INSTALL);
    ::kill(service_->WaitForHelm(), SIGKILL);
  }
  EXPECT_EQ(ReasonOf(outcome->status), Reason::ERROR_REASON_HELM_FAILED) << outcome->status;
  EXPECT_EQ(MetadataOf(outcome->status, "revision"), "1");
  EXPECT_EQ(GetRelease()->status(), v1::Release::STATUS_FAILED);
  EXPECT_THAT(GetRelease()->description(), HasSubstr("killed"));
  const auto upgraded = Upgrade(UpgradeRequest());
  ASSERT_TRUE(upgraded.status.ok()) << upgraded.status;
  EXPECT_EQ(upgraded.last->result().release().status(), v1::Release::STATUS_DEPLOYED);
}

TEST_P(HelmServiceTest, AnUninstallWhoseHelmIsKilledIsFinished) {
  ASSERT_TRUE(Install(InstallRequest("finalizer: true")).status.ok());
  v1::UninstallReleaseRequest request = UninstallRequest();
  request.set_wait(true);
  std::optional<Outcome<v1::UninstallReleaseResponse>> outcome;
  {
    const std::jthread caller([&] { outcome = Uninstall(request); });
    ASSERT_TRUE(
        Eventually([&] { return GetRelease()->status() == v1::Release::STATUS_UNINSTALLING; }));
    ::kill(service_->WaitForHelm(), SIGKILL);
    ReleaseTheConfigMap();
  }
  ASSERT_TRUE(outcome->status.ok()) << outcome->status;
  EXPECT_TRUE(outcome->last->result().removed());
  EXPECT_EQ(ReasonOf(GetRelease().status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
}

TEST_P(HelmServiceTest, AKilledServiceTakesHelmAlongAndAnotherReplicaEndsTheInstall) {
  v1::InstallReleaseRequest request = InstallRequest("deployment: true");
  request.set_wait(true);
  grpc::ClientContext context;
  const auto reader = service_->helm().InstallRelease(&context, request);
  v1::InstallReleaseResponse first;
  ASSERT_TRUE(reader->Read(&first));
  ASSERT_TRUE(Eventually([&] { return GetRelease().ok(); }));
  const pid_t helm = service_->WaitForHelm();
  service_->Kill();
  EXPECT_TRUE(Eventually([&] { return ::kill(helm, 0) != 0; }));
  EXPECT_FALSE(Drain(*reader).status.ok());

  service_ = StartService();
  EXPECT_EQ(GetRelease()->status(), v1::Release::STATUS_PENDING_INSTALL);
  const auto outcome = Watch(first.update().operation());
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_TRUE(outcome.last.has_value());
  const absl::Status error = FromRpcStatus(outcome.last->error());
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_INTERRUPTED) << error;
  EXPECT_EQ(MetadataOf(error, "revision"), "1");
  EXPECT_EQ(GetRelease()->status(), v1::Release::STATUS_FAILED);
  EXPECT_TRUE(Upgrade(UpgradeRequest()).status.ok());
  EXPECT_TRUE(Eventually([&] { return RunFolders().empty(); }));
}

TEST_P(HelmServiceTest, AnotherReplicaFinishesTheUninstallOfAKilledOne) {
  ASSERT_TRUE(Install(InstallRequest("finalizer: true")).status.ok());
  v1::UninstallReleaseRequest request = UninstallRequest();
  request.set_wait(true);
  grpc::ClientContext context;
  const auto reader = service_->helm().UninstallRelease(&context, request);
  v1::UninstallReleaseResponse first;
  ASSERT_TRUE(reader->Read(&first));
  ASSERT_TRUE(
      Eventually([&] { return GetRelease()->status() == v1::Release::STATUS_UNINSTALLING; }));
  service_->Kill();
  EXPECT_FALSE(Drain(*reader).status.ok());

  service_ = StartService();
  ReleaseTheConfigMap();
  const auto outcome = Watch(first.update().operation());
  ASSERT_TRUE(outcome.last.has_value());
  v1::UninstallReleaseResult result;
  ASSERT_TRUE(outcome.last->result().UnpackTo(&result)) << outcome.last->ShortDebugString();
  EXPECT_TRUE(result.removed());
  EXPECT_EQ(ReasonOf(GetRelease().status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
}

}  // namespace
}  // namespace berth::helm
