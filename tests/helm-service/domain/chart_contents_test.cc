#include "helm-service/domain/chart_contents.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kChartYaml[] = R"(apiVersion: v2
name: web
version: 1.2.3
dependencies:
- {name: cache, alias: store, condition: "store.enabled, global.store", tags: [back], import-values: [x]}
- {name: old, version: 1.0.0}
)";

TarBuilder Chart() {
  return TarBuilder()
      .File("web/Chart.yaml", kChartYaml)
      .File("web/values.yaml", "a: 1\n")
      .File("web/values.schema.json", "{}")
      .File("web/README.md", "# Web")
      .File("web/crds/things.yaml", "kind: CustomResourceDefinition")
      .File("web/templates/all.yaml", "kind: ConfigMap");
}

std::string Packed(const std::string& name) {
  return TarBuilder()
      .File(name + "/Chart.yaml", "name: " + name + "\nversion: 1.0.0\n")
      .File(name + "/values.yaml", "from: " + name)
      .Gzip();
}

std::vector<std::string> Paths(const std::vector<ChartFile>& files) {
  std::vector<std::string> paths;
  paths.reserve(files.size());
  for (const ChartFile& file : files) paths.push_back(file.path);
  return paths;
}

TEST(ReadChartTest, ReadsEverythingOfAChart) {
  const auto chart = ReadChart(Chart().Gzip(), ChartParts::kEverything, {});
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(chart->name(), "web");
  EXPECT_EQ(chart->metadata["version"], "1.2.3");
  EXPECT_EQ(chart->values_yaml, "a: 1\n");
  EXPECT_EQ(chart->schema, "{}");
  EXPECT_EQ(chart->readme, "# Web");
  EXPECT_THAT(Paths(chart->crds), ElementsAre("crds/things.yaml"));
  EXPECT_EQ(chart->crds[0].content, "kind: CustomResourceDefinition");
  EXPECT_THAT(Paths(chart->files),
              ElementsAre("Chart.yaml", "values.yaml", "values.schema.json", "README.md",
                          "crds/things.yaml", "templates/all.yaml"));
  EXPECT_EQ(chart->files[1].size, 5);
  EXPECT_THAT(chart->files[1].content, IsEmpty());
  ASSERT_THAT(chart->dependencies, SizeIs(2));
  EXPECT_EQ(chart->dependencies[0].alias, "store");
  EXPECT_EQ(chart->dependencies[0].condition, "store.enabled, global.store");
  EXPECT_THAT(chart->dependencies[0].tags, ElementsAre("back"));
  EXPECT_TRUE(chart->dependencies[0].imports_values);
  EXPECT_FALSE(chart->dependencies[1].imports_values);
}

TEST(ReadChartTest, ReadsOnlyWhatValuesNeed) {
  const auto chart = ReadChart(Chart().Gzip(), ChartParts::kValuesAndSchemas, {});
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(chart->schema, "{}");
  EXPECT_THAT(chart->readme, IsEmpty());
  EXPECT_THAT(chart->crds, IsEmpty());
}

TEST(ReadChartTest, FindsSubchartsInFoldersAndPackages) {
  const auto chart = ReadChart(Chart()
                                   .File("web/charts/cache/Chart.yaml", "name: cache")
                                   .File("web/charts/cache/charts/inner/Chart.yaml", "name: inner")
                                   .File("web/charts/cache/charts/inner/values.yaml", "b: 2")
                                   .File("web/charts/old-1.0.0.tgz", Packed("old"))
                                   .File("web/charts/_ignored/readme", "")
                                   .Gzip(),
                               ChartParts::kValuesAndSchemas, {});
  ASSERT_TRUE(chart.ok()) << chart.status();
  ASSERT_THAT(chart->subcharts, SizeIs(2));
  EXPECT_EQ(chart->subcharts[0].name(), "old");
  EXPECT_EQ(chart->subcharts[0].values_yaml, "from: old");
  EXPECT_EQ(chart->subcharts[1].name(), "cache");
  ASSERT_THAT(chart->subcharts[1].subcharts, SizeIs(1));
  EXPECT_EQ(chart->subcharts[1].subcharts[0].values_yaml, "b: 2");
}

TEST(ReadChartTest, TakesDependenciesOfOldChartsFromTheirOwnFile) {
  const auto chart = ReadChart(TarBuilder()
                                   .File("web/Chart.yaml", "name: web")
                                   .File("web/requirements.yaml", "dependencies: [{name: cache}]")
                                   .Gzip(),
                               ChartParts::kValuesAndSchemas, {});
  ASSERT_TRUE(chart.ok()) << chart.status();
  ASSERT_THAT(chart->dependencies, SizeIs(1));
  EXPECT_EQ(chart->dependencies[0].name, "cache");
}

TEST(ReadChartTest, RefusesWhatCannotBeRead) {
  for (const char* metadata : {"name: [", "version: 1", "name: 5", "", "[]"}) {
    EXPECT_FALSE(
        ReadChart(TarBuilder().File("web/Chart.yaml", metadata).Gzip(), ChartParts::kEverything, {})
            .ok())
        << metadata;
  }
}

TEST(ReadChartTest, StopsAtSubchartsWithinSubcharts) {
  std::string packed = Packed("inner");
  for (int i = 0; i < 20; ++i) {
    packed =
        TarBuilder().File("web/Chart.yaml", "name: web").File("web/charts/web.tgz", packed).Gzip();
  }
  const auto chart = ReadChart(packed, ChartParts::kValuesAndSchemas, {});
  EXPECT_THAT(std::string(chart.status().message()), HasSubstr("too deep"));
}

TEST(ReadChartTest, ReadsNoFileThatIsTooLarge) {
  const std::string archive = Chart().File("web/crds/big.yaml", std::string(1000, 'x')).Gzip();
  const ArchiveLimits limits{.file_bytes = 999};
  EXPECT_FALSE(ReadChart(archive, ChartParts::kEverything, limits).ok());
  EXPECT_TRUE(ReadChart(archive, ChartParts::kValuesAndSchemas, limits).ok());
}

}  // namespace
}  // namespace berth::helm
