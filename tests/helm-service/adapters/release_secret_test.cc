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

TEST(ReleaseSecretTest, IsPassedOverWhenItsLabelsAreNotThoseOfARelease) {
  EXPECT_FALSE(ReleaseKeyOf(MakeSecret("../../etc", "1", "deployed")).has_value());
  for (const char* version : {"", "0", "-1", "1x", "99999999999"}) {
    EXPECT_FALSE(RevisionInfoOf(MakeSecret("web", version, "deployed")).has_value()) << version;
  }
  EXPECT_FALSE(RevisionInfoOf(kube::Json::object()).has_value());
}

}  // namespace
}  // namespace berth::helm
