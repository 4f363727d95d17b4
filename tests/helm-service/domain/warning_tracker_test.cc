#include "helm-service/domain/warning_tracker.h"

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_cluster.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WarningTrackerTest : public ::testing::Test {
 protected:
  std::vector<std::string> Look() {
    tracker_.Collect();
    tracker_.Tell(
        cluster_, [this](const ObjectRef& ref) { return ref.SameObjectAs(web_) ? &web_ : nullptr; },
        updates_);
    return reporter_->Take();
  }

  void PutOwned(const std::string& api_version, const std::string& kind, const std::string& name,
                const std::string& owner_api_version, const std::string& owner_kind,
                const std::string& owner) {
    cluster_.Put(fmt::format(
        R"({{"apiVersion": "{}", "kind": "{}", "metadata": {{"namespace": "shop", "name": "{}",
             "ownerReferences": [
               {{"apiVersion": "v1", "kind": "Node", "name": "other"}},
               {{"apiVersion": "{}", "kind": "{}", "name": "{}", "controller": true}}]}}}})",
        api_version, kind, name, owner_api_version, owner_kind, owner));
  }

  void WarnAboutPod(const std::string& pod, const std::string& reason, const std::string& message,
                    int count = 1) {
    cluster_.Warn(fmt::format(
        R"({{"involvedObject": {{"apiVersion": "v1", "kind": "Pod", "namespace": "shop",
             "name": "{}", "uid": "uid-{}"}}, "reason": "{}", "message": "{}", "count": {},
             "firstTimestamp": "2026-01-02T03:04:05Z", "lastTimestamp": "2026-01-02T03:05:05Z"}})",
        pod, pod, reason, message, count));
  }

  FakeCluster cluster_;
  std::shared_ptr<RecordingReporter> reporter_ = std::make_shared<RecordingReporter>();
  ReleaseUpdates updates_{reporter_, std::make_shared<Redactor>(nlohmann::json{{"token", "s3cret"}},
                                                                std::vector<std::string>{})};
  ObjectRef web_ = MakeDeploymentRef("web");
  WarningTracker tracker_{cluster_.FollowWarnings("shop")};
};

TEST_F(WarningTrackerTest, TellsWarningsOfTheReleasesObjects) {
  cluster_.Warn(R"({"involvedObject": {"apiVersion": "apps/v1", "kind": "Deployment",
    "namespace": "shop", "name": "web"}, "reason": "Odd", "message": "something", "count": 1})");
  EXPECT_THAT(Look(), ElementsAre("Deployment shop/web of Deployment shop/web warns Odd x1: "
                                  "something"));
}

TEST_F(WarningTrackerTest, TellsWarningsOfWhatTheyOwn) {
  PutOwned("v1", "Pod", "web-1-a", "apps/v1", "ReplicaSet", "web-1");
  PutOwned("apps/v1", "ReplicaSet", "web-1", "apps/v1", "Deployment", "web");
  WarnAboutPod("web-1-a", "Failed", "Error: ImagePullBackOff", 2);
  EXPECT_THAT(Look(), ElementsAre("Pod shop/web-1-a of Deployment shop/web warns Failed x2: "
                                  "Error: ImagePullBackOff"));
  EXPECT_EQ(cluster_.reads(), 2);
  WarnAboutPod("web-1-a", "Failed", "Error: ImagePullBackOff", 3);
  EXPECT_THAT(Look(), SizeIs(1));
  EXPECT_EQ(cluster_.reads(), 2);  // whose it is was remembered
}

TEST_F(WarningTrackerTest, KeepsWarningsOfOthersToItself) {
  PutOwned("v1", "Pod", "other-1-a", "apps/v1", "ReplicaSet", "other-1");
  PutOwned("apps/v1", "ReplicaSet", "other-1", "apps/v1", "Deployment", "other");
  WarnAboutPod("other-1-a", "Failed", "not ours");
  WarnAboutPod("gone", "Failed", "nobody knows whose");
  EXPECT_THAT(Look(), IsEmpty());
  EXPECT_THAT(tracker_.Of(web_), IsEmpty());
}

TEST_F(WarningTrackerTest, ReadsBothDialectsOfEvents) {
  cluster_.Warn(R"({"involvedObject": {"apiVersion": "apps/v1", "kind": "Deployment",
    "namespace": "shop", "name": "web"}, "reason": "FailedScheduling", "message": "no node",
    "eventTime": "2026-01-02T03:04:05.000006Z", "firstTimestamp": null, "lastTimestamp": null,
    "series": {"count": 7, "lastObservedTime": "2026-01-02T03:06:05.000006Z"}})");
  EXPECT_THAT(Look(), ElementsAre("Deployment shop/web of Deployment shop/web warns "
                                  "FailedScheduling x7: no node"));
}

TEST_F(WarningTrackerTest, LooksUpAFewOwnersAtATime) {
  for (int i = 0; i < 30; ++i) {
    const std::string pod = fmt::format("web-{}", i);
    PutOwned("v1", "Pod", pod, "apps/v1", "Deployment", "web");
    WarnAboutPod(pod, "Failed", "no");
  }
  EXPECT_THAT(Look(), SizeIs(20));
  EXPECT_THAT(Look(), SizeIs(10));
}

TEST_F(WarningTrackerTest, KeepsTheLastWordsAboutEachObject) {
  PutOwned("v1", "Pod", "web-a", "apps/v1", "Deployment", "web");
  for (const char* text : {"one", "two", "three", "four", "three"}) {
    WarnAboutPod("web-a", "Failed", text);
  }
  Look();
  EXPECT_THAT(tracker_.Of(web_), ElementsAre("Failed: two", "Failed: four", "Failed: three"));
}

TEST_F(WarningTrackerTest, TellsAndKeepsNoSecrets) {
  PutOwned("v1", "Pod", "web-a", "apps/v1", "Deployment", "web");
  WarnAboutPod("web-a", "Failed", "token s3cret is wrong");
  EXPECT_THAT(Look(), ElementsAre("Pod shop/web-a of Deployment shop/web warns Failed x1: "
                                  "token [redacted] is wrong"));
  EXPECT_THAT(tracker_.Of(web_), ElementsAre("Failed: token [redacted] is wrong"));
}

TEST_F(WarningTrackerTest, StandsNonsense) {
  cluster_.Warn(R"({})");
  cluster_.Warn(R"({"involvedObject": 1, "series": [], "count": "x"})");
  EXPECT_THAT(Look(), IsEmpty());
}

}  // namespace
}  // namespace berth::helm
