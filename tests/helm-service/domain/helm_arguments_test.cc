#include "helm-service/domain/helm_arguments.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
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

TEST(HelmVersionTest, ReadsWhatHelmPrints) {
  EXPECT_EQ(*HelmVersion::Parse("v4.1.4"), kHelm4);
  EXPECT_EQ(*HelmVersion::Parse("v3.17.3+ge4da497"), kHelm3);
  EXPECT_EQ(*HelmVersion::Parse("v4.3"), (HelmVersion{4, 3, 0}));
  EXPECT_FALSE(HelmVersion::Parse("").ok());
  EXPECT_FALSE(HelmVersion::Parse("helm").ok());
}

TEST(HelmVersionTest, SupportsHelm3From314OnAndHelm4) {
  EXPECT_TRUE(CheckSupported({3, 14, 0}).ok());
  EXPECT_TRUE(CheckSupported(kHelm4).ok());
  EXPECT_FALSE(CheckSupported({3, 13, 9}).ok());
  EXPECT_FALSE(CheckSupported({2, 17, 0}).ok());
  EXPECT_FALSE(CheckSupported({5, 0, 0}).ok());
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

}  // namespace
}  // namespace berth::helm
