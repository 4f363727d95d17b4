#include "helm-service/domain/chart_values.h"

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ChartContents Chart(const std::string& name, const std::string& values,
                    std::vector<ChartContents> subcharts = {}) {
  ChartContents chart;
  chart.metadata = {{"name", name}};
  chart.values_yaml = values;
  chart.subcharts = std::move(subcharts);
  return chart;
}

ChartContents WithSchema(ChartContents chart, const std::string& schema) {
  chart.schema = schema;
  return chart;
}

Json Compute(ChartContents chart, const std::string& user) {
  const auto values = ComputeChartValues(chart, Json::parse(user));
  EXPECT_TRUE(values.ok()) << values.status();
  return *values;
}

std::vector<FieldViolation> Check(const ChartContents& chart, const std::string& user) {
  return FieldViolationsOf(CheckAgainstSchemas(chart, Json::parse(user)));
}

TEST(ComputeChartValuesTest, LaysTheUsersOverTheDefaults) {
  const ChartContents chart =
      Chart("web", "image: {tag: v1, pull: always}\nports: [1, 2]\nextra: {a: 1}\nname: x\n");
  EXPECT_EQ(Compute(chart, R"({"image": {"tag": "v2"}, "ports": [3], "extra": null, "own": 1})"),
            Json::parse(R"({"image": {"tag": "v2", "pull": "always"}, "ports": [3],
                            "name": "x", "own": 1})"));
  EXPECT_EQ(Compute(chart, R"({"image": {"pull": null}})")["image"], Json({{"tag", "v1"}}));
}

TEST(ComputeChartValuesTest, GivesSubchartsTheirOwnAndTheGlobals) {
  const ChartContents chart =
      Chart("web", "global: {region: north}\ncache: {size: 5}\n",
            {Chart("cache", "size: 1\nttl: 9\nglobal: {region: south, zone: b}\n")});
  EXPECT_EQ(Compute(chart, R"({"cache": {"ttl": null}})"),
            Json::parse(R"({"global": {"region": "north"},
                            "cache": {"size": 5, "global": {"region": "north", "zone": "b"}}})"));
}

TEST(ComputeChartValuesTest, TakesOutWhatIsSwitchedOff) {
  ChartContents chart =
      Chart("web", "tags: {back: false}\ncache: {enabled: true}\n",
            {Chart("cache", "a: 1"), Chart("queue", "b: 1"), Chart("db", "c: 1")});
  chart.dependencies = {{.name = "cache", .condition = "none.there, cache.enabled"},
                        {.name = "queue", .tags = {"back"}},
                        {.name = "db", .condition = "db.enabled", .tags = {"back"}}};
  const Json values = Compute(chart, R"({"cache": {"enabled": false}, "db": {"enabled": true}})");
  EXPECT_FALSE(values["cache"].contains("a"));
  EXPECT_FALSE(values.contains("queue"));
  EXPECT_EQ(values["db"]["c"], 1);
}

TEST(ComputeChartValuesTest, KnowsSubchartsByTheirAlias) {
  ChartContents chart = Chart("web", "", {Chart("cache", "a: 1")});
  chart.dependencies = {{.name = "cache", .alias = "first"}, {.name = "cache", .alias = "second"}};
  const Json values = Compute(chart, R"({"second": {"a": 2}})");
  EXPECT_EQ(values["first"]["a"], 1);
  EXPECT_EQ(values["second"]["a"], 2);
  EXPECT_FALSE(values.contains("cache"));
}

TEST(CheckAgainstSchemasTest, ListsTheViolationsOfAllCharts) {
  const ChartContents chart = WithSchema(
      Chart("web", "image: {tag: v1}",
            {WithSchema(Chart("cache", "size: 1"),
                        R"({"properties": {"size": {"type": "integer"}}, "required": ["node"]})")}),
      R"({"properties": {"image": {"properties": {"tag": {"type": "string"}}}}})");
  EXPECT_THAT(
      Check(chart, R"({"image": {"tag": 5}, "cache": {"size": "s3cret"}})"),
      ElementsAre(FieldViolation{"values.image.tag", "must be of type string, not number"},
                  FieldViolation{"values.cache.node", "is required"},
                  FieldViolation{"values.cache.size", "must be of type integer, not string"}));
  EXPECT_THAT(Check(chart, R"({"cache": {"node": "a"}})"), IsEmpty());
}

TEST(CheckAgainstSchemasTest, AsksNothingOfSubchartsThatAreSwitchedOff) {
  ChartContents chart =
      Chart("web", "", {WithSchema(Chart("cache", ""), R"({"required": ["node"]})")});
  chart.dependencies = {{.name = "cache", .condition = "cache.enabled"}};
  EXPECT_THAT(Check(chart, R"({"cache": {"enabled": false}})"), IsEmpty());
  EXPECT_THAT(Check(chart, "{}"), ElementsAre(FieldViolation{"values.cache.node", "is required"}));
}

TEST(CheckAgainstSchemasTest, RefusesASchemaThatLeadsElsewhere) {
  const ChartContents chart =
      WithSchema(Chart("web", ""), R"({"$ref": "https://example.com/schema.json"})");
  const absl::Status status = CheckAgainstSchemas(chart, Json::object());
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another document"));
}

TEST(CheckAgainstSchemasTest, LeavesToHelmWhatOnlyHelmCanCompute) {
  ChartContents chart =
      WithSchema(Chart("web", "", {Chart("cache", "")}), R"({"required": ["imported"]})");
  EXPECT_FALSE(CheckAgainstSchemas(chart, Json::object()).ok());
  chart.dependencies = {{.name = "cache", .imports_values = true}};
  EXPECT_TRUE(CheckAgainstSchemas(chart, Json::object()).ok());
  EXPECT_TRUE(CheckAgainstSchemas(WithSchema(Chart("web", "a: ["), R"({"required": ["x"]})"),
                                  Json::object())
                  .ok());
}

}  // namespace
}  // namespace berth::helm
