#include "helm-service/domain/object_diff.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

// "path: before -> after", with "-" for a side without the field.
std::vector<std::string> Changes(const char* before, const char* after, std::size_t limit = 100) {
  std::vector<std::string> texts;
  for (const FieldChange& change : CompareObjects(Json::parse(before), Json::parse(after), limit)) {
    const auto text = [](const std::optional<Json>& side) {
      return side.has_value() ? side->dump() : "-";
    };
    texts.push_back(change.path + ": " + text(change.before) + " -> " + text(change.after));
  }
  return texts;
}

TEST(CompareObjectsTest, NamesEachFieldThatDiffers) {
  EXPECT_THAT(
      Changes(R"({"kind": "A", "spec": {"replicas": 1, "old": {"a": 1}, "same": [1]}})",
              R"({"kind": "A", "spec": {"replicas": 3, "new": null, "same": [1]}})"),
      ElementsAre("/spec/old: {\"a\":1} -> -", "/spec/replicas: 1 -> 3", "/spec/new: - -> null"));
}

TEST(CompareObjectsTest, FindsNothingBetweenEqualObjects) {
  EXPECT_THAT(Changes(R"({"a": 1, "b": [{"name": "x"}]})", R"({"b": [{"name": "x"}], "a": 1.0})"),
              IsEmpty());
}

TEST(CompareObjectsTest, EscapesKeysAsJsonPointersDo) {
  EXPECT_THAT(Changes(R"({"a/b": {"c~d": 1}})", R"({"a/b": {"c~d": 2}})"),
              ElementsAre("/a~1b/c~0d: 1 -> 2"));
}

TEST(CompareObjectsTest, MatchesElementsByName) {
  EXPECT_THAT(
      Changes(R"({"c": [{"name": "web", "image": "a"}, {"name": "log"}]})",
              R"({"c": [{"name": "new"}, {"name": "web", "image": "b"}]})"),
      ElementsAre("/c/name=log: {\"name\":\"log\"} -> -", "/c/name=web/image: \"a\" -> \"b\"",
                  "/c/name=new: - -> {\"name\":\"new\"}"));
}

TEST(CompareObjectsTest, TellsOfAnotherOrder) {
  EXPECT_THAT(Changes(R"({"c": [{"name": "a"}, {"name": "b"}]})",
                      R"({"c": [{"name": "b"}, {"name": "a"}]})"),
              ElementsAre(R"(/c: [{"name":"a"},{"name":"b"}] -> [{"name":"b"},{"name":"a"}])"));
}

TEST(CompareObjectsTest, MatchesOtherElementsByTheirPlace) {
  EXPECT_THAT(Changes(R"({"l": [1, 2, 3]})", R"({"l": [1, 5]})"),
              ElementsAre("/l/1: 2 -> 5", "/l/2: 3 -> -"));
  EXPECT_THAT(Changes(R"({"l": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]})",
                      R"({"l": [{"name": "a", "v": 1}, {"name": "a", "v": 3}, 7]})"),
              ElementsAre("/l/1/v: 2 -> 3", "/l/2: - -> 7"));
}

TEST(CompareObjectsTest, TellsOfAnotherType) {
  EXPECT_THAT(Changes(R"({"a": "1", "b": [], "c": null})", R"({"a": 1, "b": {}, "c": null})"),
              ElementsAre("/a: \"1\" -> 1", "/b: [] -> {}"));
}

TEST(CompareObjectsTest, StopsAtItsLimit) {
  EXPECT_THAT(Changes(R"({"l": [1, 2, 3, 4]})", R"({"l": []})", 2), SizeIs(2));
}

}  // namespace
}  // namespace berth::helm
