#include "helm-service/domain/semantic_version.h"

#include <array>
#include <string_view>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

SemanticVersion Version(std::string_view text) {
  const auto version = SemanticVersion::Parse(text);
  EXPECT_TRUE(version.ok()) << text;
  return version.ok() ? *version : SemanticVersion(0, 0, 0, "");
}

TEST(SemanticVersionTest, ForgivesALeadingVAndMissingNumbers) {
  EXPECT_EQ(Version("v1.2.3"), Version("1.2.3"));
  EXPECT_EQ(Version("1.2"), Version("1.2.0"));
  EXPECT_EQ(Version("v1"), Version("1.0.0"));
  EXPECT_EQ(Version("1.2-rc.1").prerelease(), "rc.1");
}

TEST(SemanticVersionTest, OrdersAsTheSpecificationDoes) {
  constexpr std::array kAscending = {"0.9.9",
                                     "1.0.0-1",
                                     "1.0.0-2",
                                     "1.0.0-10",
                                     "1.0.0-alpha",
                                     "1.0.0-alpha.1",
                                     "1.0.0-alpha.beta",
                                     "1.0.0-beta",
                                     "1.0.0-beta.2",
                                     "1.0.0-beta.11",
                                     "1.0.0-rc.1",
                                     "1.0.0",
                                     "1.0.1",
                                     "1.2.0",
                                     "1.10.0",
                                     "2.0.0",
                                     "18446744073709551615.0.0"};
  for (std::size_t i = 1; i < kAscending.size(); ++i) {
    EXPECT_LT(Version(kAscending[i - 1]), Version(kAscending[i])) << kAscending[i];
  }
}

TEST(SemanticVersionTest, DoesNotLookAtBuildMetadata) {
  EXPECT_EQ(Version("1.0.0+a"), Version("1.0.0+b"));
}

TEST(SemanticVersionTest, ComparesNumbersOfAnyLengthInPrereleases) {
  EXPECT_LT(Version("1.0.0-99999999999999999999"), Version("1.0.0-100000000000000000000"));
}

TEST(SemanticVersionTest, RefusesWhatIsNoVersion) {
  for (const char* text : {"",         "v",
                           "x",        "1.",
                           "1..2",     ".1",
                           "1.2.3.4",  "1.2.3-",
                           "1.2.3+",   "1.2.3-a..b",
                           "1.2.3-01", "1.2.3-a.",
                           "1.2.3-_",  "1.2.3+_",
                           "-1",       "1.-2",
                           " 1",       "1 ",
                           "latest",   "1.x",
                           "vv1",      "18446744073709551616.0.0"}) {
    EXPECT_FALSE(SemanticVersion::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace berth::helm
