#include "helm-service/domain/unlock_handler.h"

#include <google/protobuf/wrappers.pb.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/progress_reading.h"

namespace berth::helm {
namespace {

using operation::Progress;
using operation::Wait;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Message = google::protobuf::StringValue;

ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

class FakeReporter final : public operation::Reporter {
 public:
  void Phase(std::string_view, std::string_view) override {}
  void Line(std::string_view, operation::v1::OutputLine::Stream, std::string_view) override {}
  void Publish(operation::v1::OperationUpdate) override {}
  void Wake() override {}
};

class FakeRun final : public operation::Run {
 public:
  const std::string& name() const override { return name_; }
  const operation::Spec& spec() const override { return spec_; }
  std::shared_ptr<const google::protobuf::Message> input() const override { return request; }
  bool recovered() const override { return request == nullptr; }
  const nlohmann::json& plan() const override { return current_plan; }
  absl::Status SavePlan(nlohmann::json) override { return absl::InternalError("not used"); }
  absl::Status BeginEffects(nlohmann::json plan) override {
    current_plan = std::move(plan);
    effects = true;
    return absl::OkStatus();
  }
  absl::Status BeginUndo(const absl::Status&) override { return absl::InternalError("not used"); }
  const std::optional<Undo>& undo() const override { return undo_; }
  bool effects_begun() const override { return effects; }
  bool cancel_requested() const override { return false; }
  std::chrono::steady_clock::time_point deadline() const override { return {}; }
  std::chrono::milliseconds remaining() const override { return std::chrono::seconds(60); }
  std::any& state() override { return state_; }
  std::shared_ptr<operation::Reporter> reporter() const override { return reporter_; }

  std::shared_ptr<google::protobuf::Message> request = std::make_shared<Message>();
  nlohmann::json current_plan = nlohmann::json::object();
  bool effects = false;

 private:
  const std::string name_ = "op-1";
  const operation::Spec spec_{.target_namespace = "shop", .target_name = "web"};
  const std::optional<Undo> undo_;
  std::any state_;
  const std::shared_ptr<FakeReporter> reporter_ = std::make_shared<FakeReporter>();
};

class FakeReleases final : public ReleaseStore {
 public:
  absl::StatusOr<std::optional<RevisionInfo>> Newest(const ReleaseKey&) override {
    if (!error.ok()) return error;
    return newest;
  }
  absl::StatusOr<std::vector<RevisionInfo>> Revisions(const ReleaseKey&) override {
    return absl::InternalError("not used");
  }
  absl::StatusOr<Release> Read(const ReleaseKey& key, std::optional<int> revision) override {
    return Release{.key = key, .newest = {revision.value_or(newest->revision), newest->status}};
  }
  absl::StatusOr<ReleaseContent> ReadContent(const ReleaseKey&, int) override {
    return absl::InternalError("not used");
  }
  absl::StatusOr<ConsistencyToken> TokenOf(const ReleaseKey&) override {
    return absl::InternalError("not used");
  }
  absl::StatusOr<std::optional<RevisionStamp>> Stamp(const ReleaseKey&, int) override {
    return absl::InternalError("not used");
  }
  absl::Status MarkFailed(const ReleaseKey&, int revision, std::string_view) override {
    if (!mark_error.ok()) return mark_error;
    marked.push_back(revision);
    newest->status = ReleaseStatus::kFailed;
    return absl::OkStatus();
  }

  std::optional<RevisionInfo> newest;
  std::vector<int> marked;
  absl::Status error;
  absl::Status mark_error;
};

class UnlockHandlerTest : public ::testing::Test {
 protected:
  UnlockHandler Handler(int expected_revision) {
    return UnlockHandler({.parse =
                              [expected_revision](const google::protobuf::Message&) {
                                return Unlock{Key(), expected_revision};
                              },
                          .result =
                              [](const Release& release, bool unlocked) {
                                Message result;
                                result.set_value(std::string(ToString(release.newest.status)) +
                                                 (unlocked ? ", unlocked" : ""));
                                google::protobuf::Any any;
                                any.PackFrom(result);
                                return any;
                              }},
                         releases_);
  }

  FakeReleases releases_;
  FakeRun run_;
};

TEST_F(UnlockHandlerTest, MarksALockedRevisionAsFailed) {
  for (const ReleaseStatus status :
       {ReleaseStatus::kPendingInstall, ReleaseStatus::kPendingUpgrade,
        ReleaseStatus::kPendingRollback, ReleaseStatus::kUninstalling}) {
    releases_.newest = {4, status};
    EXPECT_EQ(ResultOf(Handler(4).Advance(run_)), "failed, unlocked");
  }
  EXPECT_TRUE(run_.effects);
  EXPECT_THAT(releases_.marked, ElementsAre(4, 4, 4, 4));
}

TEST_F(UnlockHandlerTest, LeavesAReleaseAsItIsThatIsNotLocked) {
  releases_.newest = {4, ReleaseStatus::kDeployed};
  EXPECT_EQ(ResultOf(Handler(4).Advance(run_)), "deployed");
  EXPECT_FALSE(run_.effects);
  EXPECT_THAT(releases_.marked, IsEmpty());
}

TEST_F(UnlockHandlerTest, MarksNoOtherRevisionThanTheOneTheCallerSaw) {
  releases_.newest = {5, ReleaseStatus::kPendingUpgrade};
  const absl::Status error = ErrorOf(Handler(4).Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_REVISION_MISMATCH);
  EXPECT_EQ(MetadataOf(error, "revision"), "5");
  EXPECT_THAT(releases_.marked, IsEmpty());
  releases_.newest.reset();
  EXPECT_EQ(ReasonOf(ErrorOf(Handler(4).Advance(run_))), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
}

TEST_F(UnlockHandlerTest, WaitsOutAnApiServerThatIsAway) {
  releases_.newest = {4, ReleaseStatus::kPendingUpgrade};
  releases_.error = absl::UnavailableError("no answer");
  EXPECT_TRUE(std::holds_alternative<Wait>(Handler(4).Advance(run_)));
  releases_.error = absl::OkStatus();
  releases_.mark_error = absl::UnavailableError("no answer");
  EXPECT_TRUE(std::holds_alternative<Wait>(Handler(4).Advance(run_)));
  releases_.mark_error = absl::OkStatus();
  EXPECT_EQ(ResultOf(Handler(4).Advance(run_)), "failed, unlocked");
}

TEST_F(UnlockHandlerTest, GoesOnFromTheRecordAfterATakeover) {
  run_.request = nullptr;
  run_.effects = true;
  run_.current_plan = {{"revision", 4}};
  releases_.newest = {4, ReleaseStatus::kFailed};
  EXPECT_EQ(ResultOf(Handler(0).Advance(run_)), "failed, unlocked");
}

}  // namespace
}  // namespace berth::helm
