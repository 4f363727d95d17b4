#include "helm-service/domain/source_url.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SourceUrlTest, TakesAUrlApart) {
  const auto url = SourceUrl::Parse("HTTPS://Charts.Example.com:443/Stable//?token=a");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->scheme(), "https");
  EXPECT_EQ(url->host(), "charts.example.com");
  EXPECT_EQ(url->origin(), "https://charts.example.com:443");
  EXPECT_EQ(url->path(), "/Stable");
  EXPECT_EQ(url->ToString(), "https://charts.example.com/Stable?token=a");
  EXPECT_EQ(url->File("index.yaml"), "https://charts.example.com/Stable/index.yaml?token=a");
}

TEST(SourceUrlTest, KeepsAPortThatIsNotTheSchemesOwn) {
  EXPECT_EQ(SourceUrl::Parse("https://[::1]:8443")->origin(), "https://[::1]:8443");
  EXPECT_EQ(SourceUrl::Parse("http://127.0.0.1:443/a")->ToString(), "http://127.0.0.1:443/a");
  EXPECT_EQ(SourceUrl::Parse("oci://registry/charts")->origin(), "oci://registry:443");
}

TEST(SourceUrlTest, RefusesWhatCouldMeanSomethingElse) {
  for (const char* text : {"",
                           "https",
                           "https://",
                           "https:///x",
                           "file:///etc/passwd",
                           "ftp://a/b",
                           "//a/b",
                           "/a",
                           "https://user:pw@host/",
                           "https://user@host",
                           "https://host/#x",
                           "https://host/a/../b",
                           "https://host/./a",
                           "https://host/%2e%2e/b",
                           "https://host/a%2f..%2fb",
                           "https://host/a%5c..%5cb",
                           "https://host/a\\..\\b",
                           "https://host/%",
                           "https://host/%zz",
                           "https://host/%00",
                           "https://host/a b",
                           "https://host/\n",
                           "https://ho st/",
                           "https://-h/",
                           "https://host:0/",
                           "https://host:65536/",
                           "https://host:/",
                           "https://host:+1/",
                           "https://[::1/",
                           "https://[]/",
                           "https://[::1]x/",
                           "oci://host/a?b=c",
                           "https://\xC3\xA9/"}) {
    EXPECT_FALSE(SourceUrl::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(SourceUrl::Parse("https://host/" + std::string(2048, 'a')).ok());
}

TEST(SourceUrlTest, DoesNotRepeatWhatItRefuses) {
  EXPECT_THAT(SourceUrl::Parse("https://user:secret@host/").status().ToString(),
              Not(HasSubstr("secret")));
}

TEST(SourceUrlTest, ResolvesWhatAnIndexSays) {
  const SourceUrl base = *SourceUrl::Parse("https://host/stable");
  const auto resolved = [&](const char* reference) {
    const auto url = base.Resolve(reference);
    return url.ok() ? url->ToString() : "refused";
  };
  EXPECT_EQ(resolved("web-1.tgz"), "https://host/stable/web-1.tgz");
  EXPECT_EQ(resolved("charts/web-1.tgz"), "https://host/stable/charts/web-1.tgz");
  EXPECT_EQ(resolved("./web-1.tgz"), "https://host/stable/web-1.tgz");
  EXPECT_EQ(resolved("../web-1.tgz"), "https://host/web-1.tgz");
  EXPECT_EQ(resolved("../../../web-1.tgz"), "https://host/web-1.tgz");
  EXPECT_EQ(resolved("/web-1.tgz"), "https://host/web-1.tgz");
  EXPECT_EQ(resolved("https://other/web-1.tgz"), "https://other/web-1.tgz");
  EXPECT_EQ(resolved("//other/web-1.tgz"), "refused");
  EXPECT_EQ(resolved("file:///etc/passwd"), "refused");
  EXPECT_EQ(resolved(""), "refused");
}

TEST(SourceUrlTest, GivesItsQueryToWhatLiesBelowIt) {
  const SourceUrl base = *SourceUrl::Parse("https://host/stable?token=a");
  EXPECT_EQ(base.Resolve("web-1.tgz")->ToString(), "https://host/stable/web-1.tgz?token=a");
  EXPECT_EQ(base.Resolve("web-1.tgz?b=c")->ToString(), "https://host/stable/web-1.tgz?b=c");
  EXPECT_EQ(base.Resolve("https://other/web-1.tgz")->ToString(), "https://other/web-1.tgz");
}

}  // namespace
}  // namespace berth::helm
