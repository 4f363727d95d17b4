#include "helm-service/transport/chart_mapping.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCertificate[] = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
constexpr char kKey[] = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n";

absl::Status Violations(const v1::RepositoryCredentials& proto) {
  FieldViolations violations;
  ToCredentials(proto, "credentials", violations);
  return violations.ToStatus();
}

TEST(ChartMappingTest, TakesEveryKindOfCredentials) {
  v1::RepositoryCredentials proto;
  proto.mutable_basic()->set_username("user");
  proto.mutable_basic()->set_password("p:ss wörd");
  proto.mutable_client_certificate()->set_certificates(kCertificate);
  proto.mutable_client_certificate()->set_key(kKey);
  proto.set_certificate_authorities(kCertificate);
  proto.set_pass_to_other_hosts(true);
  FieldViolations violations;
  const RepositoryCredentials credentials = ToCredentials(proto, "credentials", violations);
  ASSERT_TRUE(violations.ok()) << violations.ToStatus();
  const auto& basic = std::get<BasicCredentials>(credentials.http.authorization);
  EXPECT_EQ(basic.username, "user");
  EXPECT_EQ(basic.password, "p:ss wörd");
  EXPECT_EQ(credentials.http.client_key_pem, kKey);
  EXPECT_TRUE(credentials.pass_to_other_hosts);
  const CredentialKinds kinds = CredentialKinds::Of(credentials.http);
  EXPECT_TRUE(kinds.basic && kinds.client_certificate && kinds.certificate_authority);
  EXPECT_FALSE(kinds.bearer);
}

TEST(ChartMappingTest, RefusesWhatWouldBreakOutOfAHeader) {
  for (const char* text : {"a\r\nX-Evil: 1", "a\n", "a b", "a\t", "\xC3\xA9", ""}) {
    v1::RepositoryCredentials proto;
    proto.set_bearer_token(text);
    EXPECT_FALSE(Violations(proto).ok()) << text;
  }
  v1::RepositoryCredentials proto;
  proto.mutable_basic()->set_username("a:b");
  proto.mutable_basic()->set_password("line\n");
  EXPECT_EQ(FieldViolationsOf(Violations(proto)).size(), 2U);
}

TEST(ChartMappingTest, RefusesKeysThatNobodyCouldUse) {
  v1::RepositoryCredentials proto;
  proto.mutable_client_certificate()->set_certificates(kKey);
  proto.mutable_client_certificate()->set_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_EQ(FieldViolationsOf(Violations(proto)).size(), 2U);
}

TEST(ChartMappingTest, DoesNotRepeatCredentialsInViolations) {
  v1::RepositoryCredentials proto;
  proto.set_bearer_token("secret\n");
  proto.mutable_client_certificate()->set_key("secret");
  EXPECT_THAT(Violations(proto).ToString(), Not(HasSubstr("secret")));
}

TEST(ChartMappingTest, TellsWhatAnIndexSays) {
  const v1::ChartVersion proto = ToProto("main", "web",
                                         {.version = "1.0.0",
                                          .created = "2026-01-02T03:04:05.678901234Z",
                                          .keywords = "http\nwww\n",
                                          .deprecated = true});
  EXPECT_THAT(proto.keywords(), ElementsAre("http", "www"));
  EXPECT_EQ(proto.create_time().nanos(), 678901234);
  EXPECT_TRUE(proto.deprecated());
}

TEST(ChartMappingTest, LeavesOutATimeThatIsNone) {
  EXPECT_FALSE(
      ToProto("main", "web", {.version = "1.0.0", .created = "yesterday"}).has_create_time());
}

}  // namespace
}  // namespace berth::helm
