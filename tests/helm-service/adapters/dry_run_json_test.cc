#include "helm-service/adapters/dry_run_json.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::SizeIs;

TEST(ReadDryRunTest, TakesWhatWouldBeAndLeavesTheChart) {
  const auto release = ReadDryRun(R"({"name": "web", "version": 3, "namespace": "shop",
      "info": {"status": "pending-upgrade", "notes": "hello"},
      "chart": {"manifest": "of the chart", "templates": [{"name": "a", "data": "eA=="}]},
      "config": {"manifest": "a value"}, "manifest": "---\nkind: A\n",
      "hooks": [{"name": "job", "kind": "Job", "path": "web/templates/job.yaml",
                 "manifest": "kind: Job", "events": ["test"]}]})");
  ASSERT_TRUE(release.ok()) << release.status();
  EXPECT_EQ(release->revision, 3);
  EXPECT_EQ(release->notes, "hello");
  EXPECT_EQ(release->content.manifest, "---\nkind: A\n");
  ASSERT_THAT(release->content.hooks, SizeIs(1));
  EXPECT_EQ(release->content.hooks[0].path, "web/templates/job.yaml");
  EXPECT_EQ(release->content.hooks[0].manifest, "kind: Job");
}

TEST(ReadDryRunTest, TakesAReleaseWithoutHooksAndNotes) {
  const auto release = ReadDryRun(R"({"info": {}, "manifest": "", "hooks": null, "version": 1})");
  ASSERT_TRUE(release.ok()) << release.status();
  EXPECT_THAT(release->content.hooks, SizeIs(0));
}

TEST(ReadDryRunTest, RefusesWhatIsNoRelease) {
  for (const char* text :
       {"", "null", "[]", "{", "{}", R"({"chart": {"manifest": ""}})", "hello"}) {
    EXPECT_TRUE(absl::IsDataLoss(ReadDryRun(text).status())) << text;
  }
}

}  // namespace
}  // namespace berth::helm
