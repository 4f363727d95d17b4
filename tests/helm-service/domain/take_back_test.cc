#include "helm-service/domain/take_back.h"

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using enum ReleaseStatus;

ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

constexpr auto kNoUninstall = std::nullopt;

ReleasePlan Installed(int revision) {
  return {.revision_before = revision, .was_installed = true, .uninstall = kNoUninstall};
}

ReleasePlan NotThere() { return {.uninstall = kNoUninstall}; }

int RollbackTarget(const TakeBack& how) {
  if (how.done || !how.action.has_value()) return 0;
  const auto* rollback = std::get_if<Rollback>(&how.action->what);
  return rollback == nullptr ? 0 : rollback->revision;
}

TEST(TakeBackTest, HasNothingToDoForAnInstallThatIsGone) {
  EXPECT_TRUE(HowToTakeBack(Key(), NotThere(), {}).done);
}

TEST(TakeBackTest, RemovesAnInstallAtWhateverPointItStands) {
  for (const ReleaseStatus status : {kFailed, kUninstalling}) {
    const TakeBack how = HowToTakeBack(Key(), NotThere(), {{1, status}});
    ASSERT_TRUE(!how.done && how.action.has_value());
    EXPECT_FALSE(std::get<Uninstall>(how.action->what).keep_history);
  }
}

TEST(TakeBackTest, KeepsTheHistoryThatWasThereBeforeAnInstall) {
  const ReleasePlan plan{.revision_before = 3, .was_installed = false, .uninstall = kNoUninstall};
  const TakeBack how = HowToTakeBack(Key(), plan, {{3, kUninstalled}, {4, kFailed}});
  ASSERT_TRUE(how.action.has_value());
  EXPECT_TRUE(std::get<Uninstall>(how.action->what).keep_history);
  EXPECT_TRUE(HowToTakeBack(Key(), plan, {{3, kUninstalled}, {4, kUninstalled}}).done);
}

TEST(TakeBackTest, RollsAnUpgradeBackToTheLastRevisionThatWasDeployed) {
  EXPECT_EQ(RollbackTarget(HowToTakeBack(Key(), Installed(2), {{2, kDeployed}, {3, kFailed}})), 2);
  EXPECT_EQ(
      RollbackTarget(HowToTakeBack(Key(), Installed(3),
                                   {{4, kFailed}, {3, kFailed}, {2, kDeployed}, {1, kSuperseded}})),
      2);
  EXPECT_EQ(RollbackTarget(
                HowToTakeBack(Key(), Installed(2), {{2, kDeployed}, {3, kFailed}, {4, kFailed}})),
            2);
}

TEST(TakeBackTest, HasNothingToDoForAnUpgradeThatStoredNothingOrIsRolledBack) {
  EXPECT_TRUE(HowToTakeBack(Key(), Installed(2), {{2, kDeployed}}).done);
  EXPECT_TRUE(
      HowToTakeBack(Key(), Installed(2), {{2, kSuperseded}, {3, kFailed}, {4, kDeployed}}).done);
  EXPECT_TRUE(HowToTakeBack(Key(), Installed(2), {}).done);
}

TEST(TakeBackTest, WaitsForEachStepAsLongAsTheActionMay) {
  using std::chrono::seconds;
  for (const bool was_installed : {false, true}) {
    const ReleasePlan plan{.revision_before = 1,
                           .was_installed = was_installed,
                           .uninstall = kNoUninstall,
                           .step_timeout = seconds(4)};
    const TakeBack how = HowToTakeBack(Key(), plan, {{1, kDeployed}, {2, kFailed}});
    ASSERT_TRUE(how.action.has_value());
    EXPECT_EQ(how.action->step_timeout, seconds(4));
  }
}

TEST(TakeBackTest, KnowsNoWayBackWhenNoRevisionWasEverDeployed) {
  const TakeBack how = HowToTakeBack(Key(), Installed(1), {{1, kFailed}, {2, kFailed}});
  EXPECT_FALSE(how.done);
  EXPECT_FALSE(how.action.has_value());
}

}  // namespace
}  // namespace berth::helm
