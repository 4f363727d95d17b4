#include "helm-service/domain/chart_index.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;

constexpr std::size_t kPlenty = std::size_t{16} << 20;

ChartName Name(const char* text) { return *ChartName::Parse(text); }

TEST(ChartIndexTest, OrdersChartsByNameAndVersionsFromTheNewest) {
  ChartIndex::Builder builder(kPlenty);
  for (const char* version : {"1.2.0", "1.10.0-rc.1", "v1.10.0", "0.9"}) {
    ASSERT_TRUE(builder.Add("web", {.version = version, .url = "web.tgz"}).ok());
  }
  ASSERT_TRUE(builder.Add("api", {.version = "3.0.0", .url = "api.tgz"}).ok());
  const ChartIndex index = std::move(builder).Build();
  ASSERT_EQ(index.charts().size(), 2U);
  EXPECT_EQ(index.charts()[0].name, "api");
  EXPECT_THAT(index.Find(Name("web"))->VersionTexts(),
              ElementsAre("v1.10.0", "1.10.0-rc.1", "1.2.0", "0.9"));
  EXPECT_EQ(index.version_count(), 5U);
  EXPECT_EQ(index.Find(Name("we")), nullptr);
  EXPECT_EQ(index.Find(Name("zoo")), nullptr);
}

TEST(ChartIndexTest, PassesOverWhatNobodyCouldInstall) {
  ChartIndex::Builder builder(kPlenty);
  ASSERT_TRUE(builder.Add("web", {.version = "latest", .url = "web.tgz"}).ok());
  ASSERT_TRUE(builder.Add("web", {.version = "1.0.0", .url = ""}).ok());
  ASSERT_TRUE(builder.Add("../web", {.version = "1.0.0", .url = "web.tgz"}).ok());
  ASSERT_TRUE(builder.Add("web", {.version = "1.0.0+" + std::string(200, 'a'), .url = "w"}).ok());
  const ChartIndex index = std::move(builder).Build();
  EXPECT_TRUE(index.charts().empty());
  EXPECT_EQ(index.skipped(), 4U);
}

TEST(ChartIndexTest, KeepsATextOnceHoweverOftenItComes) {
  const std::string description(4000, 'd');
  ChartIndex::Builder builder(kPlenty);
  for (int i = 0; i < 1000; ++i) {
    const std::string version = std::to_string(i) + ".0.0";
    ASSERT_TRUE(
        builder.Add("web", {.version = version, .description = description, .url = "web.tgz"})
            .ok());
  }
  const ChartIndex index = std::move(builder).Build();
  EXPECT_EQ(index.charts()[0].versions[999].description, description);
  EXPECT_LT(index.memory_bytes(), 400'000U);  // the descriptions alone were 4 MB
}

TEST(ChartIndexTest, CutsLongTextsBetweenCharacters) {
  ChartIndex::Builder builder(kPlenty);
  std::string text(4095, 'd');
  text += "\xC3\xA9 and more";
  ASSERT_TRUE(builder.Add("web", {.version = "1.0.0", .description = text, .url = "w"}).ok());
  const ChartIndex index = std::move(builder).Build();
  EXPECT_EQ(index.charts()[0].versions[0].description, std::string(4095, 'd'));
}

TEST(ChartIndexTest, RefusesMoreThanItsShareOfMemory) {
  ChartIndex::Builder builder(std::size_t{1} << 20);
  absl::Status status;
  for (int i = 0; status.ok() && i < 100'000; ++i) {
    const std::string version = std::to_string(i) + ".0.0";
    status = builder.Add("web", {.version = version, .description = version, .url = "w"});
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
}

}  // namespace
}  // namespace berth::helm
