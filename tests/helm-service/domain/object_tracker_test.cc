#include "helm-service/domain/object_tracker.h"

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_cluster.h"

namespace berth::helm {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ObjectTrackerTest : public ::testing::Test {
 protected:
  std::vector<std::string> Look(ObjectTracker& tracker) {
    now_ += seconds(1);
    tracker.Look(now_, cluster_, updates_);
    return reporter_->Take();
  }

  static std::vector<std::string> Texts(const ObjectTracker& tracker) {
    std::vector<std::string> texts;
    for (const ObjectTracker::Standing& standing : tracker.Unsettled()) {
      texts.push_back(
          fmt::format("{}: {}", standing.object.ToString(), standing.readiness.message));
    }
    return texts;
  }

  FakeCluster cluster_;
  std::shared_ptr<RecordingReporter> reporter_ = std::make_shared<RecordingReporter>();
  ReleaseUpdates updates_{reporter_, std::make_shared<Redactor>(nlohmann::json{{"token", "s3cret"}},
                                                                std::vector<std::string>{})};
  ObjectTracker::TimePoint now_{seconds(1000)};
};

TEST_F(ObjectTrackerTest, TellsEachChangeOnce) {
  ObjectTracker tracker({MakeDeploymentRef("web")}, Goal::kReady);
  EXPECT_THAT(Look(tracker), IsEmpty());  // that it is not there yet is no news
  cluster_.Put(DeploymentWith("web", 1));
  EXPECT_THAT(Look(tracker), ElementsAre("Deployment shop/web PROGRESSING: 1 of 3 replicas ready"));
  EXPECT_THAT(Look(tracker), IsEmpty());
  cluster_.Put(DeploymentWith("web", 3));
  EXPECT_THAT(Look(tracker), ElementsAre("Deployment shop/web READY: 3 of 3 replicas ready"));
  EXPECT_THAT(tracker.Unsettled(), IsEmpty());
}

TEST_F(ObjectTrackerTest, LooksAtReadyObjectsNowAndThen) {
  cluster_.Put(DeploymentWith("web", 3));
  ObjectTracker tracker({MakeDeploymentRef("web")}, Goal::kReady);
  Look(tracker);
  for (int i = 0; i < 5; ++i) Look(tracker);
  EXPECT_EQ(cluster_.reads(), 1);
  cluster_.Put(DeploymentWith("web", 2));
  now_ += seconds(10);
  EXPECT_THAT(Look(tracker), ElementsAre("Deployment shop/web PROGRESSING: 2 of 3 replicas ready"));
}

TEST_F(ObjectTrackerTest, ReadsAFewObjectsAtATimeAndAllOfThemInTurn) {
  std::vector<ObjectRef> refs;
  for (int i = 0; i < 60; ++i) {
    refs.push_back(MakeDeploymentRef(fmt::format("web-{}", i)));
    cluster_.Put(DeploymentWith(fmt::format("web-{}", i), 0));
  }
  ObjectTracker tracker(refs, Goal::kReady);
  EXPECT_EQ(Look(tracker).size(), 25u);
  EXPECT_EQ(Look(tracker).size(), 25u);
  EXPECT_EQ(Look(tracker).size(), 10u);
  EXPECT_EQ(cluster_.reads(), 75);
}

TEST_F(ObjectTrackerTest, FollowsABoundedNumberOfObjects) {
  std::vector<ObjectRef> refs;
  for (int i = 0; i < 510; ++i) refs.push_back(MakeDeploymentRef(fmt::format("web-{}", i)));
  refs.push_back(refs.front());  // twice the same counts once
  ObjectTracker tracker(refs, Goal::kReady);
  EXPECT_EQ(tracker.left_out(), 10u);
  EXPECT_EQ(tracker.Unsettled().size(), ObjectTracker::kMostObjects);
}

TEST_F(ObjectTrackerTest, NamesWhatIsNotReadyAsItStoodBeforeItWasTakenAway) {
  cluster_.Put(DeploymentWith("web", 1));
  ObjectTracker tracker({MakeDeploymentRef("web"), MakeDeploymentRef("never")}, Goal::kReady);
  Look(tracker);
  cluster_.Remove("Deployment shop/web");
  EXPECT_THAT(Look(tracker), ElementsAre("Deployment shop/web MISSING: "));
  EXPECT_THAT(Texts(tracker), ElementsAre("Deployment shop/web: 1 of 3 replicas ready",
                                          "Deployment shop/never: not there"));
}

TEST_F(ObjectTrackerTest, TellsOfARemovalOnlyThatItGoesOn) {
  cluster_.Put(DeploymentWith("web", 1));
  ObjectTracker tracker({MakeDeploymentRef("web")}, Goal::kGone);
  EXPECT_THAT(Look(tracker), IsEmpty());
  EXPECT_THAT(Texts(tracker), ElementsAre("Deployment shop/web: 1 of 3 replicas ready"));
  cluster_.Put(R"({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {
    "namespace": "shop", "name": "web", "deletionTimestamp": "2026-01-01T00:00:00Z"}})");
  EXPECT_THAT(Look(tracker), ElementsAre("Deployment shop/web TERMINATING: being deleted"));
  cluster_.Remove("Deployment shop/web");
  EXPECT_THAT(Look(tracker), ElementsAre("Deployment shop/web MISSING: "));
  EXPECT_THAT(tracker.Unsettled(), IsEmpty());
}

TEST_F(ObjectTrackerTest, TakesTheNamespaceFromAnObjectOfTheWholeCluster) {
  cluster_.SetClusterWide("ClusterRole");
  cluster_.Put(R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                   "metadata": {"name": "web"}})");
  ObjectTracker tracker({MakeRef("rbac.authorization.k8s.io/v1", "ClusterRole", "shop", "web")},
                        Goal::kReady);
  EXPECT_THAT(Look(tracker), ElementsAre("ClusterRole /web READY: "));
  EXPECT_NE(tracker.Find(MakeRef("rbac.authorization.k8s.io/v1beta1", "ClusterRole", "", "web")),
            nullptr);
}

TEST_F(ObjectTrackerTest, WaitsFailedReadsOut) {
  cluster_.Fail(absl::UnavailableError("no answer"));
  ObjectTracker tracker({MakeDeploymentRef("web")}, Goal::kReady);
  EXPECT_THAT(Look(tracker), IsEmpty());
  cluster_.Fail(absl::OkStatus());
  cluster_.Put(DeploymentWith("web", 3));
  EXPECT_THAT(Look(tracker), ElementsAre("Deployment shop/web READY: 3 of 3 replicas ready"));
}

TEST_F(ObjectTrackerTest, LastLookReadsAllThatIsNotReady) {
  std::vector<ObjectRef> refs;
  for (int i = 0; i < 60; ++i) refs.push_back(MakeDeploymentRef(fmt::format("web-{}", i)));
  ObjectTracker tracker(refs, Goal::kReady);
  for (int i = 0; i < 60; ++i) cluster_.Put(DeploymentWith(fmt::format("web-{}", i), 3));
  tracker.LookAtTheRest(now_, cluster_, updates_);
  EXPECT_THAT(tracker.Unsettled(), IsEmpty());
}

TEST_F(ObjectTrackerTest, TellsNoSecrets) {
  cluster_.Put(R"({"apiVersion": "v1", "kind": "Pod",
    "metadata": {"namespace": "shop", "name": "web"},
    "status": {"phase": "Failed", "message": "token s3cret is wrong"}})");
  ObjectTracker tracker({MakeRef("v1", "Pod", "shop", "web")}, Goal::kReady);
  EXPECT_THAT(Look(tracker), ElementsAre("Pod shop/web FAILED: token [redacted] is wrong"));
}

}  // namespace
}  // namespace berth::helm
