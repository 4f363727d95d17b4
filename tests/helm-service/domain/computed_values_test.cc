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

TEST(ComputedValuesTest, ANullOfASubchartsStaysForTheDefaultsToCome) {
  const Json defaults = {{"own", {{"c", 1}}}, {"sub", {{"c", 1}, {"d", {{"e", 2}}}}}};
  const Json user = {{"own", {{"c", nullptr}}}, {"sub", {{"c", nullptr}, {"d", {{"e", nullptr}}}}}};
  EXPECT_EQ(ComputeValues(defaults, user, {"sub"}),
            (Json{{"own", Json::object()}, {"sub", user["sub"]}}));
}

TEST(ComputedValuesTest, FillsATableUpBelowTheTop) {
  Json table = {{"a", nullptr}, {"b", nullptr}, {"c", {{"d", 1}}}};
  AddDefaults(table, {{"a", 1}, {"b", nullptr}, {"c", {{"d", 2}, {"e", 3}}}});
  EXPECT_EQ(table, (Json{{"b", nullptr}, {"c", {{"d", 1}, {"e", 3}}}}));
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
