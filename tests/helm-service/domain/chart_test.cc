#include "helm-service/domain/chart.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(ChartUrlTest, AcceptsArchivesOnWebServers) {
  for (const char* text :
       {"https://charts.example/web-1.2.3.tgz", "https://charts.example:8443/a/b%20c/web+1.tgz",
        "https://[::1]:8443/web.tgz"}) {
    ASSERT_TRUE(ChartUrl::Parse(text).ok()) << text;
    EXPECT_EQ(ChartUrl::Parse(text)->value(), text);
  }
}

TEST(ChartUrlTest, RefusesFlagsPathsAliasesAndOtherSchemes) {
  for (const char* text :
       {"", "--post-renderer=x", "-f", ".", "./chart", "../../etc", "/etc/passwd", "chart",
        "stable/web", "http://charts.example/web.tgz", "file:///etc/passwd.tgz",
        "oci://host/web.tgz", "https://host:port/web.tgz", "https:///web.tgz",
        "https://charts.example/", "https://charts.example/web", "https://charts.example/../x.tgz",
        "https://charts.example/a b.tgz", "https://charts.example/web.tgz\n"}) {
    EXPECT_FALSE(ChartUrl::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(ChartUrl::Parse("https://host/" + std::string(1024, 'a') + ".tgz").ok());
}

TEST(ChartUrlTest, RefusesCredentialsWhichOthersWouldSee) {
  for (const char* text :
       {"https://user:password@charts.example/web.tgz", "https://charts.example/web.tgz?token=x",
        "https://charts.example/web.tgz?x=.tgz", "https://charts.example/web.tgz#x"}) {
    EXPECT_FALSE(ChartUrl::Parse(text).ok()) << text;
  }
}

TEST(ChartTest, IsDescribedByItsSource) {
  EXPECT_EQ(DescribeSource(ChartArchive{"x"}), "an archive");
  EXPECT_EQ(DescribeSource(UrlChart{*ChartUrl::Parse("https://host/web.tgz"), std::nullopt}),
            "https://host/web.tgz");
  EXPECT_EQ(
      DescribeSource(OciChart{*OciReference::Parse("oci://host/web:1"), VersionConstraint::Any()}),
      "oci://host/web:1");
  EXPECT_EQ(DescribeSource(RepositoryChart{*RepositoryName::Parse("stable"),
                                           *ChartName::Parse("web"), VersionConstraint::Any()}),
            "stable/web");
}

}  // namespace
}  // namespace berth::helm
