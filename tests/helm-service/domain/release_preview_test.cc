#include "helm-service/domain/release_preview.h"

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/kube/clock.h"
#include "common/operation/executor.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_reader.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kSecret[] = "kind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n";

class FakeRenderer final : public ChartRenderer {
 public:
  absl::StatusOr<RenderOutcome> Render(const Rendering&, std::chrono::milliseconds) override {
    ++runs;
    return outcome;
  }
  absl::StatusOr<RenderOutcome> DryRun(const Action&, std::chrono::milliseconds) override {
    ++runs;
    return outcome;
  }

  RenderOutcome outcome{.exit = {.code = 0}};
  int runs = 0;
};

// Charts come as bytes here.
class NoFetcher final : public ChartFetcher {
 public:
  absl::StatusOr<ChartArchive> Fetch(Chart chart, const Bounds&) override {
    return std::get<ChartArchive>(std::move(chart));
  }
};

class FakeStore final : public ReleaseStore {
 public:
  absl::StatusOr<std::optional<RevisionInfo>> Newest(const ReleaseKey&) override {
    return absl::UnimplementedError("not of use here");
  }
  absl::StatusOr<Release> Read(const ReleaseKey&, std::optional<int>) override {
    return absl::UnimplementedError("not of use here");
  }
  absl::StatusOr<ReleaseContent> ReadContent(const ReleaseKey&, int revision) override {
    const auto found = contents.find(revision);
    if (found == contents.end()) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND, "gone");
    }
    return found->second;
  }
  absl::StatusOr<ConsistencyToken> TokenOf(const ReleaseKey&) override {
    return absl::UnimplementedError("not of use here");
  }
  absl::StatusOr<std::optional<RevisionStamp>> Stamp(const ReleaseKey&, int) override {
    return absl::UnimplementedError("not of use here");
  }
  absl::Status MarkFailed(const ReleaseKey&, int, std::string_view) override {
    return absl::UnimplementedError("not of use here");
  }

  absl::StatusOr<std::vector<RevisionInfo>> Revisions(const ReleaseKey&) override {
    return revisions;
  }

  std::vector<RevisionInfo> revisions;
  std::map<int, ReleaseContent> contents;
};

class ReleasePreviewTest : public ::testing::Test {
 protected:
  static ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

  static ChartArchive Archive() {
    return {TarBuilder().File("web/Chart.yaml", "name: web\nversion: 1.0.0\n").Gzip()};
  }

  static Action Proposal(ChartArchive chart = Archive()) {
    return {.release = Key(),
            .what = Upgrade{
                .chart = std::move(chart), .values = {{"note", "sesame"}}, .install = true}};
  }

  static Rendering ToRender() {
    return {.install = {.release = Key(),
                        .what = Install{.chart = Archive(), .values = {{"note", "sesame"}}}}};
  }

  NoFetcher fetcher_;
  operation::Executor executor_{"charts", 1, kube::RealClock()};
  ChartPreparer charts_{fetcher_, executor_};
  FakeRenderer helm_;
  FakeStore releases_;
  FakeReader reader_;
  ProcessSlots slots_{1};
  ReleasePreview preview_{
      {.helm = helm_, .charts = charts_, .releases = releases_, .reader = reader_, .slots = slots_},
      {.patience = std::chrono::milliseconds(1)}};
};

TEST_F(ReleasePreviewTest, MasksSecretsOfWhatIsRenderedUnlessTheyAreToBeShown) {
  helm_.outcome.content.manifest = kSecret;
  const auto masked = preview_.Render(ToRender(), SecretValues::kMasked);
  ASSERT_TRUE(masked.ok()) << masked.status();
  ASSERT_THAT(masked->objects, SizeIs(1));
  EXPECT_THAT(masked->objects[0].text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(preview_.Render(ToRender(), SecretValues::kShown)->objects[0].text,
              HasSubstr("hunter2"));
}

TEST_F(ReleasePreviewTest, MasksHooksOfADryRunAndTellsItsRevision) {
  helm_.outcome.content.hooks = {{.path = "web/templates/job.yaml", .manifest = kSecret}};
  helm_.outcome.notes = "hello";
  helm_.outcome.revision = 4;
  const auto dry_run = preview_.DryRun(Proposal(), SecretValues::kMasked);
  ASSERT_TRUE(dry_run.ok()) << dry_run.status();
  EXPECT_EQ(dry_run->revision, 4);
  EXPECT_EQ(dry_run->notes, "hello");
  ASSERT_THAT(dry_run->objects, SizeIs(1));
  EXPECT_EQ(dry_run->objects[0].source, "web/templates/job.yaml");
  EXPECT_THAT(dry_run->objects[0].text, Not(HasSubstr("hunter2")));
}

TEST_F(ReleasePreviewTest, ExplainsWhatHelmRefusesWithoutTheValues) {
  helm_.outcome.exit = {.code = 1};
  helm_.outcome.messages = {"Error: execution error at (web/templates/a.yaml:1:4): no sesame here"};
  for (const absl::Status& status : {preview_.Render(ToRender(), SecretValues::kShown).status(),
                                     preview_.DryRun(Proposal(), SecretValues::kShown).status()}) {
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_INVALID);
    EXPECT_THAT(std::string(status.message()), HasSubstr("no [redacted] here"));
  }
}

TEST_F(ReleasePreviewTest, RedactsWarnings) {
  helm_.outcome.messages = {"warning: sesame"};
  EXPECT_THAT(preview_.Render(ToRender(), SecretValues::kShown)->messages,
              ElementsAre("warning: [redacted]"));
}

TEST_F(ReleasePreviewTest, GivesHelmNoArchiveThatIsNone) {
  const absl::Status status =
      preview_.DryRun(Proposal({"no archive"}), SecretValues::kShown).status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_EQ(helm_.runs, 0);
}

TEST_F(ReleasePreviewTest, WaitsForItsTurn) {
  const auto taken = slots_.Enter("shop", [] {});
  EXPECT_EQ(ReasonOf(preview_.Render(ToRender(), SecretValues::kShown).status()),
            Reason::ERROR_REASON_TOO_MANY_CALLS);
  EXPECT_EQ(helm_.runs, 0);
}

TEST_F(ReleasePreviewTest, RefusesMoreThanAnAnswerHolds) {
  helm_.outcome.content.manifest = std::string(ChartRenderer::kMostBytes + 1, '#');
  const absl::Status status = preview_.Render(ToRender(), SecretValues::kShown).status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_RESULT_TOO_LARGE);
  EXPECT_EQ(MetadataOf(status, "limit_bytes"), std::to_string(ChartRenderer::kMostBytes));
}

TEST_F(ReleasePreviewTest, ComparesTheDeployedRevisionWithTheNewestUnlessToldOtherwise) {
  releases_.revisions = {
      {1, ReleaseStatus::kSuperseded}, {2, ReleaseStatus::kDeployed}, {3, ReleaseStatus::kFailed}};
  for (int revision = 1; revision <= 3; ++revision) {
    releases_.contents[revision] = {
        .manifest = "kind: A\nmetadata: {name: a}\nrevision: " + std::to_string(revision) + "\n"};
  }
  const auto diff = preview_.CompareRevisions(Key(), 0, 0, SecretValues::kMasked);
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->from_revision, 2);
  EXPECT_EQ(diff->to_revision, 3);
  ASSERT_THAT(diff->changes, SizeIs(1));
  EXPECT_THAT(diff->changes[0].text, HasSubstr("--- revision 2\n+++ revision 3\n"));
  const auto back = preview_.CompareRevisions(Key(), 3, 1, SecretValues::kMasked);
  EXPECT_THAT(back->changes[0].text, HasSubstr("-revision: 3\n+revision: 1\n"));
}

TEST_F(ReleasePreviewTest, FindsNoRevisionOfWhatDoesNotExist) {
  EXPECT_EQ(ReasonOf(preview_.CompareRevisions(Key(), 0, 0, SecretValues::kMasked).status()),
            Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  EXPECT_EQ(ReasonOf(preview_.CompareRevisions(Key(), 1, 2, SecretValues::kMasked).status()),
            Reason::ERROR_REASON_RELEASE_NOT_FOUND);
}

TEST_F(ReleasePreviewTest, ComparesTheNewestRevisionWhenNoneIsDeployed) {
  releases_.revisions = {{2, ReleaseStatus::kFailed}, {1, ReleaseStatus::kFailed}};
  releases_.contents[2] = {.manifest = "kind: A\nmetadata: {name: a}\n"};
  helm_.outcome.content.manifest = "kind: A\nmetadata: {name: a}\n";
  const auto diff = preview_.CompareProposal(Proposal(), 0, SecretValues::kMasked);
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->from_revision, 2);
  EXPECT_EQ(diff->changes[0].kind, ObjectChange::Kind::kUnchanged);
}

TEST_F(ReleasePreviewTest, ShowsThatAProposalChangesASecretAndNotHow) {
  releases_.revisions = {{1, ReleaseStatus::kDeployed}};
  releases_.contents[1] = {.manifest = kSecret};
  helm_.outcome.content.manifest =
      "kind: Secret\nmetadata: {name: db}\nstringData: {password: hunter3}\n";
  const auto diff = preview_.CompareProposal(Proposal(), 0, SecretValues::kMasked);
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->to_revision, 0);
  ASSERT_THAT(diff->changes, SizeIs(1));
  EXPECT_EQ(diff->changes[0].kind, ObjectChange::Kind::kChanged);
  EXPECT_THAT(diff->changes[0].text, Not(HasSubstr("hunter")));
  EXPECT_THAT(diff->changes[0].text, HasSubstr("+++ proposal\n"));
}

TEST_F(ReleasePreviewTest, TakesEverythingOfAReleaseToBeInstalledAsNew) {
  helm_.outcome.content.manifest = "kind: A\nmetadata: {name: a}\n";
  const auto diff = preview_.CompareProposal(Proposal(), 0, SecretValues::kMasked);
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->from_revision, 0);
  EXPECT_EQ(diff->changes[0].kind, ObjectChange::Kind::kAdded);
}

}  // namespace
}  // namespace berth::helm
