#include "helm-service/domain/values.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

TEST(MergeValuesTest, MergesMappingsAndReplacesEverythingElse) {
  const Json merged = MergeValues({Json::parse(R"({"a": {"x": 1, "y": [1, 2]}, "b": {"c": 1}})"),
                                   Json::parse(R"({"a": {"y": [3], "z": 2}, "b": null})")});
  EXPECT_EQ(merged, Json::parse(R"({"a": {"x": 1, "y": [3], "z": 2}, "b": null})"));
}

TEST(MergeValuesTest, IsAnEmptyMappingForNoSources) { EXPECT_EQ(MergeValues({}), Json::object()); }

TEST(CheckValuesTest, AcceptsIntegersUpToTwoToTheFiftyThird) {
  EXPECT_TRUE(CheckValues(Json{{"a", 9007199254740992}, {"b", -9007199254740992}}, {}).ok());
}

TEST(CheckValuesTest, RefusesLargerIntegersByPathAndWithoutTheValue) {
  const absl::Status status = CheckValues(Json{{"a", {{"b", {1, 9007199254740993}}}}}, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("a.b[1]"));
  EXPECT_THAT(message, HasSubstr("quote it"));
  EXPECT_THAT(message, Not(HasSubstr("9007199254740993")));
}

TEST(CheckValuesTest, RefusesNumbersThatAreNotFinite) {
  EXPECT_FALSE(CheckValues(Json{{"a", std::numeric_limits<double>::infinity()}}, {}).ok());
  EXPECT_FALSE(CheckValues(Json{{"a", std::numeric_limits<double>::quiet_NaN()}}, {}).ok());
}

TEST(CheckValuesTest, RefusesTooMuchDepthTooManyNodesAndEndlessKeys) {
  Json deep = 1;
  for (int i = 0; i < 101; ++i) deep = Json::array({deep});
  EXPECT_FALSE(CheckValues(Json{{"a", deep}}, {}).ok());
  EXPECT_FALSE(CheckValues(Json{{"a", {1, 2, 3}}}, {.nodes = 4}).ok());
  EXPECT_TRUE(CheckValues(Json{{"a", {1, 2, 3}}}, {.nodes = 5}).ok());
  EXPECT_FALSE(CheckValues(Json{{std::string(1001, 'k'), 1}}, {}).ok());
  EXPECT_FALSE(CheckValues(Json{{std::string(200, '\x01'), 1}}, {}).ok());
  EXPECT_TRUE(CheckValues(Json{{std::string(150, '\x01'), 1}}, {}).ok());
}

TEST(WriteValuesTest, EscapesWhatYamlWouldRefuseOrFold) {
  EXPECT_EQ(
      WriteValues(Json{{"a", "\x7F\xC2\x85\xE2\x80\xA8\xEF\xBB\xBF\t\xC3\xA9\xF0\x9F\x98\x80"}}),
      "{\"a\":\"\\u007f\\u0085\\u2028\\ufeff\\t\xC3\xA9\xF0\x9F\x98\x80\"}");
}

TEST(WriteValuesTest, KeepsStringsQuotedWhateverTheyLookLike) {
  EXPECT_EQ(WriteValues(Json{{"a", "1e3"}, {"b", "yes"}, {"c", "0o17"}, {"d", "null"}}),
            R"({"a":"1e3","b":"yes","c":"0o17","d":"null"})");
}

}  // namespace
}  // namespace berth::helm
