#include "helm-service/domain/json_schema.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<SchemaViolation> Validate(const Json& schema, const Json& document) {
  const auto parsed = JsonSchema::Parse(schema.dump(), {});
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  const auto violations = parsed->Validate(document);
  EXPECT_TRUE(violations.ok()) << violations.status();
  return *violations;
}

absl::Status ParseStatus(const std::string& text) { return JsonSchema::Parse(text, {}).status(); }

TEST(JsonSchemaTest, TellsEveryViolationWithItsPathAndNoValue) {
  const Json schema = Json::parse(R"({
    "type": "object",
    "required": ["name", "image"],
    "properties": {
      "replicas": {"type": "integer", "minimum": 1},
      "image": {
        "type": "object", "required": ["tag"],
        "properties": {"tag": {"type": "string"}, "policy": {"enum": ["Always", "Never"]}},
        "additionalProperties": false
      },
      "hosts": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}}
    }
  })");
  const Json document = Json::parse(R"({
    "replicas": 0, "image": {"policy": "s3cret", "tga": "s3cret"}, "hosts": ["ok", "S3CRET", 5]
  })");
  const std::vector<SchemaViolation> violations = Validate(schema, document);
  EXPECT_THAT(violations,
              ElementsAre(SchemaViolation{"name", "is required"},
                          SchemaViolation{"hosts[1]", "must match ^[a-z]+$"},
                          SchemaViolation{"hosts[2]", "must be of type string, not number"},
                          SchemaViolation{"image.tag", "is required"},
                          SchemaViolation{"image.policy", "must be one of: Always, Never"},
                          SchemaViolation{"image.tga", "is not a value of this chart"},
                          SchemaViolation{"replicas", "must not be below 1"}));
}

TEST(JsonSchemaTest, QuotesKeysThatWouldReadAsPaths) {
  EXPECT_THAT(Validate({{"additionalProperties", false}}, {{"a.b", {{"c", 1}}}}),
              ElementsAre(SchemaViolation{"[\"a.b\"]", "is not a value of this chart"}));
}

TEST(JsonSchemaTest, StopsTellingAtItsLimit) {
  const auto schema = JsonSchema::Parse(R"({"items": {"type": "string"}})", {.violations = 3});
  EXPECT_THAT(*schema->Validate(Json(std::vector<int>(1000, 1))), SizeIs(3));
}

TEST(JsonSchemaTest, LeadsNowhereElse) {
  for (const char* schema :
       {R"({"properties": {"a": {"$ref": "https://example.com/schema.json"}}})",
        R"({"properties": {"a": {"$ref": "file:///etc/passwd"}}})",
        R"({"$ref": "other.json#/definitions/x"})", R"({"$schema": "https://example.com/own"})",
        R"({"allOf": [{"$schema": "http://10.0.0.1/"}]})",
        R"({"$dynamicRef": "https://example.com/#x"})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseStatus(schema))) << schema;
  }
  EXPECT_TRUE(ParseStatus(R"({"default": {"$ref": "https://example.com/"}})").ok());
  EXPECT_TRUE(ParseStatus(R"({"properties": {"$ref": {"type": "string"}}})").ok());
}

TEST(JsonSchemaTest, EndsWhereASchemaDoesNot) {
  const Json deep = Json::parse(R"({"$ref": "#"})");
  EXPECT_FALSE(JsonSchema::Parse(deep.dump(), {})->Validate(1).ok());
  // Each level applies the one below twice.
  Json wide = {{"$defs", {{"0", {{"type", "string"}}}}}, {"$ref", "#/$defs/40"}};
  for (int i = 1; i <= 40; ++i) {
    const Json below = {{"$ref", "#/$defs/" + std::to_string(i - 1)}};
    wide["$defs"][std::to_string(i)] = {{"allOf", {below, below}}};
  }
  EXPECT_FALSE(JsonSchema::Parse(wide.dump(), {})->Validate(1).ok());
}

TEST(JsonSchemaTest, RefusesWhatIsNoSchema) {
  for (const std::string text : {"", "[]", "1", "{", "null", "\"a\""}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseStatus(text))) << text;
  }
  constexpr int kLevels = 5000;
  std::string nested;
  for (int i = 0; i < kLevels; ++i) nested += R"({"not":)";
  nested += "true" + std::string(kLevels, '}');
  EXPECT_THAT(std::string(ParseStatus(nested).message()), HasSubstr("too deep"));
}

TEST(JsonSchemaTest, LeavesToHelmWhatItCannotJudge) {
  EXPECT_THAT(Validate({{"pattern", "(?!x)"}}, "y"), IsEmpty());
  EXPECT_THAT(Validate({{"$ref", "#/nowhere"}}, "y"), IsEmpty());
  EXPECT_THAT(Validate({{"format", "ipv4"}}, "y"), IsEmpty());
}

TEST(JsonSchemaTest, KnowsTheWordsOfNewerDrafts) {
  EXPECT_THAT(Validate({{"prefixItems", {{{"type", "string"}}}}, {"items", false}}, {"a", 1}),
              ElementsAre(SchemaViolation{"[1]", "is not allowed"}));
  EXPECT_THAT(Validate({{"dependentRequired", {{"tls", {"host"}}}}}, {{"tls", true}}),
              ElementsAre(SchemaViolation{"host", "is required beside tls"}));
  EXPECT_THAT(Validate(Json::parse(R"({
                "$defs": {"port": {"$anchor": "port", "type": "integer"}},
                "properties": {"port": {"$ref": "#port", "maximum": 9}}})"),
                       {{"port", 10}}),
              ElementsAre(SchemaViolation{"port", "must not be above 9"}));
  EXPECT_THAT(Validate(Json::parse(R"({"contains": {"type": "null"}, "maxContains": 1})"),
                       {nullptr, nullptr}),
              SizeIs(1));
}

// The suite that validators in all languages are measured by, as the distribution packages it.
class JsonSchemaSuiteTest : public ::testing::TestWithParam<const char*> {};

// Groups that refer to the drafts' own schemas, or to each other by relative addresses.
bool IsBeyond(const Json& group) {
  static const std::set<std::string> kBeyond = {
      "valid definition",
      "invalid definition",
      "remote ref, containing refs itself",
      "Recursive references between schemas",
  };
  return kBeyond.contains(group["description"].get<std::string>());
}

TEST_P(JsonSchemaSuiteTest, AgreesWithEveryJudgement) {
  const std::filesystem::path folder =
      std::filesystem::path("/usr/share/json-schema-test-suite/tests") / GetParam();
  int judged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().stem() == "refRemote") continue;
    std::ifstream file(entry.path());
    for (const Json& group : Json::parse(file)) {
      if (IsBeyond(group)) continue;
      Json schema = group["schema"];
      if (schema.is_object() && !schema.contains("$schema")) {
        schema["$schema"] = std::string("http://json-schema.org/draft-0") +
                            std::string(GetParam()).back() + "/schema#";
      }
      const auto parsed = JsonSchema::Parse(schema.dump(), {});
      ASSERT_TRUE(parsed.ok()) << entry.path() << ": " << group["description"];
      for (const Json& test : group["tests"]) {
        const auto violations = parsed->Validate(test["data"]);
        ASSERT_TRUE(violations.ok()) << violations.status();
        EXPECT_EQ(violations->empty(), test["valid"].get<bool>())
            << entry.path() << ": " << group["description"] << ": " << test["description"];
        ++judged;
      }
    }
  }
  EXPECT_GT(judged, 290);
}

INSTANTIATE_TEST_SUITE_P(Drafts, JsonSchemaSuiteTest,
                         ::testing::Values("draft4", "draft6", "draft7"));

}  // namespace
}  // namespace berth::helm
