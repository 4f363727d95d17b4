#include "helm-service/domain/name_pattern.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

bool Fits(const std::string& pattern, const std::string& name) {
  return NamePattern::Parse(pattern).value().Matches(name);
}

TEST(NamePatternTest, FitsTheWholeName) {
  EXPECT_TRUE(Fits("web", "web"));
  EXPECT_FALSE(Fits("web", "web-2"));
  EXPECT_FALSE(Fits("web", "my-web"));
}

TEST(NamePatternTest, StarStandsForAnythingAndQuestionMarkForOneCharacter) {
  EXPECT_TRUE(Fits("*", "web"));
  EXPECT_TRUE(Fits("web*", "web"));
  EXPECT_TRUE(Fits("*-db-*", "shop-db-1"));
  EXPECT_TRUE(Fits("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(Fits("a*b*c", "a-b-b-d"));
  EXPECT_TRUE(Fits("web-?", "web-1"));
  EXPECT_FALSE(Fits("web-?", "web-"));
  EXPECT_FALSE(Fits("web-?", "web-10"));
  EXPECT_TRUE(Fits("*?", "x"));
}

TEST(NamePatternTest, TakesNoTimeForManyStars) {
  EXPECT_FALSE(Fits("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(53, 'a')));
}

TEST(NamePatternTest, RefusesWhatNoNameCanHold) {
  for (const char* text : {"", "Web", "web_1", "[ab]", "a b", "ä"}) {
    EXPECT_FALSE(NamePattern::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(NamePattern::Parse(std::string(64, 'a')).ok());
}

}  // namespace
}  // namespace berth::helm
