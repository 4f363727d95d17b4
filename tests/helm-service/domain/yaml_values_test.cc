#include "helm-service/domain/yaml_values.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

Json Read(const std::string& yaml) {
  absl::StatusOr<Json> values = ReadYamlValues(yaml, {});
  EXPECT_TRUE(values.ok()) << values.status();
  return values.ok() ? *values : Json();
}

std::string Refusal(const std::string& yaml, const ValuesLimits& limits = {}) {
  const absl::StatusOr<Json> values = ReadYamlValues(yaml, limits);
  EXPECT_EQ(values.status().code(), absl::StatusCode::kInvalidArgument) << yaml;
  return std::string(values.status().message());
}

TEST(ReadYamlValuesTest, ReadsBareScalarsAsHelmDoes) {
  const Json values = Read(
      "a: yes\nb: Off\nc: 017\nd: 0o17\ne: 1e3\nf: 0x1F\ng: 0b101\nh: 1_000\ni: ~\nj:\n"
      "k: 08\nl: -5\nm: +7\nn: .5\no: 1.\np: y\n");
  EXPECT_EQ(values, Json::parse(R"({"a": true, "b": false, "c": 15, "d": 15, "e": 1000.0, "f": 31,
      "g": 5, "h": 1000, "i": null, "j": null, "k": 8.0, "l": -5, "m": 7, "n": 0.5, "o": 1.0,
      "p": true})"));
}

TEST(ReadYamlValuesTest, KeepsQuotedAndTaggedScalarsAsStrings) {
  EXPECT_EQ(Read("a: '1e3'\nb: \"yes\"\nc: !!str 17\nd: '~'\ne: |\n  12\n"),
            Json::parse(R"({"a": "1e3", "b": "yes", "c": "17", "d": "~", "e": "12\n"})"));
}

TEST(ReadYamlValuesTest, LeavesTextThatOnlyLooksLikeANumberAlone) {
  EXPECT_EQ(Read("a: 1e999\n"), Json::parse(R"({"a": "1e999"})"));
  EXPECT_EQ(Read("a: 1.2.3\nb: 2001-01-01\nc: 12:30\nd: 0x\ne: 1e\nf: '-'\ng: 10.0.0.1\nh: .\n"),
            Json::parse(R"({"a": "1.2.3", "b": "2001-01-01", "c": "12:30", "d": "0x", "e": "1e",
      "f": "-", "g": "10.0.0.1", "h": "."})"));
}

TEST(ReadYamlValuesTest, KeepsKeysAsText) {
  EXPECT_EQ(Read("1: a\ntrue: b\n\"x y\": c\n"),
            Json::parse(R"({"1": "a", "true": "b", "x y": "c"})"));
}

TEST(ReadYamlValuesTest, ReadsNestedBlocksFlowsAndJson) {
  EXPECT_EQ(Read("a:\n  - b: 1\n    c: [x, {y: 2}]\n  - []\n"),
            Json::parse(R"({"a": [{"b": 1, "c": ["x", {"y": 2}]}, []]})"));
  EXPECT_EQ(Read(R"({"a": {"b": "1"}})"), Json::parse(R"({"a": {"b": "1"}})"));
}

TEST(ReadYamlValuesTest, WritesAliasesAndMergeKeysOut) {
  EXPECT_EQ(Read("base: &b {x: 1, y: 2}\na: *b\nc:\n  <<: *b\n  y: 3\n"),
            Json::parse(R"({"base": {"x": 1, "y": 2}, "a": {"x": 1, "y": 2},
      "c": {"x": 1, "y": 3}})"));
  EXPECT_EQ(Read("p: &p {x: 1}\nq: &q {x: 2, y: 2}\nr: {<<: [*p, *q]}\n")["r"],
            Json::parse(R"({"x": 1, "y": 2})"));
}

TEST(ReadYamlValuesTest, TakesAnEmptyDocumentAsAnEmptyMapping) {
  EXPECT_EQ(Read(""), Json::object());
  EXPECT_EQ(Read("# nothing\n"), Json::object());
}

TEST(ReadYamlValuesTest, KeepsHugeIntegersForTheCheckToRefuse) {
  for (const char* yaml :
       {"a: 12345678901234567", "a: 99999999999999999999999", "a: -0x7fffffffffffffff"}) {
    EXPECT_FALSE(CheckValues(Read(yaml), {}).ok()) << yaml;
  }
}

TEST(ReadYamlValuesTest, RefusesWhatIsNotOneMapping) {
  EXPECT_THAT(Refusal("- a"), HasSubstr("mapping"));
  EXPECT_THAT(Refusal("text"), HasSubstr("mapping"));
  EXPECT_THAT(Refusal("a: 1\n---\nb: 2\n"), HasSubstr("more than one"));
}

TEST(ReadYamlValuesTest, RefusesDuplicateKeysTagsAndComplexKeys) {
  EXPECT_THAT(Refusal("a: 1\na: 2\n"), HasSubstr("line 2, column 1"));
  Refusal("a: !!binary aGk=\n");
  Refusal("a: !custom {b: 1}\n");
  Refusal("? [a]\n: b\n");
  Refusal("a: .inf\n");
}

TEST(ReadYamlValuesTest, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(Refusal("a: 1\nb: \"\xFF\"\n"),
              HasSubstr("line 2, column 4: text that is not UTF-8"));
  EXPECT_THAT(Refusal("a\xAA\x90: 1\n"), HasSubstr("not UTF-8"));
}

TEST(ReadYamlValuesTest, NeverRepeatsTheTextInAnError) {
  EXPECT_THAT(Refusal("password: *hunter2\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(Refusal("password: 'a' hunter2\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(Refusal("password: [hunter2\n"), Not(HasSubstr("hunter2")));
}

TEST(ReadYamlValuesTest, StopsAtDepthNodesAndExpandingAliases) {
  EXPECT_THAT(Refusal("a: " + std::string(200'000, '[') + std::string(200'000, ']')),
              HasSubstr("deeper"));
  std::string many = "a: [";
  for (int i = 0; i < 2000; ++i) many += "1,";
  EXPECT_THAT(Refusal(many + "1]", {.nodes = 1000}), HasSubstr("more than 1000"));
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) laughs += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    laughs += "]\n";
  }
  EXPECT_THAT(Refusal(laughs), HasSubstr("more than"));
  std::string copies = "a: &a \"" + std::string(100'000, 'x') + "\"\nb: [*a";
  for (int i = 0; i < 100; ++i) copies += ", *a";
  EXPECT_THAT(Refusal(copies + "]\n"), HasSubstr("anchors"));
}

}  // namespace
}  // namespace berth::helm
