#include "helm-service/domain/secret_masking.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

Json Secret(const Json& data) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"name", "db"}}},
          {"data", data},
          {"type", "Opaque"}};
}

TEST(MaskSecretsTest, ReplacesValuesAndKeepsKeys) {
  Json secret = Secret({{"user", "YWRtaW4="}, {"password", "aHVudGVyMg=="}});
  secret["stringData"] = {{"token", "hunter2"}};
  EXPECT_TRUE(MaskSecrets(secret));
  EXPECT_EQ(secret["data"], Json({{"user", "[masked]"}, {"password", "[masked]"}}));
  EXPECT_EQ(secret["stringData"], Json({{"token", "[masked]"}}));
  EXPECT_EQ(secret["metadata"]["name"], "db");
  EXPECT_EQ(secret["type"], "Opaque");
}

TEST(MaskSecretsTest, LeavesOtherKindsAlone) {
  Json config = Secret({{"motd", "hello"}});
  config["kind"] = "ConfigMap";
  const Json original = config;
  EXPECT_FALSE(MaskSecrets(config));
  EXPECT_EQ(config, original);
  Json scalar = 5;
  EXPECT_FALSE(MaskSecrets(scalar));
}

TEST(MaskSecretsTest, ReplacesTheCopyThatKubectlLeaves) {
  Json secret = Secret({{"password", "aHVudGVyMg=="}});
  secret["metadata"]["annotations"] = {
      {"kubectl.kubernetes.io/last-applied-configuration", secret.dump()}, {"team", "blue"}};
  EXPECT_TRUE(MaskSecrets(secret));
  EXPECT_THAT(secret.dump(), Not(HasSubstr("aHVudGVyMg")));
  EXPECT_EQ(secret["metadata"]["annotations"]["team"], "blue");
}

TEST(MaskSecretsTest, FindsSecretsInLists) {
  Json list = {{"kind", "List"}, {"items", {Secret({{"a", "x1"}}), {{"kind", "Service"}}}}};
  EXPECT_TRUE(MaskSecrets(list));
  EXPECT_THAT(list.dump(), Not(HasSubstr("x1")));
  Json typed = {{"kind", "SecretList"}, {"items", {{{"data", {{"a", "x1"}}}}}}};
  EXPECT_TRUE(MaskSecrets(typed));
  EXPECT_THAT(typed.dump(), Not(HasSubstr("x1")));
  Json nested = {{"kind", "List"},
                 {"items", {list, {{"kind", "List"}, {"items", {Secret({{"a", "x1"}})}}}}}};
  EXPECT_TRUE(MaskSecrets(nested));
  EXPECT_THAT(nested.dump(), Not(HasSubstr("x1")));
}

TEST(MaskSecretsTest, ReplacesDataOfTheWrongFormToo) {
  Json secret = Secret("hunter2");
  secret["stringData"] = {"hunter2"};
  secret["items"] = Json::array();
  EXPECT_TRUE(MaskSecrets(secret));
  EXPECT_THAT(secret.dump(), Not(HasSubstr("hunter2")));
}

TEST(MaskSecretsTest, ShowsWhichValuesDifferBetweenTwoSides) {
  Json before = Secret({{"same", "eA=="}, {"other", "eQ=="}, {"gone", "eg=="}});
  Json after = Secret({{"same", "eA=="}, {"other", "MTI="}, {"added", "MzQ="}});
  MaskSecrets(before, after);
  EXPECT_EQ(before["data"],
            Json({{"same", "[masked]"}, {"other", "[masked, before]"}, {"gone", "[masked]"}}));
  EXPECT_EQ(after["data"],
            Json({{"same", "[masked]"}, {"other", "[masked, after]"}, {"added", "[masked]"}}));
}

std::string MaskText(std::string_view manifest) {
  absl::StatusOr<std::string> masked = MaskManifest(manifest);
  EXPECT_TRUE(masked.ok()) << masked.status();
  return masked.ok() ? *masked : "";
}

TEST(MaskManifestTest, RewritesSecretsOnly) {
  EXPECT_EQ(MaskText(R"(---
# Source: web/templates/secret.yaml
# The password is hunter2.
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData:
  password: |
    hunter2
---
# Source: web/templates/config.yaml
kind: ConfigMap   # As it was.
data: {motd: hello}
)"),
            R"(---
# Source: web/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  password: "[masked]"
---
# Source: web/templates/config.yaml
kind: ConfigMap   # As it was.
data: {motd: hello}
)");
}

TEST(MaskManifestTest, FindsSecretsInEveryNotation) {
  for (const char* manifest :
       {R"({"kind": "S\u0065cret", "data": {"a": "hunter2"}})",
        "kind: 'Secret'\ndata: {a: hunter2}", "kind: &k Secret\ndata: {a: hunter2}",
        "? kind\n: Secret\n? data\n: {a: hunter2}",
        "x: &x {kind: Secret}\n<<: *x\nstringData: {a: hunter2}",
        "kind: List\nitems: [{kind: Secret, data: {a: hunter2}}]"}) {
    EXPECT_THAT(MaskText(manifest), Not(HasSubstr("hunter2"))) << manifest;
  }
}

TEST(MaskManifestTest, LeavesOutWhatItCannotReadAndMayBeASecret) {
  const std::string masked = MaskText("kind: Secret\ndata: {password: hunter2\n---\nkind: A\n");
  EXPECT_THAT(masked, Not(HasSubstr("hunter2")));
  EXPECT_THAT(masked, HasSubstr("# Left out"));
  EXPECT_THAT(masked, HasSubstr("kind: A\n"));
}

TEST(MaskManifestTest, RefusesMoreThanItsLimits) {
  EXPECT_TRUE(absl::IsResourceExhausted(MaskManifest("a: 12", {.bytes = 4}).status()));
}

}  // namespace
}  // namespace berth::helm
