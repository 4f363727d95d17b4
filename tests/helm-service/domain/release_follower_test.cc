#include "helm-service/domain/release_follower.h"

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_cluster.h"
#include "tests/helm-service/domain/fake_releases.h"

namespace berth::helm {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kManifest[] = R"(---
# Source: web/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata: {name: web}
data: {token: czNjcmV0LXRva2Vu}
stringData: {plain: clear-text}
---
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
)";

constexpr char kSecret[] =
    R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "shop", "name": "web"}})";

class ReleaseFollowerTest : public ::testing::Test {
 protected:
  ReleaseFollower Follow(std::optional<Goal> goal = Goal::kReady, bool waits = true) {
    return ReleaseFollower({.release = {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")},
                            .revision = 2,
                            .goal = goal,
                            .waits = waits,
                            .hook_events = {"pre-upgrade"},
                            .launched = *kube::ParseTime("2026-01-02T03:04:05Z")},
                           releases_, cluster_, reporter_, redactor_);
  }

  std::vector<std::string> Look(ReleaseFollower& follower) {
    now_ += seconds(1);
    follower.Look(now_);
    return reporter_->Take();
  }

  void StoreRevision(ReleaseStatus status, std::vector<ReleaseHook> hooks = {}) {
    releases_.Store(2, status, {.manifest = kManifest, .hooks = std::move(hooks)});
  }

  static std::vector<std::string> Texts(const std::vector<UnreadyObject>& objects) {
    std::vector<std::string> texts;
    for (const UnreadyObject& object : objects) {
      std::string text = fmt::format("{}: {}", object.object.ToString(), object.readiness.message);
      for (const std::string& warning : object.warnings) text += "; " + warning;
      texts.push_back(text);
    }
    return texts;
  }

  static std::string WarningAboutDeployment(const std::string& message) {
    return fmt::format(R"({{"involvedObject": {{"apiVersion": "apps/v1", "kind": "Deployment",
      "namespace": "shop", "name": "web"}}, "reason": "Odd", "message": "{}"}})",
                       message);
  }

  FakeCluster cluster_;
  FakeReleases releases_;
  std::shared_ptr<RecordingReporter> reporter_ = std::make_shared<RecordingReporter>();
  std::shared_ptr<Redactor> redactor_ =
      std::make_shared<Redactor>(nlohmann::json::object(), std::vector<std::string>{});
  ObjectTracker::TimePoint now_{seconds(1000)};
};

TEST_F(ReleaseFollowerTest, FollowsTheObjectsOfTheRevisionOnceItIsStored) {
  ReleaseFollower follower = Follow();
  cluster_.Put(DeploymentWith("web", 1));
  EXPECT_THAT(Look(follower), IsEmpty());
  StoreRevision(ReleaseStatus::kPendingUpgrade);
  cluster_.Put(kSecret);
  EXPECT_THAT(Look(follower),
              ElementsAre("Secret shop/web READY: ",
                          "Deployment shop/web PROGRESSING: 1 of 3 replicas ready"));
}

TEST_F(ReleaseFollowerTest, TellsWarningsThatCameBeforeTheRevisionWasFound) {
  ReleaseFollower follower = Follow();
  cluster_.Warn(WarningAboutDeployment("early"));
  Look(follower);
  StoreRevision(ReleaseStatus::kPendingUpgrade);
  EXPECT_THAT(Look(follower),
              ElementsAre("Deployment shop/web of Deployment shop/web warns Odd x1: early"));
}

TEST_F(ReleaseFollowerTest, LearnsWhatTheSecretsOfTheManifestHold) {
  ReleaseFollower follower = Follow();
  StoreRevision(ReleaseStatus::kPendingUpgrade);
  cluster_.Warn(WarningAboutDeployment("s3cret-token, czNjcmV0LXRva2Vu and clear-text"));
  EXPECT_THAT(Look(follower),
              ElementsAre("Deployment shop/web of Deployment shop/web warns Odd x1: "
                          "[redacted], [redacted] and [redacted]"));
}

TEST_F(ReleaseFollowerTest, ReadsTheRevisionAgainOnlyWhenItWasWritten) {
  ReleaseFollower follower = Follow();
  StoreRevision(ReleaseStatus::kPendingUpgrade, {{.name = "migrate",
                                                  .events = {"pre-upgrade"},
                                                  .manifest = "apiVersion: batch/v1\nkind: Job\n"
                                                              "metadata: {name: migrate}"}});
  for (int i = 0; i < 5; ++i) Look(follower);
  EXPECT_EQ(releases_.content_reads(), 1);
  StoreRevision(ReleaseStatus::kPendingUpgrade, {{.name = "migrate",
                                                  .events = {"pre-upgrade"},
                                                  .manifest = "apiVersion: batch/v1\nkind: Job\n"
                                                              "metadata: {name: migrate}",
                                                  .started_at = "2026-01-02T03:04:06Z",
                                                  .phase = "Running"}});
  EXPECT_THAT(Look(follower), ElementsAre("hook Job shop/migrate STARTED: "));
  EXPECT_EQ(releases_.content_reads(), 2);
}

TEST_F(ReleaseFollowerTest, NamesWhatWasNotReadyAndWhy) {
  ReleaseFollower follower = Follow();
  StoreRevision(ReleaseStatus::kPendingUpgrade);
  cluster_.Put(kSecret);
  cluster_.Put(DeploymentWith("web", 1));
  cluster_.Warn(WarningAboutDeployment("no image"));
  Look(follower);
  follower.LookLast(now_, false);
  EXPECT_THAT(Texts(follower.Unready()),
              ElementsAre("Deployment shop/web: 1 of 3 replicas ready; Odd: no image"));
}

TEST_F(ReleaseFollowerTest, NamesWhatWasNotReadyWhenHelmGaveUpNotAfterItsRollback) {
  ReleaseFollower follower = Follow();
  StoreRevision(ReleaseStatus::kPendingUpgrade);
  cluster_.Put(kSecret);
  cluster_.Put(DeploymentWith("web", 1));
  Look(follower);
  StoreRevision(ReleaseStatus::kFailed);
  Look(follower);
  cluster_.Put(DeploymentWith("web", 3));
  follower.LookLast(now_ + seconds(20), false);
  EXPECT_THAT(Texts(follower.Unready()), ElementsAre("Deployment shop/web: 1 of 3 replicas ready"));
}

TEST_F(ReleaseFollowerTest, NamesAHookThatFailedThoughHelmHasGivenUpBefore) {
  ReleaseHook hook{.name = "migrate",
                   .events = {"pre-upgrade"},
                   .manifest = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}",
                   .started_at = "2026-01-02T03:04:06Z",
                   .phase = "Running"};
  ReleaseFollower follower = Follow();
  StoreRevision(ReleaseStatus::kPendingUpgrade, {hook});
  Look(follower);
  hook.phase = "Failed";
  StoreRevision(ReleaseStatus::kFailed, {hook});
  follower.LookLast(now_, false);
  EXPECT_THAT(Texts(follower.Unready()),
              ElementsAre("Job shop/migrate: ", "Secret shop/web: not there",
                          "Deployment shop/web: not there"));
}

TEST_F(ReleaseFollowerTest, LastLookTellsHowThingsEnded) {
  ReleaseFollower follower = Follow();
  StoreRevision(ReleaseStatus::kPendingUpgrade);
  cluster_.Put(kSecret);
  cluster_.Put(DeploymentWith("web", 1));
  Look(follower);
  cluster_.Put(DeploymentWith("web", 3));
  follower.LookLast(now_, true);
  EXPECT_THAT(reporter_->Take(), ElementsAre("Deployment shop/web READY: 3 of 3 replicas ready"));
  EXPECT_THAT(follower.Unready(), IsEmpty());
}

TEST_F(ReleaseFollowerTest, NobodyWaitsForALookThatTellsNothing) {
  ReleaseFollower follower = Follow(Goal::kReady, /*waits=*/false);
  StoreRevision(ReleaseStatus::kPendingUpgrade);
  Look(follower);
  const int reads = cluster_.reads();
  follower.LookLast(now_, true);
  EXPECT_EQ(cluster_.reads(), reads);
}

TEST_F(ReleaseFollowerTest, AnActionOnHooksAloneLeavesObjectsAlone) {
  ReleaseFollower follower = Follow(std::nullopt);
  StoreRevision(ReleaseStatus::kDeployed);
  cluster_.Put(DeploymentWith("web", 1));
  EXPECT_THAT(Look(follower), IsEmpty());
  follower.LookLast(now_, false);
  EXPECT_THAT(follower.Unready(), IsEmpty());
}

TEST_F(ReleaseFollowerTest, SaysHowManyObjectsItDoesNotFollow) {
  std::string manifest;
  for (int i = 0; i < 503; ++i) {
    manifest += fmt::format("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{}}}\n", i);
  }
  releases_.Store(2, ReleaseStatus::kPendingUpgrade, {.manifest = manifest});
  ReleaseFollower follower = Follow();
  EXPECT_THAT(Look(follower), ElementsAre("berth: 3 objects of the release are not followed"));
}

}  // namespace
}  // namespace berth::helm
