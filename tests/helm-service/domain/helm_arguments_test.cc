#include "helm-service/domain/helm_arguments.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr HelmVersion kHelm3{3, 17, 3};
constexpr HelmVersion kHelm4{4, 1, 4};

ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

Action MakeInstall() {
  return {.release = Key(),
          .what = Install{.chart = ChartArchive{"..."},
                          .values = {{"password", "hunter2"}},
                          .create_namespace = true},
          .wait = true};
}

TEST(HelmArgumentsTest, InstallsWithFlagsFirstAndPositionalsBehindTheDashes) {
  EXPECT_THAT(
      HelmArguments(MakeInstall(), kHelm4, seconds(90), "/run/chart.tgz"),
      ElementsAre("install", "--namespace=shop", "--timeout=90s", "--debug", "--wait=watcher",
                  "--values=-", "--create-namespace", "--", "web", "/run/chart.tgz"));
}

TEST(HelmArgumentsTest, SpellsWaitingAsHelm3Does) {
  const std::vector<std::string> arguments =
      HelmArguments(MakeInstall(), kHelm3, seconds(90), "/run/chart.tgz");
  EXPECT_THAT(arguments, Contains("--wait"));
  EXPECT_THAT(arguments, Not(Contains("--wait=watcher")));
}

TEST(HelmArgumentsTest, UpgradesWithTheNewValuesOnly) {
  const Action action{.release = Key(),
                      .what = Upgrade{.chart = OciChart{*OciReference::Parse("oci://host/web"),
                                                        VersionConstraint::Any()},
                                      .install = true}};
  EXPECT_THAT(HelmArguments(action, kHelm4, seconds(60), "/run/chart.tgz"),
              ElementsAre("upgrade", "--namespace=shop", "--timeout=60s", "--debug", "--values=-",
                          "--reset-values", "--install", "--", "web", "/run/chart.tgz"));
}

TEST(HelmArgumentsTest, RollsBackAndUninstalls) {
  EXPECT_THAT(
      HelmArguments({.release = Key(), .what = Rollback{3}}, kHelm4, seconds(60), ""),
      ElementsAre("rollback", "--namespace=shop", "--timeout=60s", "--debug", "--", "web", "3"));
  EXPECT_THAT(
      HelmArguments({.release = Key(), .what = Uninstall{}}, kHelm4, seconds(60), ""),
      ElementsAre("uninstall", "--namespace=shop", "--timeout=60s", "--debug", "--", "web"));
}

ApplyOptions EveryOption() {
  return {.write = {.wait_for_jobs = true, .force = true, .disable_hooks = true},
          .rollback_on_failure = true,
          .take_ownership = true,
          .skip_crds = true,
          .disable_openapi_validation = true,
          .skip_schema_validation = true,
          .labels = *ReleaseLabels::Parse({{"team", "web"}, {"tier", "1"}}),
          .description = *Description::Parse("--not a flag")};
}

TEST(HelmArgumentsTest, SpellsEveryOptionAsTheHelmInUseDoes) {
  const Action action{.release = Key(),
                      .what = Upgrade{.chart = ChartArchive{"..."},
                                      .values = {},
                                      .apply = EveryOption(),
                                      .values_policy = ValuesPolicy::kResetThenReuse,
                                      .history_limit = 3}};
  EXPECT_THAT(
      HelmArguments(action, kHelm3, seconds(60), "/c.tgz"),
      ElementsAre("upgrade", "--namespace=shop", "--timeout=60s", "--debug", "--wait-for-jobs",
                  "--no-hooks", "--force", "--values=-", "--atomic", "--take-ownership",
                  "--skip-crds", "--disable-openapi-validation", "--skip-schema-validation",
                  "--labels=team=web,tier=1", "--description=--not a flag",
                  "--reset-then-reuse-values", "--history-max=3", "--", "web", "/c.tgz"));
  const std::vector<std::string> with_helm4 = HelmArguments(action, kHelm4, seconds(60), "/c.tgz");
  EXPECT_THAT(with_helm4,
              IsSupersetOf({"--force-replace", "--server-side=false", "--rollback-on-failure"}));
  EXPECT_THAT(with_helm4, Not(Contains("--force")));
  EXPECT_THAT(with_helm4, Not(Contains("--atomic")));
}

TEST(HelmArgumentsTest, ReusesValuesWhenAskedTo) {
  const Action action{
      .release = Key(),
      .what = Upgrade{
          .chart = ChartArchive{"..."}, .values = {}, .values_policy = ValuesPolicy::kReuse}};
  const std::vector<std::string> arguments = HelmArguments(action, kHelm4, seconds(60), "x");
  EXPECT_THAT(arguments, Contains("--reuse-values"));
  EXPECT_THAT(arguments, Not(Contains("--reset-values")));
}

TEST(HelmArgumentsTest, NamesTheKindOfApplyWhereTheCallerDoes) {
  Rollback rollback{.revision = 3, .history_limit = 7};
  for (const auto& [apply, flag] : std::vector<std::pair<ServerSideApply, std::string>>{
           {ServerSideApply::kEnabled, "--server-side=true"},
           {ServerSideApply::kDisabled, "--server-side=false"},
           {ServerSideApply::kAuto, "--server-side=auto"}}) {
    rollback.write.server_side_apply = apply;
    EXPECT_THAT(HelmArguments({.release = Key(), .what = rollback}, kHelm4, seconds(60), ""),
                ElementsAre("rollback", "--namespace=shop", "--timeout=60s", "--debug", flag,
                            "--history-max=7", "--", "web", "3"));
  }
}

TEST(HelmArgumentsTest, UninstallsAsAskedTo) {
  const Action action{.release = Key(),
                      .what = Uninstall{.keep_history = true,
                                        .disable_hooks = true,
                                        .description = *Description::Parse("retired"),
                                        .cascade = Cascade::kOrphan}};
  EXPECT_THAT(
      HelmArguments(action, kHelm4, seconds(60), ""),
      ElementsAre("uninstall", "--namespace=shop", "--timeout=60s", "--debug", "--keep-history",
                  "--no-hooks", "--description=retired", "--cascade=orphan", "--", "web"));
}

TEST(HelmArgumentsTest, RunsTheTestsThatAreNamed) {
  const Action action{
      .release = Key(),
      .what = helm::Test{{*ObjectName::Parse("web-smoke"), *ObjectName::Parse("a.b")}}};
  EXPECT_THAT(HelmArguments(action, kHelm4, seconds(60), ""),
              ElementsAre("test", "--namespace=shop", "--timeout=60s", "--debug",
                          "--filter=name=web-smoke", "--filter=name=a.b", "--", "web"));
}

TEST(HelmArgumentsTest, NeverHoldsValues) {
  for (const HelmVersion& version : {kHelm3, kHelm4}) {
    for (const std::string& argument : HelmArguments(MakeInstall(), version, seconds(1), "x")) {
      EXPECT_EQ(argument.find("hunter2"), std::string::npos) << argument;
    }
  }
}

TEST(HelmArgumentsTest, AlwaysGivesHelmASecond) {
  EXPECT_THAT(HelmArguments({.release = Key(), .what = Uninstall{}}, kHelm4, seconds(0), ""),
              Contains("--timeout=1s"));
}

TEST(DryRunArgumentsTest, AddsTheDryRunToWhatWouldBeDone) {
  EXPECT_THAT(DryRunArguments({.release = Key(),
                               .what = Upgrade{.chart = ChartArchive{"..."}, .install = true}},
                              kHelm4, seconds(60), "/run/chart.tgz"),
              ElementsAre("upgrade", "--dry-run=server", "--output=json", "--namespace=shop",
                          "--timeout=60s", "--debug", "--values=-", "--reset-values", "--install",
                          "--", "web", "/run/chart.tgz"));
}

TEST(TemplateArgumentsTest, RendersWithoutACluster) {
  Rendering rendering{.install = MakeInstall()};
  EXPECT_THAT(
      TemplateArguments(rendering, "/run/chart.tgz"),
      ElementsAre("template", "--namespace=shop", "--values=-", "--", "web", "/run/chart.tgz"));
  rendering.kube_version = *KubeVersion::Parse("1.34");
  rendering.api_versions = {*ApiVersion::Parse("a/v1"), *ApiVersion::Parse("b/v1/C")};
  rendering.include_crds = true;
  rendering.skip_tests = true;
  rendering.is_upgrade = true;
  rendering.disable_hooks = true;
  std::get<Install>(rendering.install.what).apply.skip_schema_validation = true;
  EXPECT_THAT(TemplateArguments(rendering, "/run/chart.tgz"),
              ElementsAre("template", "--namespace=shop", "--values=-", "--kube-version=1.34",
                          "--api-versions=a/v1", "--api-versions=b/v1/C", "--include-crds",
                          "--skip-tests", "--is-upgrade", "--no-hooks", "--skip-schema-validation",
                          "--", "web", "/run/chart.tgz"));
}

}  // namespace
}  // namespace berth::helm
