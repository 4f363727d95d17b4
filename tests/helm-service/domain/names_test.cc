#include "helm-service/domain/names.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(ReleaseNameTest, AcceptsWhatHelmAccepts) {
  for (const char* text : {"a", "0", "web", "web-2", "a--b"}) {
    ASSERT_TRUE(ReleaseName::Parse(text).ok()) << text;
    EXPECT_EQ(ReleaseName::Parse(text)->value(), text);
  }
  EXPECT_TRUE(ReleaseName::Parse(std::string(53, 'a')).ok());
}

TEST(ReleaseNameTest, RefusesFlagsPathsAndEverythingElse) {
  for (const char* text : {"", "--post-renderer=x", "-", "-a", "a-", "../../etc", "..", "a/b", "A",
                           "a b", "a_b", "a.b", "a\n", "$(id)", "\xC3\xA9"}) {
    EXPECT_FALSE(ReleaseName::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(ReleaseName::Parse(std::string(54, 'a')).ok());
  EXPECT_FALSE(ReleaseName::Parse(std::string("a\0b", 3)).ok());
}

TEST(NamespaceNameTest, TakesTenCharactersMoreThanAReleaseName) {
  EXPECT_TRUE(NamespaceName::Parse(std::string(63, 'a')).ok());
  EXPECT_FALSE(NamespaceName::Parse(std::string(64, 'a')).ok());
  EXPECT_FALSE(NamespaceName::Parse("--kubeconfig=x").ok());
}

TEST(ChartNameTest, AcceptsTheNamesThatChartsHave) {
  for (const char* text : {"web", "ingress-nginx", "my_chart", "chart.2", "Web", "0"}) {
    EXPECT_TRUE(ChartName::Parse(text).ok()) << text;
  }
  EXPECT_TRUE(ChartName::Parse(std::string(250, 'a')).ok());
}

TEST(ChartNameTest, RefusesFlagsPathsAndDots) {
  for (const char* text : {"", "-a", "--x", ".", "..", "a/b", "../a", "a b", "a%2f", "a?b", "a:1",
                           "a@b", "_a", "a\n"}) {
    EXPECT_FALSE(ChartName::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(ChartName::Parse(std::string(251, 'a')).ok());
}

TEST(ObjectNameTest, CannotEndAFilterOrBeAFlag) {
  EXPECT_EQ(ObjectName::Parse("web-test.connection")->value(), "web-test.connection");
  for (const char* text : {"", "-a", "a,b", "a=b", "!a", "A", "a b", "a\n", ".a"}) {
    EXPECT_FALSE(ObjectName::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(ObjectName::Parse(std::string(254, 'a')).ok());
}

TEST(RepositoryNameTest, IsNamedLikeANamespace) {
  EXPECT_TRUE(RepositoryName::Parse("bitnami").ok());
  EXPECT_FALSE(RepositoryName::Parse("a/b").ok());
  EXPECT_FALSE(RepositoryName::Parse("a.b").ok());
}

}  // namespace
}  // namespace berth::helm
