#include "helm-service/transport/options_mapping.h"

#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "helm-service/transport/request_mapping.h"

namespace berth::helm {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

template <typename Request>
Request Make() {
  Request request;
  request.set_namespace_("shop");
  request.set_name("web");
  return request;
}

v1::InstallReleaseRequest MakeInstall() {
  auto request = Make<v1::InstallReleaseRequest>();
  request.mutable_chart()->set_archive("bytes");
  return request;
}

v1::UpgradeReleaseRequest MakeUpgrade() {
  auto request = Make<v1::UpgradeReleaseRequest>();
  request.mutable_chart()->set_archive("bytes");
  return request;
}

template <typename Request>
std::vector<std::string> FieldsAtFault(const Request& request) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(ToAction(request).status())) {
    fields.push_back(violation.field + ": " + violation.description);
  }
  return fields;
}

TEST(OptionsMappingTest, TakesEveryOptionOfAnUpgradeOver) {
  v1::UpgradeReleaseRequest request = MakeUpgrade();
  request.set_wait(true);
  request.set_values_policy(v1::VALUES_POLICY_RESET_THEN_REUSE);
  request.set_history_limit(3);
  v1::ApplyOptions& options = *request.mutable_apply();
  options.set_wait_for_jobs(true);
  options.mutable_step_timeout()->set_seconds(90);
  options.set_rollback_on_failure(true);
  options.set_server_side_apply(v1::SERVER_SIDE_APPLY_AUTO);
  options.set_take_ownership(true);
  options.set_skip_crds(true);
  options.set_disable_hooks(true);
  options.set_disable_openapi_validation(true);
  options.set_skip_schema_validation(true);
  (*options.mutable_labels())["team"] = "web";
  options.set_description("second");
  const auto action = ToAction(request);
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(action->step_timeout, seconds(90));
  const auto& upgrade = std::get<Upgrade>(action->what);
  EXPECT_EQ(upgrade.values_policy, ValuesPolicy::kResetThenReuse);
  EXPECT_EQ(upgrade.history_limit, 3);
  const ApplyOptions& apply = upgrade.apply;
  EXPECT_TRUE(apply.write.wait_for_jobs && apply.write.disable_hooks && !apply.write.force);
  EXPECT_EQ(apply.write.server_side_apply, ServerSideApply::kAuto);
  EXPECT_TRUE(apply.rollback_on_failure && apply.take_ownership && apply.skip_crds);
  EXPECT_TRUE(apply.disable_openapi_validation && apply.skip_schema_validation);
  EXPECT_EQ(apply.labels.ToFlag(), "team=web");
  EXPECT_EQ(apply.description.value(), "second");
}

TEST(OptionsMappingTest, LeavesToHelmWhatIsNotAskedFor) {
  const auto action = ToAction(MakeUpgrade());
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(action->step_timeout, std::nullopt);
  const auto& upgrade = std::get<Upgrade>(action->what);
  EXPECT_EQ(upgrade.values_policy, ValuesPolicy::kReset);
  EXPECT_EQ(upgrade.history_limit, std::nullopt);
  EXPECT_EQ(upgrade.apply.write.server_side_apply, std::nullopt);
}

TEST(OptionsMappingTest, NamesBothOfTwoOptionsThatContradictEachOther) {
  v1::InstallReleaseRequest install = MakeInstall();
  install.mutable_apply()->set_force(true);
  install.mutable_apply()->set_server_side_apply(v1::SERVER_SIDE_APPLY_ENABLED);
  install.mutable_apply()->set_wait_for_jobs(true);
  EXPECT_THAT(
      FieldsAtFault(install),
      ElementsAre("apply.force: excludes `server_side_apply`",
                  "apply.wait_for_jobs: only goes with `wait` or `apply.rollback_on_failure`"));
  install.mutable_apply()->set_force(false);
  install.mutable_apply()->set_rollback_on_failure(true);
  EXPECT_THAT(FieldsAtFault(install), ElementsAre());

  auto rollback = Make<v1::RollbackReleaseRequest>();
  rollback.set_revision(1);
  rollback.set_force(true);
  rollback.set_server_side_apply(v1::SERVER_SIDE_APPLY_AUTO);
  rollback.set_wait_for_jobs(true);
  EXPECT_THAT(FieldsAtFault(rollback), ElementsAre("force: excludes `server_side_apply`",
                                                   "wait_for_jobs: only goes with `wait`"));

  auto uninstall = Make<v1::UninstallReleaseRequest>();
  uninstall.set_description("gone");
  EXPECT_THAT(FieldsAtFault(uninstall), ElementsAre("description: only goes with `keep_history`"));
}

TEST(OptionsMappingTest, RefusesWhatIsOutOfRange) {
  v1::UpgradeReleaseRequest upgrade = MakeUpgrade();
  upgrade.mutable_apply()->mutable_step_timeout()->set_nanos(5);
  upgrade.mutable_apply()->set_description("a\nb");
  (*upgrade.mutable_apply()->mutable_labels())["owner"] = "me";
  upgrade.set_history_limit(1001);
  upgrade.set_values_policy(static_cast<v1::ValuesPolicy>(17));
  upgrade.mutable_apply()->set_server_side_apply(static_cast<v1::ServerSideApply>(17));
  EXPECT_THAT(
      FieldsAtFault(upgrade),
      ElementsAre("apply.server_side_apply: is not a known value",
                  "apply.labels: 'owner' is a label of Helm's own",
                  "apply.description: must be one line of at most 512 bytes, without "
                  "control characters",
                  "apply.step_timeout: must be 1 s to 24 h", "values_policy: is not a known value",
                  "history_limit: must be 1 to 1000, or unset"));
  v1::InstallReleaseRequest install = MakeInstall();
  install.mutable_apply()->set_server_side_apply(v1::SERVER_SIDE_APPLY_AUTO);
  EXPECT_THAT(FieldsAtFault(install),
              ElementsAre("apply.server_side_apply: AUTO is for upgrades: there is no revision "
                          "before"));
}

TEST(OptionsMappingTest, TakesTheOptionsOfAnUninstallOver) {
  auto request = Make<v1::UninstallReleaseRequest>();
  request.set_keep_history(true);
  request.set_disable_hooks(true);
  request.set_description("retired");
  request.set_cascade(v1::CASCADE_FOREGROUND);
  request.mutable_step_timeout()->set_seconds(7);
  const auto action = ToAction(request);
  ASSERT_TRUE(action.ok()) << action.status();
  const auto& uninstall = std::get<Uninstall>(action->what);
  EXPECT_TRUE(uninstall.keep_history && uninstall.disable_hooks);
  EXPECT_EQ(uninstall.description.value(), "retired");
  EXPECT_EQ(uninstall.cascade, Cascade::kForeground);
  EXPECT_EQ(action->step_timeout, seconds(7));
}

}  // namespace
}  // namespace berth::helm
