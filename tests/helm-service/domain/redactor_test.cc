#include "helm-service/domain/redactor.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

TEST(RedactorTest, ReplacesEveryStringOfTheValues) {
  const Redactor redactor(Json{{"db", {{"user", "operator"}, {"hosts", {"db.internal"}}}}}, {});
  EXPECT_EQ(redactor.Redact("operator at db.internal, operator"),
            "[redacted] at [redacted], [redacted]");
}

TEST(RedactorTest, ReplacesShortStringsUnderCredentialKeys) {
  const Redactor redactor(Json{{"dbPassword", "pw12"}, {"size", "pw34"}}, {});
  EXPECT_EQ(redactor.Redact("pw12 pw34"), "[redacted] pw34");
}

TEST(RedactorTest, ReplacesTheLongestOfOverlappingSecrets) {
  const Redactor redactor(Json{{"a", "secret"}, {"b", "secret-and-more"}, {"c", "secret-z"}}, {});
  EXPECT_EQ(redactor.Redact("<secret-and-more> <secret-and> <secret-z>"),
            "<[redacted]> <[redacted]-and> <[redacted]>");
}

TEST(RedactorTest, ReplacesBase64AndQuotedForms) {
  const Redactor redactor(Json{{"a", "say \"hello\""}}, {});
  EXPECT_EQ(redactor.Redact("c2F5ICJoZWxsbyI="), "[redacted]");
  EXPECT_EQ(redactor.Redact("Invalid value: \"say \\\"hello\\\"\""),
            "Invalid value: \"[redacted]\"");
}

TEST(RedactorTest, ReplacesEachLineOfAText) {
  const Redactor redactor(Json{{"pem", "-----BEGIN KEY-----\n  c29tZXRoaW5n\n-----END KEY-----\n"}},
                          {});
  EXPECT_EQ(redactor.Redact("got c29tZXRoaW5n"), "got [redacted]");
}

TEST(RedactorTest, LeavesKnownNamesNumbersAndShortTextAlone) {
  const Redactor redactor(Json{{"name", "my-release"}, {"replicas", 1234567}, {"tag", "v1"}},
                          {"my-release"});
  EXPECT_EQ(redactor.Redact("my-release v1 1234567"), "my-release v1 1234567");
}

TEST(RedactorTest, StaysQuickWithManySecretsOfOneBeginning) {
  Json values = Json::array();
  for (int i = 0; i < 50'000; ++i) values.push_back("aaaaaaaa" + std::to_string(100'000 + i));
  const Redactor redactor(values, {});
  EXPECT_EQ(redactor.Redact(std::string(8192, 'a')), std::string(8192, 'a'));
}

}  // namespace
}  // namespace berth::helm
