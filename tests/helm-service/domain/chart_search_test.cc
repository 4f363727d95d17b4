#include "helm-service/domain/chart_search.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ChartIndex MakeIndex() {
  ChartIndex::Builder builder(std::size_t{1} << 20);
  const auto add = [&](const char* chart, const char* version, const char* description,
                       const char* keywords) {
    EXPECT_TRUE(builder
                    .Add(chart, {.version = version,
                                 .description = description,
                                 .url = "x.tgz",
                                 .keywords = keywords})
                    .ok());
  };
  add("nginx", "1.0.0", "A web server", "http\n");
  add("nginx", "2.0.0", "A web server", "http\nproxy\n");
  add("nginx-ingress", "3.0.0-rc.1", "Ingress controller", "");
  add("postgres", "1.0.0", "SQL, behind Nginx if you like", "database\n");
  return std::move(builder).Build();
}

// Chart and version of what is found, in order.
std::vector<std::string> Find(const std::string& text, const std::string& versions = "") {
  const ChartIndex index = MakeIndex();
  std::vector<ChartHit> hits =
      Search(index, *RepositoryName::Parse("main"),
             {.words = ChartQuery::Words(text), .versions = *VersionConstraint::Parse(versions)});
  std::sort(hits.begin(), hits.end(),
            [](const ChartHit& left, const ChartHit& right) { return left.order < right.order; });
  std::vector<std::string> found;
  for (const ChartHit& hit : hits) {
    found.push_back(std::string(hit.chart) + " " + std::string(hit.version.version));
  }
  return found;
}

TEST(ChartSearchTest, FindsEveryChartAtItsNewestReleaseWithoutWords) {
  EXPECT_THAT(Find(""), ElementsAre("nginx 2.0.0", "postgres 1.0.0"));
}

TEST(ChartSearchTest, LooksAtNameDescriptionAndKeywordsWhateverTheCase) {
  EXPECT_THAT(Find("DATABASE"), ElementsAre("postgres 1.0.0"));
  EXPECT_THAT(Find("web SERVER"), ElementsAre("nginx 2.0.0"));
  EXPECT_THAT(Find("sql server"), IsEmpty());
}

TEST(ChartSearchTest, PutsTheChartItselfBeforeOthersThatMentionIt) {
  EXPECT_THAT(Find("nginx", ">0-0"),
              ElementsAre("nginx 2.0.0", "nginx-ingress 3.0.0-rc.1", "postgres 1.0.0"));
}

TEST(ChartSearchTest, TakesTheNewestVersionWithinTheConstraint) {
  EXPECT_THAT(Find("nginx", "^1"), ElementsAre("nginx 1.0.0", "postgres 1.0.0"));
  EXPECT_THAT(Find("proxy", "^1"), IsEmpty());
}

TEST(ChartQueryTest, SplitsWordsAtBlanks) {
  EXPECT_THAT(ChartQuery::Words("  Web\tserver "), ElementsAre("web", "server"));
  EXPECT_THAT(ChartQuery::Words(""), IsEmpty());
  EXPECT_THAT(ChartQuery::Words("   "), IsEmpty());
}

}  // namespace
}  // namespace berth::helm
