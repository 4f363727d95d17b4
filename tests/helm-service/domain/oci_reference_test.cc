#include "helm-service/domain/oci_reference.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

std::string Digest() { return "sha256:" + std::string(64, 'a'); }

TEST(OciReferenceTest, ReadsRegistryPathTagAndDigest) {
  const auto whole = OciReference::Parse("oci://Registry.example:5000/team/web:1.2.3@" + Digest());
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->registry(), "registry.example:5000");
  EXPECT_EQ(whole->repository(), "team/web");
  EXPECT_EQ(whole->tag(), "1.2.3");
  EXPECT_EQ(whole->digest()->ToString(), Digest());
  EXPECT_EQ(whole->ToString(), "oci://registry.example:5000/team/web:1.2.3@" + Digest());

  const auto bare = OciReference::Parse("oci://[::1]:5000/web");
  ASSERT_TRUE(bare.ok()) << bare.status();
  EXPECT_EQ(bare->registry(), "[::1]:5000");
  EXPECT_EQ(bare->tag(), std::nullopt);
  EXPECT_EQ(bare->digest(), std::nullopt);
}

TEST(OciReferenceTest, WritesBuildsOfVersionsAsRegistriesDo) {
  EXPECT_EQ(OciReference::Parse("oci://r/web:1.2.3+b7")->tag(), "1.2.3_b7");
  EXPECT_EQ(OciReference::Parse("oci://r/web")->WithTag("1.2.3+b7").ToString(),
            "oci://r/web:1.2.3_b7");
}

TEST(OciReferenceTest, RefusesWhatWouldLeadElsewhereInAUrl) {
  for (const std::string text : {"",
                                 "oci://",
                                 "oci://r",
                                 "oci://r/",
                                 "oci:///web",
                                 "https://r/web",
                                 "oci://u:p@r/web",
                                 "oci://r/../web",
                                 "oci://r/a//b",
                                 "oci://r/a/",
                                 "oci://r/web?x=y",
                                 "oci://r/web#x",
                                 "oci://r/we%62",
                                 "oci://r/web:",
                                 "oci://r/web:a/b",
                                 "oci://r/web:-x",
                                 "oci://r/web:a:b",
                                 "oci://r/web@",
                                 "oci://r/web@sha256:12",
                                 "oci://r/web@md5:ab",
                                 "oci://r:x/web",
                                 "oci://r:123456/web",
                                 "oci://[::1/web",
                                 "oci://[]/web",
                                 "oci://-r/web",
                                 "oci://r\n/web"}) {
    EXPECT_FALSE(OciReference::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(OciReference::Parse("oci://r/" + std::string(2000, 'a')).ok());
}

}  // namespace
}  // namespace berth::helm
