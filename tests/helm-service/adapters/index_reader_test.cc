#include "helm-service/adapters/index_reader.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kPlenty = std::size_t{64} << 20;

constexpr char kYaml[] = R"(apiVersion: v1
generated: "2026-01-02T03:04:05Z"
entries:
  web:
  - apiVersion: v2
    annotations:
      artifacthub.io/changes: |
        - version: 9.9.9
    appVersion: "1.25"
    created: "2026-01-02T03:04:05.678901234Z"
    dependencies:
    - name: common
      version: 2.x.x
      urls: [nowhere.tgz]
    description: A web server,
      on two lines
    digest: 0123456789abcdef
    keywords:
    - http
    - www
    maintainers:
    - email: a@example.com
      name: A
    name: web
    urls:
    - web-1.2.0.tgz
    - https://mirror.example.com/web-1.2.0.tgz
    version: 1.2.0
  - name: web
    deprecated: true
    urls: [web-1.1.0.tgz]
    version: 1.1.0
  empty: []
serverInfo: {contextPath: /}
)";

constexpr char kJson[] = R"({"apiVersion": "v1", "entries": {"web": [
  {"name": "web", "version": "1.2.0", "appVersion": "1.25", "urls": ["web-1.2.0.tgz"],
   "description": "A web server", "keywords": ["http", "www"], "digest": "0123456789abcdef",
   "dependencies": [{"name": "common", "version": "2.x.x"}], "deprecated": true}]}})";

ChartName Web() { return *ChartName::Parse("web"); }

TEST(IndexReaderTest, ReadsYaml) {
  const absl::StatusOr<ChartIndex> index = ReadIndex(kYaml, kPlenty);
  ASSERT_TRUE(index.ok()) << index.status();
  ASSERT_EQ(index->charts().size(), 1U);
  const IndexedChart* const web = index->Find(Web());
  ASSERT_NE(web, nullptr);
  ASSERT_EQ(web->versions.size(), 2U);
  const IndexedVersion& newest = web->versions[0];
  EXPECT_EQ(newest.version, "1.2.0");
  EXPECT_EQ(newest.app_version, "1.25");
  EXPECT_EQ(newest.description, "A web server, on two lines");
  EXPECT_EQ(newest.created, "2026-01-02T03:04:05.678901234Z");
  EXPECT_EQ(newest.digest, "0123456789abcdef");
  EXPECT_EQ(newest.url, "web-1.2.0.tgz");
  EXPECT_EQ(newest.keywords, "http\nwww\n");
  EXPECT_FALSE(newest.deprecated);
  EXPECT_TRUE(web->versions[1].deprecated);
  EXPECT_EQ(web->versions[1].description, "");
}

TEST(IndexReaderTest, ReadsJson) {
  const absl::StatusOr<ChartIndex> index = ReadIndex(kJson, kPlenty);
  ASSERT_TRUE(index.ok()) << index.status();
  const IndexedChart* const web = index->Find(Web());
  ASSERT_NE(web, nullptr);
  EXPECT_EQ(web->versions[0].version, "1.2.0");
  EXPECT_EQ(web->versions[0].keywords, "http\nwww\n");
  EXPECT_TRUE(web->versions[0].deprecated);
}

TEST(IndexReaderTest, ReadsAnIndexThatIsEmpty) {
  EXPECT_TRUE(ReadIndex("apiVersion: v1\nentries: {}\n", kPlenty).ok());
  EXPECT_TRUE(ReadIndex("apiVersion: v1\nentries:\n", kPlenty).ok());
}

TEST(IndexReaderTest, RefusesWhatIsNoIndex) {
  for (const char* text :
       {"", "a", "[]", "entries", "apiVersion: v1\n", "<html></html>", "{}", "{\"entries\"",
        "{\"entries\": {}", "entries: {web: [", "entries: [a: b", "\t- x", "%YAML 9.9",
        "entries:\n  web: []\n  web: []\n", "? {a: b}\n: c\n", "{\"entries\": \"\xFF\"}"}) {
    const absl::StatusOr<ChartIndex> index = ReadIndex(text, kPlenty);
    EXPECT_TRUE(absl::IsInvalidArgument(index.status())) << text << index.status();
  }
}

TEST(IndexReaderTest, DoesNotRepeatTheTextInErrors) {
  for (const char* text : {"entries: {secret", "secret", "entries: *secret", "{\"secret\": secret}",
                           "entries: &secret {}", "!<secret> entries: \"\\secret\""}) {
    EXPECT_THAT(ReadIndex(text, kPlenty).status().ToString(), Not(HasSubstr("secret"))) << text;
  }
}

TEST(IndexReaderTest, RefusesAnchorsAndAliases) {
  const absl::Status status =
      ReadIndex("a: &a [x, x]\nb: &b [*a, *a]\nentries: {}\n", kPlenty).status();
  EXPECT_THAT(status.ToString(), HasSubstr("anchors"));
}

TEST(IndexReaderTest, RefusesWhatIsNestedTooDeep) {
  const std::string deep(100'000, '[');
  EXPECT_FALSE(ReadIndex("entries: " + deep, kPlenty).ok());
  EXPECT_FALSE(ReadIndex("{\"entries\": " + deep, kPlenty).ok());
  std::string indented = "entries:\n";
  for (int i = 1; i < 200; ++i) indented += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(ReadIndex(indented, kPlenty).status().ToString(), HasSubstr("nested"));
}

TEST(IndexReaderTest, RefusesAFlowCollectionThatTheParserWouldQueueWhole) {
  std::string text = "entries: {}\nx:\n  [\n";
  while (text.size() < (std::size_t{2} << 20)) text += "  " + std::string(1000, 'a') + ",\n";
  EXPECT_THAT(ReadIndex(text + "  ]\n", kPlenty).status().ToString(), HasSubstr("1 MiB"));
}

TEST(IndexReaderTest, KeepsToItsMemory) {
  std::string text = "entries:\n  web:\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "  - {version: " + std::to_string(i) + ".0.0, urls: [u" + std::to_string(i) + "]}\n";
  }
  EXPECT_TRUE(ReadIndex(text, kPlenty).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(ReadIndex(text, std::size_t{1} << 20).status()));
}

}  // namespace
}  // namespace berth::helm
