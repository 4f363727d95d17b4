#include "common/kube/label_selector.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace berth::kube {
namespace {

bool Fits(const std::string& selector, const std::map<std::string, std::string>& labels) {
  return LabelSelector::Parse(selector).value().Matches(
      [&](std::string_view key) -> std::optional<std::string_view> {
        const auto found = labels.find(std::string(key));
        if (found == labels.end()) return std::nullopt;
        return found->second;
      });
}

TEST(LabelSelectorTest, ComparesValues) {
  EXPECT_TRUE(Fits("team=shop", {{"team", "shop"}}));
  EXPECT_TRUE(Fits("team == shop", {{"team", "shop"}}));
  EXPECT_FALSE(Fits("team=shop", {{"team", "web"}}));
  EXPECT_FALSE(Fits("team=shop", {}));
  EXPECT_TRUE(Fits("team!=shop", {{"team", "web"}}));
  EXPECT_TRUE(Fits("team!=shop", {}));
  EXPECT_TRUE(Fits("team=", {{"team", ""}}));
}

TEST(LabelSelectorTest, LooksForValuesInASet) {
  EXPECT_TRUE(Fits("tier in (web, db)", {{"tier", "db"}}));
  EXPECT_FALSE(Fits("tier in (web,db)", {{"tier", "x"}}));
  EXPECT_FALSE(Fits("tier in (web,db)", {}));
  EXPECT_FALSE(Fits("tier notin (web,db)", {{"tier", "db"}}));
  EXPECT_TRUE(Fits("tier notin (web,db)", {}));
}

TEST(LabelSelectorTest, LooksForLabelsThemselves) {
  EXPECT_TRUE(Fits("example.com/legacy", {{"example.com/legacy", ""}}));
  EXPECT_FALSE(Fits("!legacy", {{"legacy", "yes"}}));
  EXPECT_TRUE(Fits("! legacy", {}));
}

TEST(LabelSelectorTest, WantsEveryRequirement) {
  const std::string selector = "team=shop , tier in (web),!legacy";
  EXPECT_TRUE(Fits(selector, {{"team", "shop"}, {"tier", "web"}}));
  EXPECT_FALSE(Fits(selector, {{"team", "shop"}, {"tier", "web"}, {"legacy", ""}}));
  EXPECT_FALSE(Fits(selector, {{"team", "shop"}}));
}

TEST(LabelSelectorTest, RefusesWhatIsNoSelector) {
  for (const char* text : {"", ",", "a,", "=b", "a in", "a in (b", "a in b", "a near (b)", "a=b c",
                           "a>1", "!a=b", "a=\"b\""}) {
    EXPECT_FALSE(LabelSelector::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(LabelSelector::Parse(std::string(1025, 'a')).ok());
}

}  // namespace
}  // namespace berth::kube
