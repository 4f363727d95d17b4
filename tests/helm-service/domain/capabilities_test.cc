#include "helm-service/domain/capabilities.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(KubeVersionTest, AcceptsVersionsOnly) {
  for (const char* text : {"1.34", "v1.34", "1.34.4", "v1.34.4-gke.1+a", "1.30+"}) {
    ASSERT_TRUE(KubeVersion::Parse(text).ok()) << text;
    EXPECT_EQ(KubeVersion::Parse(text)->value(), text);
  }
  for (const char* text : {"", "1", "1.", "v", "1.x", "1.2.", "1.2.3.4", "--x", "1.2-a b", "1.2-,",
                           "1.2-$(id)", "1.2\n"}) {
    EXPECT_FALSE(KubeVersion::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(KubeVersion::Parse("1.2-" + std::string(100, 'a')).ok());
}

TEST(ApiVersionTest, AcceptsOneApiOnly) {
  for (const char* text : {"v1", "apps/v1", "monitoring.coreos.com/v1/ServiceMonitor"}) {
    ASSERT_TRUE(ApiVersion::Parse(text).ok()) << text;
    EXPECT_EQ(ApiVersion::Parse(text)->value(), text);
  }
  // Helm splits at commas.
  for (const char* text : {"", "-v1", "a/v1,b/v1", "a b", "a=b", "/v1", "v1\n"}) {
    EXPECT_FALSE(ApiVersion::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace berth::helm
