#include "ingress-service/domain/rule_objects.h"

#include <gtest/gtest.h>

namespace berth::ingress {
namespace {

using kube::Json;

TEST(RuleObjectsTest, LetsTheApiServerFillInWhatWasNotAskedFor) {
  const Json asked = Json::parse(R"({"port": 80, "to": [{"name": "web"}]})");
  EXPECT_TRUE(
      Covers(Json::parse(R"({"port": 80, "to": [{"name": "web", "weight": 1}], "x": 1})"), asked));
  EXPECT_FALSE(Covers(Json::parse(R"({"port": 81, "to": [{"name": "web"}]})"), asked));
  EXPECT_FALSE(Covers(Json::parse(R"({"to": [{"name": "web"}]})"), asked));
  EXPECT_FALSE(
      Covers(Json::parse(R"({"port": 80, "to": [{"name": "web"}, {"name": "other"}]})"), asked))
      << "one more entry changes what the list means";
  EXPECT_FALSE(Covers(Json::parse(R"({"port": 80, "to": []})"), asked));
  EXPECT_FALSE(Covers("text", asked));
  EXPECT_TRUE(Covers(asked, Json::object()));
  EXPECT_FALSE(Covers(nullptr, Json::object()));
}

TEST(RuleObjectsTest, KnowsTheObjectsOfItsOwnBerth) {
  Json object = {{"metadata", {{"annotations", {{"berth.dev/rule", "berth/edge.tcp.20001"}}}}}};
  ASSERT_TRUE(RuleOf(object, "berth"));
  EXPECT_EQ(RuleOf(object, "berth")->ToString(), "edge.tcp.20001");
  EXPECT_FALSE(RuleOf(object, "bert"));
  EXPECT_FALSE(RuleOf(object, "other"));
  object["metadata"]["annotations"]["berth.dev/rule"] = "berth/edge";
  EXPECT_FALSE(RuleOf(object, "berth"));
  EXPECT_FALSE(RuleOf(Json::object(), "berth"));
}

}  // namespace
}  // namespace berth::ingress
