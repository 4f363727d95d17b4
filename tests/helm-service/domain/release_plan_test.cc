#include "helm-service/domain/release_plan.h"

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

TEST(ReleasePlanTest, KeepsWhatATakeoverNeedsAndNoValues) {
  const Action action{
      .release = Key(),
      .what = Install{.chart = ChartArchive{"..."},
                      .values = {{"password", "hunter2"}},
                      .apply = {.write = {.disable_hooks = true}, .rollback_on_failure = true}},
      .wait = true,
      .step_timeout = std::chrono::seconds(40)};
  const nlohmann::json json = ReleasePlan::Of(action, std::nullopt).ToJson();
  EXPECT_EQ(json.dump().find("hunter2"), std::string::npos);
  const ReleasePlan plan = ReleasePlan::FromJson(json);
  EXPECT_EQ(plan.revision_before, 0);
  EXPECT_TRUE(plan.wait && plan.rollback_on_failure && plan.disable_hooks);
  EXPECT_EQ(plan.step_timeout, std::chrono::seconds(40));
  EXPECT_FALSE(plan.was_installed || plan.uninstall.has_value());
}

TEST(ReleasePlanTest, TellsAReleaseInUseFromOneThatIsUninstalledWithItsHistory) {
  const Action action{.release = Key(), .what = Rollback{1}};
  const auto was_installed = [&](ReleaseStatus status) {
    return ReleasePlan::FromJson(ReleasePlan::Of(action, RevisionInfo{4, status}).ToJson())
        .was_installed;
  };
  EXPECT_TRUE(was_installed(ReleaseStatus::kDeployed));
  EXPECT_TRUE(was_installed(ReleaseStatus::kFailed));
  EXPECT_FALSE(was_installed(ReleaseStatus::kUninstalled));
}

TEST(ReleasePlanTest, ReadsWhatTheVersionBeforeWrote) {
  const ReleasePlan upgrade =
      ReleasePlan::FromJson({{"uninstall", false}, {"revisionBefore", 2}, {"wait", true}});
  EXPECT_EQ(upgrade.revision_before, 2);
  EXPECT_TRUE(upgrade.was_installed && upgrade.wait);
  EXPECT_FALSE(upgrade.rollback_on_failure || upgrade.uninstall.has_value());
  EXPECT_FALSE(upgrade.step_timeout.has_value());
  const ReleasePlan uninstall =
      ReleasePlan::FromJson({{"uninstall", true}, {"revisionBefore", 2}, {"wait", false}});
  ASSERT_TRUE(uninstall.uninstall.has_value());
  EXPECT_TRUE(uninstall.uninstall->allow_missing);
  EXPECT_FALSE(uninstall.uninstall->keep_history);
}

}  // namespace
}  // namespace berth::helm
