#include "helm-service/domain/hook_tracker.h"

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_cluster.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kBefore[] = "2026-01-02T03:00:00Z";
constexpr char kLaunched[] = "2026-01-02T03:04:05Z";
constexpr char kAfter[] = "2026-01-02T04:04:06.123456789+01:00";

class HookTrackerTest : public ::testing::Test {
 protected:
  static ReleaseHook Job(const std::string& name, const std::string& started_at = "",
                         const std::string& phase = "", const std::string& event = "pre-install") {
    return {
        .name = name,
        .kind = "Job",
        .events = {event},
        .manifest = fmt::format("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {}}}", name),
        .started_at = started_at,
        .phase = phase};
  }

  static ReleaseHook Pod(const std::string& name, const std::string& started_at) {
    return {.name = name,
            .kind = "Pod",
            .events = {"pre-install"},
            .manifest = fmt::format("apiVersion: v1\nkind: Pod\nmetadata: {{name: {}}}", name),
            .started_at = started_at,
            .phase = "Running"};
  }

  static std::string JobJson(const std::string& name, const std::string& condition = "") {
    return fmt::format(
        R"({{"apiVersion": "batch/v1", "kind": "Job",
             "metadata": {{"namespace": "shop", "name": "{0}", "uid": "uid-{0}"}},
             "status": {{"conditions": [{1}]}}}})",
        name, condition);
  }

  static std::string PodJson(const std::string& name, const std::string& owner,
                             const std::string& state, const std::string& phase = "Running") {
    return fmt::format(
        R"({{"apiVersion": "v1", "kind": "Pod", "metadata": {{"namespace": "shop", "name": "{}",
             "ownerReferences": [{{"uid": "{}", "controller": true}}]}},
             "status": {{"phase": "{}", "containerStatuses": [
               {{"name": "main", "restartCount": 0, "state": {{"{}": {{}}}}}}]}}}})",
        name, owner, phase, state);
  }

  std::vector<std::string> Look() {
    tracker_.Look(cluster_, updates_);
    return reporter_->Take();
  }

  std::vector<std::string> Conclude(bool succeeded) {
    tracker_.Conclude(succeeded, cluster_, updates_);
    return reporter_->Take();
  }

  FakeCluster cluster_;
  std::shared_ptr<RecordingReporter> reporter_ = std::make_shared<RecordingReporter>();
  ReleaseUpdates updates_{reporter_, std::make_shared<Redactor>(nlohmann::json{{"token", "s3cret"}},
                                                                std::vector<std::string>{})};
  HookTracker tracker_{
      *NamespaceName::Parse("shop"), {"pre-install", "post-install"}, *kube::ParseTime(kLaunched)};
};

TEST_F(HookTrackerTest, WaitsUntilHelmBeginsAHook) {
  tracker_.Take(
      {Job("migrate"), Job("old", kBefore, "Succeeded"), Job("check", kAfter, "Running", "test")});
  EXPECT_THAT(Look(), IsEmpty());
  EXPECT_TRUE(tracker_.open());
  EXPECT_EQ(cluster_.reads(), 0);
}

TEST_F(HookTrackerTest, TellsStartLogAndEndOfAJob) {
  tracker_.Take({Job("migrate", kAfter, "Running")});
  EXPECT_THAT(Look(), ElementsAre("hook Job shop/migrate STARTED: "));

  cluster_.Put(JobJson("migrate"));
  cluster_.PutPodsOfJob("migrate",
                        {kube::Json::parse(PodJson("migrate-x", "uid-migrate", "waiting")),
                         kube::Json::parse(PodJson("stale", "uid-earlier", "running"))});
  EXPECT_THAT(Look(), IsEmpty());
  EXPECT_THAT(cluster_.opened(), IsEmpty());

  cluster_.PutPodsOfJob("migrate",
                        {kube::Json::parse(PodJson("migrate-x", "uid-migrate", "running"))});
  cluster_.Log("migrate-x/main", {.lines = {"begin", "token s3cret"}});
  EXPECT_THAT(Look(), ElementsAre("migrate-x/main: begin", "migrate-x/main: token [redacted]"));
  EXPECT_THAT(Look(), IsEmpty());

  cluster_.Put(JobJson("migrate", R"({"type": "Complete", "status": "True"})"));
  cluster_.Log("migrate-x/main", {.lines = {"done"}});
  cluster_.Log("migrate-x/main", {.lines = {"bye"}, .ended = true});
  EXPECT_THAT(Look(), ElementsAre("migrate-x/main: done", "migrate-x/main: bye",
                                  "hook Job shop/migrate SUCCEEDED: "));
  EXPECT_THAT(cluster_.opened(), ElementsAre("migrate-x/main"));
  EXPECT_FALSE(tracker_.open());
  EXPECT_THAT(Look(), IsEmpty());
}

TEST_F(HookTrackerTest, SaysWhyAHookFailed) {
  tracker_.Take({Job("migrate", kAfter, "Running")});
  cluster_.Put(JobJson("migrate", R"({"type": "Failed", "status": "True",
    "reason": "BackoffLimitExceeded", "message": "token s3cret"})"));
  EXPECT_THAT(Look(), ElementsAre("hook Job shop/migrate STARTED: ",
                                  "hook Job shop/migrate FAILED: BackoffLimitExceeded: token "
                                  "[redacted]"));
  const std::vector<UnreadyObject> failed = tracker_.Failed();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].object.ToString(), "Job shop/migrate");
  EXPECT_EQ(failed[0].readiness.message, "BackoffLimitExceeded: token [redacted]");
}

TEST_F(HookTrackerTest, APodHasEndedWhenItIsCompleteNotWhenItIsReady) {
  tracker_.Take({Pod("check", kAfter)});
  cluster_.Put(R"({"apiVersion": "v1", "kind": "Pod",
    "metadata": {"namespace": "shop", "name": "check"},
    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
               "containerStatuses": [{"name": "main", "state": {"running": {}}}]}})");
  cluster_.Log("check/main", {.lines = {"hello"}});
  EXPECT_THAT(Look(), ElementsAre("hook Pod shop/check STARTED: ", "check/main: hello"));
  cluster_.Put(R"({"apiVersion": "v1", "kind": "Pod",
    "metadata": {"namespace": "shop", "name": "check"}, "status": {"phase": "Succeeded"}})");
  EXPECT_THAT(Look(), ElementsAre("hook Pod shop/check SUCCEEDED: "));
}

TEST_F(HookTrackerTest, GoesByHelmsRecordWhenTheObjectIsGone) {
  tracker_.Take({Job("migrate", kAfter, "Running")});
  Look();
  tracker_.Take({Job("migrate", kAfter, "Succeeded")});
  EXPECT_THAT(Look(), ElementsAre("hook Job shop/migrate SUCCEEDED: "));
}

TEST_F(HookTrackerTest, HooksEndWithHelm) {
  tracker_.Take({Job("migrate", kAfter, "Running"), Job("later")});
  Look();
  EXPECT_THAT(Conclude(true), ElementsAre("hook Job shop/migrate SUCCEEDED: "));
}

TEST_F(HookTrackerTest, AHookThatHelmGaveUpHasFailed) {
  tracker_.Take({Job("migrate", kAfter, "Running")});
  cluster_.Put(JobJson("migrate"));
  Look();
  EXPECT_THAT(Conclude(false),
              ElementsAre("hook Job shop/migrate FAILED: 0 of 1 completed, 0 failed"));
}

TEST_F(HookTrackerTest, FollowsTheLogOfARestartedContainerAgain) {
  tracker_.Take({Pod("check", kAfter)});
  for (const int restarts : {0, 1}) {
    cluster_.Put(fmt::format(R"({{"apiVersion": "v1", "kind": "Pod",
      "metadata": {{"namespace": "shop", "name": "check"}}, "status": {{"phase": "Running",
      "containerStatuses": [{{"name": "main", "restartCount": {}, "state": {{"running": {{}}}}}}]}}}})",
                             restarts));
    cluster_.Log("check/main", {.ended = true});
    Look();
    Look();
  }
  EXPECT_THAT(cluster_.opened(), ElementsAre("check/main", "check/main"));
}

TEST_F(HookTrackerTest, LeavesHooksOutThatItCannotRead) {
  tracker_.Take({{.name = "odd", .events = {"pre-install"}, .manifest = "{{{"},
                 {.name = "empty", .events = {"pre-install"}, .manifest = ""}});
  EXPECT_THAT(Look(), IsEmpty());
}

}  // namespace
}  // namespace berth::helm
