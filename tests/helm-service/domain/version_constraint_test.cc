#include "helm-service/domain/version_constraint.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

// What is allowed of these, from the newest.
const std::vector<std::string_view> kVersions = {
    "3.0.0-rc.1", "2.1.0", "2.0.0", "1.10.0", "1.3.0-beta", "1.2.4", "1.2.3", "1.2.0",
    "1.2.0-rc.1", "1.0.0", "0.3.1", "0.2.5",  "0.2.3",      "0.0.4", "0.0.3", "0.0.0"};

std::vector<std::string> Allowed(std::string_view text) {
  const auto constraint = VersionConstraint::Parse(text);
  EXPECT_TRUE(constraint.ok()) << text;
  std::vector<std::string> allowed;
  if (!constraint.ok()) return allowed;
  for (const std::string_view version : kVersions) {
    if (constraint->Allows(*SemanticVersion::Parse(version))) allowed.emplace_back(version);
  }
  return allowed;
}

TEST(VersionConstraintTest, AllowsWhatEachOperatorMeans) {
  EXPECT_THAT(Allowed("1.2.3"), ElementsAre("1.2.3"));
  EXPECT_THAT(Allowed("=v1.2.3"), ElementsAre("1.2.3"));
  EXPECT_THAT(Allowed(" 1.2.3+built "), ElementsAre("1.2.3"));
  EXPECT_THAT(Allowed(">1.2.3 <2"), ElementsAre("1.10.0", "1.2.4"));
  EXPECT_THAT(Allowed(">= 1.2.3, < 1.10"), ElementsAre("1.2.4", "1.2.3"));
  EXPECT_THAT(Allowed("=>2"), ElementsAre("2.1.0", "2.0.0"));
  EXPECT_THAT(Allowed("<=0.0.3"), ElementsAre("0.0.3", "0.0.0"));
  EXPECT_THAT(Allowed("=<0.0.3"), ElementsAre("0.0.3", "0.0.0"));
  EXPECT_THAT(Allowed("!=1.2.3 >=1.2 <1.3"), ElementsAre("1.2.4", "1.2.0"));
}

TEST(VersionConstraintTest, TakesAMissingNumberForAWildcard) {
  EXPECT_THAT(Allowed("1.2"), ElementsAre("1.2.4", "1.2.3", "1.2.0"));
  EXPECT_THAT(Allowed("1.2.x"), ElementsAre("1.2.4", "1.2.3", "1.2.0"));
  EXPECT_THAT(Allowed("1.X"), ElementsAre("1.10.0", "1.2.4", "1.2.3", "1.2.0", "1.0.0"));
  EXPECT_THAT(Allowed("1.*.7"), ElementsAre("1.10.0", "1.2.4", "1.2.3", "1.2.0", "1.0.0"));
  EXPECT_THAT(Allowed(">1.2 <2"), ElementsAre("1.10.0"));
  EXPECT_THAT(Allowed(">1"), ElementsAre("2.1.0", "2.0.0"));
  EXPECT_THAT(Allowed("<=1.2 >=1"), ElementsAre("1.2.4", "1.2.3", "1.2.0", "1.0.0"));
  EXPECT_THAT(Allowed("<=1 >=1.10"), ElementsAre("1.10.0"));
  EXPECT_THAT(Allowed("!=1 >=1"), ElementsAre("2.1.0", "2.0.0"));
  EXPECT_THAT(Allowed("!=1.2 >=1 <2"), ElementsAre("1.10.0", "1.0.0"));
}

TEST(VersionConstraintTest, LetsATildeMoveTheLastNumber) {
  EXPECT_THAT(Allowed("~1.2.3"), ElementsAre("1.2.4", "1.2.3"));
  EXPECT_THAT(Allowed("~>1.2.3"), ElementsAre("1.2.4", "1.2.3"));
  EXPECT_THAT(Allowed("~1.2"), ElementsAre("1.2.4", "1.2.3", "1.2.0"));
  EXPECT_THAT(Allowed("~1"), ElementsAre("1.10.0", "1.2.4", "1.2.3", "1.2.0", "1.0.0"));
  EXPECT_EQ(Allowed("~0.0.0"), Allowed("*"));
}

TEST(VersionConstraintTest, LetsACaretMoveWhatIsBehindTheFirstNumber) {
  EXPECT_THAT(Allowed("^1.2.3"), ElementsAre("1.10.0", "1.2.4", "1.2.3"));
  EXPECT_THAT(Allowed("^1"), ElementsAre("1.10.0", "1.2.4", "1.2.3", "1.2.0", "1.0.0"));
  EXPECT_THAT(Allowed("^0.2.3"), ElementsAre("0.2.5", "0.2.3"));
  EXPECT_THAT(Allowed("^0.2"), ElementsAre("0.2.5", "0.2.3"));
  EXPECT_THAT(Allowed("^0.0.3"), ElementsAre("0.0.3"));
  EXPECT_THAT(Allowed("^0.0"), ElementsAre("0.0.4", "0.0.3", "0.0.0"));
  EXPECT_THAT(Allowed("^0"), ElementsAre("0.3.1", "0.2.5", "0.2.3", "0.0.4", "0.0.3", "0.0.0"));
}

TEST(VersionConstraintTest, ReadsRangesAndAlternatives) {
  EXPECT_THAT(Allowed("1.2 - 1.10"), ElementsAre("1.10.0", "1.2.4", "1.2.3", "1.2.0"));
  EXPECT_THAT(Allowed("1.2.3 || ^2"), ElementsAre("2.1.0", "2.0.0", "1.2.3"));
  EXPECT_THAT(Allowed("0.0.3||0.0.4"), ElementsAre("0.0.4", "0.0.3"));
  EXPECT_THAT(Allowed("v0.2.3 - 0.2.5 || 1.0 - 1.0"), ElementsAre("1.0.0", "0.2.5", "0.2.3"));
}

TEST(VersionConstraintTest, WantsPrereleasesOnlyWhereOneIsNamed) {
  EXPECT_THAT(Allowed("3"), IsEmpty());
  EXPECT_THAT(Allowed(">=3-0"), ElementsAre("3.0.0-rc.1"));
  EXPECT_THAT(Allowed("^1.2.0-0 <1.2.3"), ElementsAre("1.2.0", "1.2.0-rc.1"));
  EXPECT_THAT(Allowed("1.3.0-beta"), ElementsAre("1.3.0-beta"));
  EXPECT_THAT(Allowed(">0.0.0-0 || 9"),
              ElementsAreArray(std::vector<std::string>(kVersions.begin(), kVersions.end())));
  // Of two alternatives each speaks for itself.
  EXPECT_THAT(Allowed("3 || 1.3.0-beta"), ElementsAre("1.3.0-beta"));
}

TEST(VersionConstraintTest, WantsEveryReleaseWhenItSaysNothing) {
  EXPECT_EQ(Allowed(""), Allowed("*"));
  EXPECT_EQ(Allowed("  "), Allowed("*"));
  EXPECT_EQ(Allowed("x"), Allowed(">=0"));
  EXPECT_EQ(Allowed("*").size(), 13U);
  EXPECT_EQ(VersionConstraint::Any().text(), "*");
}

TEST(VersionConstraintTest, ChoosesTheOneWrittenAlikeBeforeTheNewest) {
  const auto choose = [](std::string_view text, std::vector<std::string_view> versions) {
    return VersionConstraint::Parse(text)->Choose(versions);
  };
  EXPECT_EQ(choose("1", {"1.2.0", "1"}), 1U);
  EXPECT_EQ(choose("1.0.0+b", {"1.0.0+a", "1.0.0+b"}), 1U);
  EXPECT_EQ(choose("^1", {"2.0.0", "nonsense", "1.2.0", "1.1.0"}), 2U);
  EXPECT_EQ(choose("^3", {"2.0.0"}), std::nullopt);
}

TEST(VersionConstraintTest, RefusesWhatHelmRefuses) {
  for (const char* text :
       {"latest", "1.2.3.4", "1.2 ||", "|| 1",   "1 || || 2", ">=",       ">=<1",
        "1,",     ",1",      "1,,2",   "==1",    "1.2.3-",    "^v",       "1|2",
        "1.y",    "1 - ",    "- 1",    ">1 - 2", "--version", "1.2.3 -2", "18446744073709551616"}) {
    EXPECT_FALSE(VersionConstraint::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(VersionConstraint::Parse(std::string(257, '1')).ok());
}

}  // namespace
}  // namespace berth::helm
