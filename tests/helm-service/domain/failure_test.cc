#include "helm-service/domain/failure.h"

#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }
Action MakeInstall() { return {.release = Key(), .what = Install{.chart = ChartArchive{}}}; }
Action MakeUpgrade(bool install) {
  return {.release = Key(), .what = Upgrade{.chart = ChartArchive{}, .install = install}};
}
Action MakeRollback() { return {.release = Key(), .what = Rollback{1}}; }
Action MakeUninstall(bool allow_missing) {
  return {.release = Key(), .what = Uninstall{.allow_missing = allow_missing}};
}

const RevisionInfo kDeployed{.revision = 3, .status = ReleaseStatus::kDeployed};

Reason ReasonOfFailure(const Action& action, const std::string& line, int before, int after) {
  const auto info = [](int revision) -> std::optional<RevisionInfo> {
    if (revision == 0) return std::nullopt;
    return RevisionInfo{.revision = revision, .status = ReleaseStatus::kFailed};
  };
  return ReasonOf(ExplainFailure(
      action,
      {.exit = {.code = 1}, .error_lines = {line}, .before = info(before), .after = info(after)}));
}

TEST(CheckPreconditionsTest, RefusesToInstallOverARelease) {
  const absl::Status status = CheckPreconditions(MakeInstall(), kDeployed);
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_RELEASE_EXISTS);
  EXPECT_TRUE(CheckPreconditions(MakeInstall(), std::nullopt).ok());
}

TEST(CheckPreconditionsTest, NeedsAReleaseUnlessTheRequestSaysOtherwise) {
  for (const Action& action : {MakeUpgrade(false), MakeRollback(), MakeUninstall(false)}) {
    EXPECT_EQ(ReasonOf(CheckPreconditions(action, std::nullopt)),
              Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  }
  EXPECT_TRUE(CheckPreconditions(MakeUpgrade(true), std::nullopt).ok());
  EXPECT_TRUE(CheckPreconditions(MakeUninstall(true), std::nullopt).ok());
}

TEST(CheckPreconditionsTest, ComparesTheExpectedRevision) {
  Action action = MakeUpgrade(false);
  action.expected_revision = 2;
  const absl::Status status = CheckPreconditions(action, kDeployed);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_REVISION_MISMATCH);
  EXPECT_EQ(MetadataOf(status, "revision"), "3");
  action.expected_revision = 3;
  EXPECT_TRUE(CheckPreconditions(action, kDeployed).ok());
  EXPECT_EQ(ReasonOf(CheckPreconditions(action, std::nullopt)),
            Reason::ERROR_REASON_REVISION_MISMATCH);
  Action uninstall = MakeUninstall(true);
  uninstall.expected_revision = 3;
  EXPECT_TRUE(CheckPreconditions(uninstall, std::nullopt).ok());
}

TEST(CheckPreconditionsTest, RefusesToUpgradeWhatSomebodyElseWorksOnButLetsItBeRolledBack) {
  const RevisionInfo pending{.revision = 3, .status = ReleaseStatus::kPendingUpgrade};
  EXPECT_EQ(ReasonOf(CheckPreconditions(MakeUpgrade(false), pending)),
            Reason::ERROR_REASON_RELEASE_LOCKED);
  EXPECT_TRUE(CheckPreconditions(MakeRollback(), pending).ok());
  EXPECT_TRUE(CheckPreconditions(MakeUninstall(false), pending).ok());
}

TEST(ExplainFailureTest, KnowsWhatHelmsWordsMean) {
  const std::vector<std::pair<std::string, Reason>> table = {
      {"Error: INSTALLATION FAILED: cannot reuse a name that is still in use",
       Reason::ERROR_REASON_RELEASE_EXISTS},
      {"Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
       Reason::ERROR_REASON_RELEASE_EXISTS},
      {"Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
       Reason::ERROR_REASON_RELEASE_LOCKED},
      {"Error: UPGRADE FAILED: \"web\" has no deployed releases",
       Reason::ERROR_REASON_RELEASE_NOT_FOUND},
      {"Error: uninstall: Release not loaded: web: release: not found",
       Reason::ERROR_REASON_RELEASE_NOT_FOUND},
      {"Error: INSTALLATION FAILED: create: failed to create: namespaces \"shop\" not found",
       Reason::ERROR_REASON_NAMESPACE_NOT_FOUND},
      {"Error: kubernetes cluster unreachable: Get \"https://127.0.0.1\"",
       Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE},
      {"Error: INSTALLATION FAILED: context deadline exceeded",
       Reason::ERROR_REASON_RELEASE_NOT_READY},
  };
  for (const auto& [line, reason] : table) {
    EXPECT_EQ(ReasonOfFailure(MakeUpgrade(false), line, 0, 0), reason) << line;
  }
}

TEST(ExplainFailureTest, BlamesTheChartWhenNoRevisionWasStored) {
  const std::string line = "Error: INSTALLATION FAILED: parse error at (web/templates/x.yaml:1)";
  EXPECT_EQ(ReasonOfFailure(MakeInstall(), line, 0, 0), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_EQ(ReasonOfFailure(MakeUpgrade(false), line, 3, 3), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_EQ(ReasonOfFailure(MakeUpgrade(false), line, 3, 4), Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_EQ(ReasonOfFailure(MakeRollback(), line, 3, 3), Reason::ERROR_REASON_HELM_FAILED);
}

TEST(ExplainFailureTest, QuotesHelmFromItsErrorOn) {
  const absl::Status status = ExplainFailure(
      MakeInstall(), {.exit = {.code = 1}, .error_lines = {"WARNING: noise", "Error: one", "two"}});
  EXPECT_EQ(std::string(status.message()), "one\ntwo");
}

TEST(ExplainFailureTest, KeepsTheEndOfALongText) {
  const absl::Status status = ExplainFailure(
      MakeInstall(),
      {.exit = {.code = 1}, .error_lines = {"Error: " + std::string(10'000, 'x') + "end"}});
  EXPECT_LT(status.message().size(), 2100U);
  EXPECT_THAT(std::string(status.message()), HasSubstr("end"));
}

TEST(ExplainFailureTest, SaysThatHelmWasKilled) {
  const absl::Status status = ExplainFailure(MakeInstall(), {.exit = {.signal = 9}});
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_THAT(std::string(status.message()), HasSubstr("signal 9"));
}

}  // namespace
}  // namespace berth::helm
