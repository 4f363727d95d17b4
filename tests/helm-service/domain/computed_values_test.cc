#include "helm-service/domain/computed_values.h"

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

TEST(ComputedValuesTest, MergesTablesAndReplacesEverythingElse) {
  const Json defaults = {{"image", {{"name", "web"}, {"tag", "1"}}}, {"list", {1, 2}}, {"n", 1}};
  const Json user = {{"image", {{"tag", "2"}}}, {"list", {3}}, {"more", true}};
  EXPECT_EQ(
      ComputeValues(defaults, user),
      (Json{{"image", {{"name", "web"}, {"tag", "2"}}}, {"list", {3}}, {"n", 1}, {"more", true}}));
}

TEST(ComputedValuesTest, ANullTakesADefaultAway) {
  const Json defaults = {{"a", 1}, {"b", {{"c", 1}, {"d", 2}}}};
  const Json user = {{"a", nullptr}, {"b", {{"c", nullptr}}}};
  EXPECT_EQ(ComputeValues(defaults, user), (Json{{"b", {{"d", 2}}}}));
}

TEST(ComputedValuesTest, ANullWithoutADefaultStays) {
  const Json defaults = {{"b", Json::object()}};
  const Json user = {{"a", nullptr}, {"b", {{"c", nullptr}}}};
  EXPECT_EQ(ComputeValues(defaults, user), user);
}

TEST(ComputedValuesTest, ATableAndAnotherTypeAreNotMerged) {
  const Json defaults = {{"a", {{"b", 1}}}, {"c", 1}};
  const Json user = {{"a", "text"}, {"c", {{"d", 1}}}};
  EXPECT_EQ(ComputeValues(defaults, user), user);
}

TEST(ComputedValuesTest, TakesAbsentValuesForEmptyOnes) {
  EXPECT_EQ(ComputeValues(nullptr, nullptr), Json::object());
  EXPECT_EQ(ComputeValues({{"a", 1}}, nullptr), (Json{{"a", 1}}));
  EXPECT_EQ(ComputeValues(nullptr, {{"a", 1}}), (Json{{"a", 1}}));
}

}  // namespace
}  // namespace berth::helm
