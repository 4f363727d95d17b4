// What every supported Helm must do, by the oldest and the newest ones at hand.

#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/integration/helm/helm_service_test.h"

namespace berth::helm {
namespace {

class SmokeTest : public HelmServiceTest {
 protected:
  Outcome<v1::TestReleaseResponse> RunTests() {
    grpc::ClientContext context;
    return Drain(*service_->helm().TestRelease(&context, Named<v1::TestReleaseRequest>()));
  }
};

INSTANTIATE_TEST_SUITE_P(Helms, SmokeTest,
                         ::testing::Values("helm3-older", "helm3-newer", "helm-older",
                                           "helm-newer"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[name.find('-')] = '_';
                           return name;
                         });

TEST_P(SmokeTest, TakesAReleaseThroughItsLife) {
  v1::InstallReleaseRequest install = InstallRequest("{note: first, tests: {quick: ConfigMap}}");
  install.mutable_apply()->set_rollback_on_failure(true);
  const auto installed = Install(install);
  ASSERT_TRUE(installed.status.ok()) << installed.status;
  const auto tested = RunTests();
  ASSERT_TRUE(tested.status.ok()) << tested.status;
  EXPECT_EQ(tested.last->result().tests_size(), 1);

  v1::UpgradeReleaseRequest upgrade = UpgradeRequest("{}");
  upgrade.set_wait(true);
  upgrade.set_values_policy(v1::VALUES_POLICY_RESET_THEN_REUSE);
  upgrade.mutable_apply()->set_description("second");
  (*upgrade.mutable_apply()->mutable_labels())["team"] = "web";
  const auto upgraded = Upgrade(upgrade);
  ASSERT_TRUE(upgraded.status.ok()) << upgraded.status;
  EXPECT_EQ(ConfigMapValue("note"), "first");
  EXPECT_EQ(GetRelease()->description(), "second");

  v1::UpgradeReleaseRequest stuck = UpgradeRequest("{deployment: true, note: stuck}");
  stuck.mutable_apply()->set_rollback_on_failure(true);
  stuck.mutable_run()->mutable_timeout()->set_seconds(8);
  const auto taken_back = Upgrade(stuck);
  EXPECT_EQ(ReasonOf(taken_back.status), Reason::ERROR_REASON_RELEASE_NOT_READY)
      << taken_back.status;
  EXPECT_EQ(ConfigMapValue("note"), "first");

  const auto rolled_back = Rollback(RollbackRequest(1));
  ASSERT_TRUE(rolled_back.status.ok()) << rolled_back.status;
  const auto uninstalled = Uninstall(UninstallRequest());
  ASSERT_TRUE(uninstalled.status.ok()) << uninstalled.status;
  EXPECT_EQ(ConfigMapValue("note"), "absent");
}

TEST_P(SmokeTest, RefusesByNameWhatThisHelmDoesNotKnow) {
  v1::InstallReleaseRequest owning = InstallRequest();
  owning.mutable_apply()->set_take_ownership(true);
  const auto outcome = Install(owning);
  if (GetParam() != "helm3-older") {
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    return;
  }
  EXPECT_EQ(ReasonOf(outcome.status), Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  EXPECT_EQ(MetadataOf(outcome.status, "needs"), "Helm 3.17 or later");
}

}  // namespace
}  // namespace berth::helm
