#include "helm-service/domain/source_policy.h"

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SourcePolicy Policy(const SourcePolicy::Options& options) {
  absl::StatusOr<SourcePolicy> policy = SourcePolicy::Create(options);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

TEST(SourcePolicyTest, AllowsEverySourceWithoutAList) {
  const SourcePolicy policy = Policy({});
  EXPECT_TRUE(policy.CheckUrl("https://any.example.com/web.tgz").ok());
  EXPECT_TRUE(policy.CheckUrl("oci://any.example.com/charts/web").ok());
  EXPECT_TRUE(policy.CheckArchives().ok());
}

TEST(SourcePolicyTest, MatchesWholeHostsAndWholeSegments) {
  const SourcePolicy policy = Policy(
      {.allowed_sources = {"https://charts.example.com/stable/", "oci://registry.example.com"}});
  for (const char* allowed :
       {"https://charts.example.com/stable", "https://charts.example.com/stable/web.tgz",
        "https://CHARTS.example.com:443/stable/a/b?c=d", "oci://registry.example.com/charts/web",
        "oci://registry.example.com"}) {
    EXPECT_TRUE(policy.CheckUrl(allowed).ok()) << allowed;
  }
  for (const char* refused :
       {"https://charts.example.com/stable-2/web.tgz", "https://charts.example.com/",
        "https://charts.example.com.evil.com/stable/web.tgz",
        "https://charts.example.com:8443/stable/web.tgz", "https://evil.com/stable/web.tgz",
        "https://charts.example.com/Stable/web.tgz", "https://registry.example.com/charts/web",
        "oci://registry.example.com:5000/web", "oci://charts.example.com/stable/web"}) {
    const absl::Status status = policy.CheckUrl(refused);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << refused;
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED) << refused;
  }
}

TEST(SourcePolicyTest, IsNotLedOutOfAPathByDots) {
  const SourcePolicy policy = Policy({.allowed_sources = {"https://host/stable"}});
  for (const char* url : {"https://host/stable/../secret", "https://host/stable/%2e%2e/secret",
                          "https://host/stable/..%2fsecret", "https://user@host/stable"}) {
    EXPECT_EQ(ReasonOf(policy.CheckUrl(url)), Reason::ERROR_REASON_INVALID_FIELD) << url;
  }
}

TEST(SourcePolicyTest, AllowsPlainHttpOnlyWhenAsked) {
  EXPECT_FALSE(Policy({}).CheckUrl("http://host/web.tgz").ok());
  EXPECT_FALSE(Policy({.allowed_sources = {"http://host"}}).CheckUrl("http://host/web.tgz").ok());
  EXPECT_TRUE(Policy({.allow_plain_http = true}).CheckUrl("http://host/web.tgz").ok());
  // What is listed as https:// is not meant to go over http://.
  EXPECT_FALSE(Policy({.allowed_sources = {"https://host"}, .allow_plain_http = true})
                   .CheckUrl("http://host/web.tgz")
                   .ok());
}

TEST(SourcePolicyTest, RefusesArchivesWhenToldTo) {
  EXPECT_EQ(ReasonOf(Policy({.allow_archives = false}).CheckArchives()),
            Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
}

TEST(SourcePolicyTest, SaysTheHostAndNothingElseOfAUrl) {
  const absl::Status status = Policy({.allowed_sources = {"https://host"}})
                                  .CheckUrl("https://other/private/web.tgz?token=secret");
  EXPECT_THAT(status.ToString(), HasSubstr("other"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("secret")));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("private")));
}

TEST(SourcePolicyTest, RefusesAListThatHoldsNoUrls) {
  for (const char* source : {"charts.example.com", "https://", "*", "", "https://host/?a=b"}) {
    EXPECT_FALSE(SourcePolicy::Create({.allowed_sources = {source}}).ok()) << source;
  }
}

}  // namespace
}  // namespace berth::helm
