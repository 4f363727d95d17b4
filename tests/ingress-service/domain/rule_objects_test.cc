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

TEST(RuleObjectsTest, TakesNullForWhatIsNotToBeThere) {
  const Json asked = Json::parse(R"({"ranges": null})");
  EXPECT_TRUE(Covers(Json::object(), asked));
  EXPECT_TRUE(Covers(Json::parse(R"({"ranges": null})"), asked));
  EXPECT_FALSE(Covers(Json::parse(R"({"ranges": []})"), asked));
}

TEST(RuleObjectsTest, ChangesAnObjectToWhatItIsAskedToSay) {
  const RuleObject asked{
      .resource = kube::kServices,
      .name = {"shop", "web"},
      .content = Json::parse(R"({"spec": {"selector": {"app": "web"}, "ranges": null}})"),
      .exact = {Json::json_pointer("/spec/selector")}};
  Json object = Json::parse(R"({"metadata": {"labels": {"a": "b"}}, "spec": {
      "selector": {"app": "web", "color": "blue"}, "ranges": ["10.0.0.0/8"], "clusterIP": "x"}})");
  EXPECT_FALSE(HasContent(object, asked));
  SetContent(object, asked);
  EXPECT_EQ(object, Json::parse(R"({"metadata": {"labels": {"a": "b"}}, "spec": {
      "selector": {"app": "web"}, "clusterIP": "x"}})"));
  EXPECT_TRUE(HasContent(object, asked));
  object["spec"]["selector"]["color"] = "blue";
  EXPECT_FALSE(HasContent(object, asked)) << "one more label means fewer pods";
  object["spec"].erase("selector");
  EXPECT_FALSE(HasContent(object, asked));
  SetContent(object, asked);
  EXPECT_TRUE(HasContent(object, asked));
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
