#include "helm-service/domain/helm_version.h"

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(HelmVersionTest, ReadsWhatHelmPrints) {
  EXPECT_EQ(*HelmVersion::Parse("v4.1.4"), (HelmVersion{4, 1, 4}));
  EXPECT_EQ(*HelmVersion::Parse("v3.17.3+ge4da497"), (HelmVersion{3, 17, 3}));
  EXPECT_EQ(*HelmVersion::Parse("v4.3"), (HelmVersion{4, 3, 0}));
  EXPECT_FALSE(HelmVersion::Parse("").ok());
  EXPECT_FALSE(HelmVersion::Parse("helm").ok());
}

TEST(HelmVersionTest, SupportsHelm3From314OnAndHelm4) {
  EXPECT_TRUE(CheckSupported({3, 14, 0}).ok());
  EXPECT_TRUE(CheckSupported({4, 1, 4}).ok());
  EXPECT_FALSE(CheckSupported({3, 13, 9}).ok());
  EXPECT_FALSE(CheckSupported({2, 17, 0}).ok());
  EXPECT_FALSE(CheckSupported({5, 0, 0}).ok());
}

}  // namespace
}  // namespace berth::helm
