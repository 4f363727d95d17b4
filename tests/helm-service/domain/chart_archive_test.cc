#include "helm-service/domain/chart_archive.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;

TarBuilder Chart() {
  return TarBuilder().File("web/Chart.yaml", "name: web\n").File("web/templates/a.yaml", "a: 1\n");
}

std::string Refusal(const std::string& bytes, const ArchiveLimits& limits = {}) {
  const absl::Status status = CheckChartArchive(bytes, limits);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(CheckChartArchiveTest, AcceptsAPackagedChart) {
  EXPECT_TRUE(CheckChartArchive(Chart().Gzip(), {}).ok());
}

TEST(CheckChartArchiveTest, AcceptsLongNamesInBothNotations) {
  const std::string longest = "web/" + std::string(120, 'a');
  EXPECT_TRUE(CheckChartArchive(Chart().Pax("path", longest).File("web/a", "x").Gzip(), {}).ok());
  EXPECT_TRUE(
      CheckChartArchive(Chart().Entry("././@LongLink", 'L', longest).File("web/a", "x").Gzip(), {})
          .ok());
}

TEST(CheckChartArchiveTest, RefusesWhatIsNotGzipOrNotTar) {
  EXPECT_THAT(Refusal(""), HasSubstr("ends too early"));
  EXPECT_THAT(Refusal("hello"), HasSubstr("not gzip"));
  EXPECT_THAT(Refusal(TarBuilder::Gzip(std::string(2048, 'x'))), HasSubstr("not tar"));
  const std::string whole = Chart().Gzip();
  Refusal(whole.substr(0, whole.size() / 2));
}

TEST(CheckChartArchiveTest, RefusesLinksAndDevices) {
  for (const char type : {'1', '2', '3', '4', '6'}) {
    EXPECT_THAT(Refusal(Chart().Entry("web/x", type, "", "/etc/passwd").Gzip()),
                HasSubstr("web/x"));
  }
}

TEST(CheckChartArchiveTest, RefusesPathsThatLeadElsewhere) {
  for (const char* name : {"/etc/passwd", "web/../../x", "..", "../web/x", "web\\..\\x"}) {
    Refusal(Chart().File(name, "x").Gzip());
    Refusal(Chart().Pax("path", name).File("web/x", "x").Gzip());
    Refusal(Chart().Entry("././@LongLink", 'L', name).File("web/x", "x").Gzip());
  }
}

TEST(CheckChartArchiveTest, RefusesAPaxSizeThatReadersWouldDisagreeAbout) {
  EXPECT_THAT(Refusal(Chart().Pax("size", "9").File("web/x", "x").Gzip()), HasSubstr("size"));
}

TEST(CheckChartArchiveTest, NeedsAChartYamlInOneTopDirectory) {
  EXPECT_THAT(Refusal(TarBuilder().File("web/values.yaml", "x").Gzip()), HasSubstr("Chart.yaml"));
  EXPECT_THAT(Refusal(TarBuilder().File("Chart.yaml", "x").Gzip()), HasSubstr("Chart.yaml"));
  EXPECT_THAT(Refusal(TarBuilder().File("web/charts/x/Chart.yaml", "x").Gzip()),
              HasSubstr("Chart.yaml"));
  EXPECT_THAT(Refusal(Chart().File("other/x", "x").Gzip()), HasSubstr("top directory"));
}

TEST(CheckChartArchiveTest, StopsAtItsLimits) {
  const std::string bomb = Chart().File("web/zeros", std::string(5'000'000, '\0')).Gzip();
  EXPECT_LT(bomb.size(), 20'000U);
  EXPECT_THAT(Refusal(bomb, {.unpacked_bytes = 1'000'000}), HasSubstr("too much"));
  EXPECT_TRUE(CheckChartArchive(bomb, {}).ok());
  EXPECT_THAT(Refusal(Chart().Gzip(), {.packed_bytes = 10}), HasSubstr("larger than 10"));
  EXPECT_THAT(Refusal(Chart().Gzip(), {.entries = 1}), HasSubstr("too many"));
}

}  // namespace
}  // namespace berth::helm
