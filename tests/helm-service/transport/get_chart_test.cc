#include "helm-service/transport/get_chart.h"

#include <string>
#include <utility>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "helm-service/domain/sha256.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Gives back the archives that it is sent.
class Sent final : public ChartFetcher {
 public:
  absl::StatusOr<ChartArchive> Fetch(Chart chart, const Bounds&) override {
    return std::get<ChartArchive>(std::move(chart));
  }
};

TarBuilder WebChart() {
  return TarBuilder()
      .File("web/Chart.yaml", "name: web\nversion: 1.2.3\nappVersion: 1.5\nkeywords: [a, b]\n")
      .File("web/values.yaml", "# how many\nreplicas: 3\nname: \"1e3\"\n")
      .File("web/values.schema.json", "{\"type\": \"object\"}")
      .File("web/README.md", "# Web")
      .File("web/crds/things.yaml", "kind: CustomResourceDefinition");
}

absl::StatusOr<v1::ChartContents> Get(const std::string& archive, bool include_crds = false) {
  v1::GetChartRequest request;
  request.mutable_chart()->set_archive(archive);
  request.set_include_crds(include_crds);
  Sent fetcher;
  auto response = GetChart(fetcher, request, {});
  if (!response.ok()) return response.status();
  return response->chart();
}

TEST(GetChartTest, TellsWhatAChartHolds) {
  const auto chart = Get(WebChart().Gzip());
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(chart->name(), "web");
  EXPECT_EQ(chart->version(), "1.2.3");
  EXPECT_EQ(chart->app_version(), "1.5");
  EXPECT_THAT(chart->metadata().fields().at("keywords").list_value().values(), SizeIs(2));
  EXPECT_EQ(chart->readme(), "# Web");
  EXPECT_EQ(chart->values_yaml(), "# how many\nreplicas: 3\nname: \"1e3\"\n");
  EXPECT_EQ(chart->values().fields().at("replicas").number_value(), 3);
  EXPECT_EQ(chart->values().fields().at("name").string_value(), "1e3");
  EXPECT_EQ(chart->values_schema(), "{\"type\": \"object\"}");
  EXPECT_THAT(chart->crds(), IsEmpty());
  EXPECT_THAT(chart->files(), SizeIs(5));
  EXPECT_EQ(chart->sha256(), Sha256::Of(WebChart().Gzip()).hex());
}

TEST(GetChartTest, TellsResourceDefinitionsWhenAskedUpToABound) {
  const auto chart = Get(WebChart()
                             .File("web/crds/large.yaml", std::string(1 << 20, 'x'))
                             .File("web/crds/small.yaml", "kind: x")
                             .Gzip(),
                         true);
  ASSERT_TRUE(chart.ok()) << chart.status();
  ASSERT_THAT(chart->crds(), SizeIs(3));
  EXPECT_EQ(chart->crds(0).content(), "kind: CustomResourceDefinition");
  EXPECT_THAT(chart->crds(1).content(), IsEmpty());
  EXPECT_EQ(chart->crds(1).size(), 1 << 20);
  EXPECT_EQ(chart->crds(2).content(), "kind: x");
}

TEST(GetChartTest, LeavesOutDefaultsThatCannotBeRead) {
  const auto chart =
      Get(TarBuilder().File("web/Chart.yaml", "name: web").File("web/values.yaml", "a: [").Gzip());
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(chart->values_yaml(), "a: [");
  EXPECT_FALSE(chart->has_values());
}

TEST(GetChartTest, RefusesWhatIsNoChart) {
  EXPECT_EQ(ReasonOf(Get("hello").status()), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_EQ(ReasonOf(Get("").status()), Reason::ERROR_REASON_INVALID_FIELD);
}

}  // namespace
}  // namespace berth::helm
