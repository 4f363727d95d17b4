#include "helm-service/adapters/release_secret.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

kube::Json MakeSecret(const std::string& name, const std::string& version,
                      const std::string& status) {
  return {{"metadata",
           {{"namespace", "shop"},
            {"labels", {{"name", name}, {"version", version}, {"status", status}}}}}};
}

TEST(ReleaseSecretTest, IsNamedAsHelmNamesIt) {
  const ReleaseKey key{*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")};
  EXPECT_EQ(ReleaseSecretName(key, 3).ToString(), "shop/sh.helm.release.v1.web.v3");
}

TEST(ReleaseSecretTest, SaysByItsLabelsWhatItHolds) {
  const kube::Json secret = MakeSecret("web", "12", "pending-upgrade");
  EXPECT_EQ(ReleaseKeyOf(secret)->name.value(), "web");
  EXPECT_EQ(RevisionInfoOf(secret),
            (RevisionInfo{.revision = 12, .status = ReleaseStatus::kPendingUpgrade}));
  EXPECT_EQ(RevisionInfoOf(MakeSecret("web", "1", "novel"))->status, ReleaseStatus::kUnknown);
}

TEST(ReleaseSecretTest, ListsShowWhatItsMetadataSays) {
  kube::Json secret = MakeSecret("web", "12", "deployed");
  secret["metadata"]["name"] = "sh.helm.release.v1.web.v12";
  secret["metadata"]["resourceVersion"] = "77";
  for (const char* helms : {"owner", "createdAt", "modifiedAt"}) {
    secret["metadata"]["labels"][helms] = "helm";
  }
  secret["metadata"]["labels"]["team"] = "red";
  const auto summary = SummaryOf(secret);
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->key.ns.value(), "shop");
  EXPECT_EQ(summary->info.revision, 12);
  EXPECT_EQ(summary->version, 77);
  EXPECT_EQ(summary->labels, (Labels{{"team", "red"}}));
  EXPECT_EQ(summary->facts, nullptr);
}

TEST(ReleaseSecretTest, ListsPassOverASecretThatIsNotHelms) {
  kube::Json secret = MakeSecret("web", "12", "deployed");
  secret["metadata"]["name"] = "sh.helm.release.v1.web.v12";
  EXPECT_FALSE(SummaryOf(secret).has_value());  // no owner
  secret["metadata"]["labels"]["owner"] = "helm";
  EXPECT_TRUE(SummaryOf(secret).has_value());
  secret["metadata"]["name"] = "sh.helm.release.v1.web.v13";
  EXPECT_FALSE(SummaryOf(secret).has_value());
}

TEST(ReleaseSecretTest, ReadsTimesAsHelmWroteThem) {
  EXPECT_EQ(ParseHelmTime("2026-01-02T03:04:05.600000007+01:00")->time_since_epoch().count(),
            1767319445600000007);
  for (const char* text : {"", "0001-01-01T00:00:00Z", "yesterday", "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(ParseHelmTime(text).has_value()) << text;
  }
}

TEST(ReleaseSecretTest, IsPassedOverWhenItsLabelsAreNotThoseOfARelease) {
  EXPECT_FALSE(ReleaseKeyOf(MakeSecret("../../etc", "1", "deployed")).has_value());
  for (const char* version : {"", "0", "-1", "1x", "99999999999"}) {
    EXPECT_FALSE(RevisionInfoOf(MakeSecret("web", version, "deployed")).has_value()) << version;
  }
  EXPECT_FALSE(RevisionInfoOf(kube::Json::object()).has_value());
}

}  // namespace
}  // namespace berth::helm
