#include "helm-service/domain/observed_action.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;

ObservedAction Of(decltype(Action::what) what, int revision_before) {
  const Action action{.release = {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")},
                      .what = std::move(what),
                      .wait = true};
  return ObservedAction::Of(action, revision_before, kube::Time());
}

TEST(ObservedActionTest, FollowsTheRevisionThatHelmIsAboutToStore) {
  const ObservedAction install = Of(Install{}, 0);
  EXPECT_EQ(install.revision, 1);
  EXPECT_EQ(install.goal, Goal::kReady);
  EXPECT_TRUE(install.waits);
  EXPECT_THAT(install.hook_events, ElementsAre("pre-install", "post-install"));

  const ObservedAction upgrade = Of(Upgrade{}, 4);
  EXPECT_EQ(upgrade.revision, 5);
  EXPECT_THAT(upgrade.hook_events, ElementsAre("pre-upgrade", "post-upgrade"));

  const ObservedAction rollback = Of(Rollback{.revision = 2}, 4);
  EXPECT_EQ(rollback.revision, 5);
  EXPECT_THAT(rollback.hook_events, ElementsAre("pre-rollback", "post-rollback"));
}

TEST(ObservedActionTest, AnUpgradeOfNothingRunsTheHooksOfAnInstall) {
  EXPECT_THAT(Of(Upgrade{.install = true}, 0).hook_events,
              ElementsAre("pre-install", "post-install"));
}

TEST(ObservedActionTest, FollowsTheRevisionThatIsRemoved) {
  const ObservedAction uninstall = Of(Uninstall{}, 4);
  EXPECT_EQ(uninstall.revision, 4);
  EXPECT_EQ(uninstall.goal, Goal::kGone);
  EXPECT_THAT(uninstall.hook_events, ElementsAre("pre-delete", "post-delete"));
}

}  // namespace
}  // namespace berth::helm
