#include "helm-service/domain/chart.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(ChartReferenceTest, AcceptsRegistriesAndArchives) {
  for (const char* text :
       {"oci://registry.example/charts/web", "oci://localhost:5000/web:1.2.3",
        "oci://r.example/web@sha256:0123456789abcdef", "oci://[::1]:5000/web",
        "https://charts.example/web-1.2.3.tgz", "https://charts.example:8443/a/b%20c/web+1.tgz"}) {
    ASSERT_TRUE(ChartReference::Parse(text).ok()) << text;
    EXPECT_EQ(ChartReference::Parse(text)->value(), text);
  }
}

TEST(ChartReferenceTest, RefusesFlagsPathsAliasesAndOtherSchemes) {
  for (const char* text : {"",
                           "--post-renderer=x",
                           "-f",
                           ".",
                           "./chart",
                           "../../etc",
                           "/etc/passwd",
                           "chart",
                           "stable/web",
                           "http://charts.example/web.tgz",
                           "file:///etc/passwd.tgz",
                           "oci:web",
                           "oci://",
                           "oci://host",
                           "oci:///web",
                           "oci://host/",
                           "oci://-host/web",
                           "oci://host/a/../../b",
                           "oci://host/a//b",
                           "oci://host/web:",
                           "oci://host:port/web",
                           "https://charts.example/",
                           "https://charts.example/web",
                           "https://charts.example/../x.tgz",
                           "https://charts.example/a b.tgz",
                           "https://charts.example/web.tgz\n"}) {
    EXPECT_FALSE(ChartReference::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(ChartReference::Parse("oci://host/" + std::string(1024, 'a')).ok());
}

TEST(ChartReferenceTest, RefusesCredentialsThatWouldStandInHelmsArguments) {
  for (const char* text :
       {"https://user:password@charts.example/web.tgz", "oci://user:password@host/web",
        "https://charts.example/web.tgz?token=x", "https://charts.example/web.tgz#x"}) {
    EXPECT_FALSE(ChartReference::Parse(text).ok()) << text;
  }
}

TEST(ChartReferenceTest, TakesAVersionOnlyWithoutTagOrDigest) {
  EXPECT_TRUE(ChartReference::Parse("oci://host/web")->takes_version());
  EXPECT_FALSE(ChartReference::Parse("oci://host/web:1")->takes_version());
  EXPECT_FALSE(ChartReference::Parse("oci://host/web@sha256:00")->takes_version());
  EXPECT_FALSE(ChartReference::Parse("https://host/web.tgz")->takes_version());
}

TEST(ChartVersionTest, AcceptsVersionsAndRangesOnly) {
  for (const char* text : {"1.2.3", "1.2.3-rc.1+build", "^1.2", "~1", ">=1.0 <2.0", "1.x", "*"}) {
    EXPECT_TRUE(ChartVersion::Parse(text).ok()) << text;
  }
  for (const char* text : {"", "1;2", "$(id)", "1/2", "1\n"}) {
    EXPECT_FALSE(ChartVersion::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace berth::helm
