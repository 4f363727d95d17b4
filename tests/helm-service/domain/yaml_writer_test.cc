#include "helm-service/domain/yaml_writer.h"

#include <string>

#include "gtest/gtest.h"
#include "helm-service/domain/yaml_values.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

TEST(WriteYamlTest, WritesAnObjectAsAPersonWould) {
  const Json object = Json::parse(R"({
    "kind": "Deployment", "apiVersion": "apps/v1",
    "metadata": {"name": "web", "labels": {}, "annotations": {"on": "yes", "port": "80"}},
    "spec": {"replicas": 3, "paused": false, "strategy": null, "args": [],
             "matrix": [[1, 2], []],
             "containers": [{"image": "nginx:1.25", "name": "web"}, {"name": "b"}]},
    "script": "begin\n  end\n", "pem": "one\ntwo", "padded": "a\n\n"})");
  EXPECT_EQ(WriteYaml(object), R"(apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    "on": "yes"
    port: "80"
  labels: {}
  name: web
padded: |+
  a

pem: |-
  one
  two
script: |
  begin
    end
spec:
  args: []
  containers:
  - image: nginx:1.25
    name: web
  - name: b
  matrix:
  - - 1
    - 2
  - []
  paused: false
  replicas: 3
  strategy: null
)");
}

TEST(WriteYamlTest, ReadsBackAsTheSameObject) {
  for (const char* text : {"",
                           "~",
                           "null",
                           "Null",
                           "yes",
                           "No",
                           "ON",
                           "y",
                           "TRUE",
                           "1",
                           "1e3",
                           "0x1F",
                           "1_000",
                           ".5",
                           ".inf",
                           "-",
                           "- a",
                           "-a",
                           "?",
                           ": ",
                           "a: b",
                           "a:",
                           "a #b",
                           "#a",
                           "a#b",
                           "&a",
                           "*a",
                           "!a",
                           "|",
                           ">",
                           "%a",
                           "@a",
                           "`a",
                           "'a'",
                           "\"a\"",
                           "{a}",
                           "[a]",
                           "a, b",
                           " a",
                           "a ",
                           "a\tb",
                           "\n",
                           "\n\n",
                           "a\n",
                           "a\n\n\n",
                           " a\nb",
                           "\ta\nb",
                           "\na\nb",
                           "a\n b\n",
                           "a\r\nb",
                           "a\n---\nb\n",
                           "---\nb\n",
                           "...\na",
                           "a\n\tb\n",
                           "ü\nü\n",
                           "\xE2\x80\xA8\n",
                           "\xC2\x85",
                           "\xEF\xBB\xBF",
                           "\x01",
                           "\x7F",
                           "\\",
                           "C:\\dir",
                           "<<",
                           "=",
                           "/bin/sh -c",
                           "2026-01-02",
                           "12:30:45",
                           "a\n  \nb\n",
                           "a\n#b\n"}) {
    Json object = {{"key", text}, {"list", {text, {{"nested", text}}}}};
    if (*text != '\0') object[text] = 1;  // the reader refuses an empty key
    const std::string yaml = WriteYaml(object);
    const absl::StatusOr<Json> read = ReadYamlObject(yaml, {});
    ASSERT_TRUE(read.ok()) << read.status() << "\n" << yaml;
    EXPECT_EQ(*read, object) << yaml;
  }
}

TEST(WriteYamlTest, WritesKeysThatNoParserWouldFindTheColonBehind) {
  for (const std::string& key : {std::string(3000, 'k'), std::string(300, '\x15')}) {
    const Json nested = {{key, {{"a", 1}}}, {"list", {{{key, {1, 2}}}, {{key, "text"}}}}};
    const Json object = {{key, nested}, {"z", 1}};
    const std::string yaml = WriteYaml(object);
    const absl::StatusOr<Json> read = ReadYamlObject(yaml, {});
    ASSERT_TRUE(read.ok()) << read.status() << "\n" << yaml;
    EXPECT_EQ(*read, object) << yaml;
  }
}

TEST(WriteYamlTest, WritesWhatIsNoMapping) {
  EXPECT_EQ(WriteYaml(Json::object()), "{}\n");
  EXPECT_EQ(WriteYaml({1, "a"}), "- 1\n- a\n");
  EXPECT_EQ(WriteYaml("a\nb\n"), "|\n  a\n  b\n");
}

}  // namespace
}  // namespace berth::helm
