#include "common/kube/object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::kube {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(ObjectTest, ReadsMetadata) {
  const Json object = Json::parse(R"({"metadata": {
      "name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7", "generation": 3,
      "deletionTimestamp": "2026-01-02T03:04:05Z", "labels": {"a": "1"},
      "annotations": {"b": "2"}, "finalizers": ["x"]}})");
  EXPECT_EQ(NameOf(object), (ObjectName{.ns = "shop", .name = "web"}));
  EXPECT_EQ(Uid(object), "u");
  EXPECT_EQ(ResourceVersion(object), "7");
  EXPECT_EQ(Generation(object), 3);
  EXPECT_TRUE(IsBeingDeleted(object));
  EXPECT_EQ(FormatTime(*DeletionTimestamp(object)), "2026-01-02T03:04:05Z");
  EXPECT_THAT(Labels(object), ElementsAre(Pair("a", "1")));
  EXPECT_EQ(Label(object, "a"), "1");
  EXPECT_EQ(Annotation(object, "b"), "2");
  EXPECT_FALSE(Annotation(object, "c").has_value());
  EXPECT_TRUE(HasFinalizer(object, "x"));
}

TEST(ObjectTest, ReadsNothingFromWhatIsMissingOrMistyped) {
  for (const char* text : {"null", "[]", "3", "{}", R"({"metadata": 3})",
                           R"({"metadata": {"name": 3, "labels": [], "finalizers": {},
                                            "generation": "x", "deletionTimestamp": null}})"}) {
    const Json object = Json::parse(text);
    EXPECT_EQ(Name(object), "") << text;
    EXPECT_EQ(Generation(object), 0) << text;
    EXPECT_TRUE(Labels(object).empty()) << text;
    EXPECT_FALSE(HasFinalizer(object, "x")) << text;
    EXPECT_FALSE(IsBeingDeleted(object)) << text;
    EXPECT_FALSE(GetCondition(object, "Ready").has_value()) << text;
  }
}

TEST(ObjectTest, AddsAndRemovesFinalizersOnce) {
  Json object = NewObject(kServices, {.ns = "shop", .name = "web"});
  EXPECT_TRUE(AddFinalizer(object, "a"));
  EXPECT_FALSE(AddFinalizer(object, "a"));
  EXPECT_TRUE(AddFinalizer(object, "b"));
  EXPECT_TRUE(RemoveFinalizer(object, "a"));
  EXPECT_FALSE(RemoveFinalizer(object, "a"));
  EXPECT_EQ(object["metadata"]["finalizers"], Json({"b"}));
}

TEST(ObjectTest, KeepsFieldsItDoesNotKnow) {
  Json object = {{"metadata", {{"name", "web"}, {"future", 1}}}, {"future", {{"x", true}}}};
  SetLabel(object, "a", "1");
  SetAnnotation(object, "b", "2");
  RemoveAnnotation(object, "none");
  EXPECT_EQ(object["metadata"]["future"], 1);
  EXPECT_EQ(object["future"]["x"], true);
  EXPECT_EQ(Label(object, "a"), "1");
  RemoveAnnotation(object, "b");
  EXPECT_FALSE(Annotation(object, "b").has_value());
}

TEST(ObjectTest, MovesTheTransitionTimeOnlyWhenTheStatusChanges) {
  const Time first = *ParseTime("2026-01-02T03:04:05Z");
  const Time later = *ParseTime("2026-01-02T03:05:05Z");
  Json object;
  Condition ready{.type = "Ready",
                  .status = ConditionStatus::kFalse,
                  .reason = "Waiting",
                  .message = "for a port",
                  .observed_generation = 1};
  EXPECT_TRUE(SetCondition(object, ready, first));
  EXPECT_FALSE(SetCondition(object, ready, later));
  ready.message = "for a rule";
  EXPECT_TRUE(SetCondition(object, ready, later));
  EXPECT_EQ(GetCondition(object, "Ready")->last_transition_time, first);
  ready.status = ConditionStatus::kTrue;
  EXPECT_TRUE(SetCondition(object, ready, later));
  EXPECT_EQ(GetCondition(object, "Ready")->last_transition_time, later);
  EXPECT_TRUE(IsConditionTrue(object, "Ready"));
  EXPECT_EQ(GetCondition(object, "Ready")->message, "for a rule");
  EXPECT_EQ(object["status"]["conditions"].size(), 1U);
}

TEST(ObjectTest, WalksPaths) {
  const Json object = {{"spec", {{"port", 80}, {"name", "x"}, {"list", {1, 2}}}}};
  EXPECT_EQ(IntAt(object, {"spec", "port"}), 80);
  EXPECT_FALSE(IntAt(object, {"spec", "name"}).has_value());
  EXPECT_EQ(StringAt(object, {"spec", "name"}), "x");
  EXPECT_EQ(StringAt(object, {"spec", "list", "0"}), "");
  EXPECT_TRUE(At(object, {"none", "at", "all"}).is_null());
}

TEST(ObjectTest, ReadsResourceVersionsAsNumbers) {
  EXPECT_EQ(ParseResourceVersion("18446744073709551615"), 18446744073709551615ULL);
  for (const char* text : {"", "x", "1x", "-1", " 1", "18446744073709551616"}) {
    EXPECT_FALSE(ParseResourceVersion(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace berth::kube
