#include "helm-service/transport/release_mapping.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

Release MakeRelease() {
  return {.key = {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")},
          .newest = {.revision = 3, .status = ReleaseStatus::kPendingUpgrade},
          .chart_name = "chart",
          .chart_version = "1.2.3",
          .app_version = "9.9",
          .deploy_time = "2026-01-02T03:04:05.600000000+01:00",
          .description = "Upgrade complete",
          .notes = "password: x"};
}

TEST(ReleaseMappingTest, CarriesEveryField) {
  const v1::Release proto = ToProto(MakeRelease());
  EXPECT_EQ(proto.namespace_(), "shop");
  EXPECT_EQ(proto.name(), "web");
  EXPECT_EQ(proto.revision(), 3);
  EXPECT_EQ(proto.status(), v1::Release::STATUS_PENDING_UPGRADE);
  EXPECT_EQ(proto.chart_name(), "chart");
  EXPECT_EQ(proto.chart_version(), "1.2.3");
  EXPECT_EQ(proto.app_version(), "9.9");
  EXPECT_EQ(proto.deploy_time().seconds(), 1767319445);
  EXPECT_EQ(proto.deploy_time().nanos(), 600000000);
  EXPECT_EQ(proto.description(), "Upgrade complete");
  EXPECT_EQ(proto.notes(), "password: x");
}

TEST(ReleaseMappingTest, LeavesATimeOutThatHelmDidNotWrite) {
  Release release = MakeRelease();
  release.deploy_time = "";
  EXPECT_FALSE(ToProto(release).has_deploy_time());
}

TEST(ReleaseMappingTest, StoresNeitherNotesNorEndlessTexts) {
  Release release = MakeRelease();
  release.chart_name = std::string(10'000, 'x');
  const v1::Release proto = ToStoredProto(release);
  EXPECT_EQ(proto.notes(), "");
  EXPECT_LT(proto.ByteSizeLong(), 1500U);
  EXPECT_EQ(proto.description(), "Upgrade complete");
}

}  // namespace
}  // namespace berth::helm
