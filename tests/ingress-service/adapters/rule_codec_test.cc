#include "ingress-service/adapters/rule_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::SizeIs;

Json Stored() {
  return Json::parse(R"({
    "apiVersion": "berth.dev/v1alpha1",
    "kind": "PortRule",
    "metadata": {"name": "edge.tcp.20001", "namespace": "berth", "uid": "u1",
                 "resourceVersion": "17", "generation": 3,
                 "creationTimestamp": "2026-01-02T03:04:05Z",
                 "finalizers": ["other/one", "berth.dev/rule"]},
    "spec": {"poolRef": {"name": "edge", "uid": "p1"}, "protocol": "TCP", "port": 20001,
             "claimUid": "c1",
             "targetRef": {"namespace": "shop", "name": "web", "port": "http"},
             "options": {"encodeProxyProtocol": true, "sourceRanges": ["10.1.0.0/16"]},
             "exposureRef": {"namespace": "shop", "name": "web", "uid": "e1", "generation": 2}},
    "status": {"observedGeneration": 3, "evidence": "tcp-connect",
               "programmedTime": "2026-01-02T03:04:06Z",
               "written": {"ConfigMap/lb/tcp": "shop/web:80::PROXY"},
               "conditions": [
                 {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
                  "observedGeneration": 3, "lastTransitionTime": "2026-01-02T03:04:05Z"},
                 {"type": "Audited", "status": "Unknown", "reason": "ByHand", "message": "x",
                  "lastTransitionTime": "2026-01-02T03:04:05Z"}]}})");
}

TEST(RuleCodecTest, ReadsAStoredRule) {
  const absl::StatusOr<Rule> rule = ParseRule(Stored());
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_EQ(rule->name.ToString(), "edge.tcp.20001");
  EXPECT_EQ(rule->revision, 17U);
  EXPECT_EQ(rule->generation, 3);
  EXPECT_FALSE(rule->removing);
  EXPECT_TRUE(rule->HasFinalizer());
  EXPECT_EQ(rule->spec.pool_uid, "p1");
  EXPECT_EQ(rule->spec.claim_uid, "c1");
  EXPECT_EQ(rule->spec.target.ToString(), "shop/web:http");
  EXPECT_FALSE(rule->spec.options.decode_proxy_protocol);
  EXPECT_TRUE(rule->spec.options.encode_proxy_protocol);
  EXPECT_THAT(rule->spec.options.source_ranges, ElementsAre(*SourceRange::Parse("10.1.0.0/16")));
  EXPECT_EQ(rule->spec.exposure->generation, 2);
  EXPECT_TRUE(rule->IsLive());
  EXPECT_EQ(rule->status.evidence, "tcp-connect");
  EXPECT_EQ(rule->status.written.at("ConfigMap/lb/tcp"), "shop/web:80::PROXY");
  EXPECT_THAT(rule->status.conditions, SizeIs(2));
}

TEST(RuleCodecTest, WritesWhatItReads) {
  const Rule rule = *ParseRule(Stored());
  const Json object = NewRuleObject("berth", rule.name, rule.spec);
  EXPECT_EQ(ParseRule(object)->spec, rule.spec);
  EXPECT_TRUE(ParseRule(object)->HasFinalizer());
}

TEST(RuleCodecTest, ReadsPortsByNumberInEitherSpelling) {
  for (const Json& port : {Json(80), Json("80")}) {
    Json object = Stored();
    object["spec"]["targetRef"]["port"] = port;
    EXPECT_EQ(ParseRule(object)->spec.target.ToString(), "shop/web:80");
  }
}

TEST(RuleCodecTest, DoesNotReadARuleWithoutOneOfItsSourceRanges) {
  for (const Json& range : {Json("10.1.0.1/16"), Json("anywhere/0"), Json(7)}) {
    Json object = Stored();
    object["spec"]["options"]["sourceRanges"].push_back(range);
    EXPECT_EQ(ReasonOf(ParseRule(object).status()), Reason::ERROR_REASON_INVALID_FIELD) << range;
  }
}

TEST(RuleCodecTest, RefusesANameThatDoesNotSayTheSpec) {
  for (const char* name : {"edge.tcp.20002", "edge.udp.20001", "other.tcp.20001", "by-hand"}) {
    Json object = Stored();
    object["metadata"]["name"] = name;
    EXPECT_EQ(ReasonOf(ParseRule(object).status()), Reason::ERROR_REASON_INVALID_FIELD) << name;
  }
}

TEST(RuleCodecTest, StatusPatchTurnsTheStoredStatusIntoTheNewOne) {
  Json object = Stored();
  const Rule rule = *ParseRule(object);
  RuleStatus next = rule.status;
  next.written = {{"Service/lb/nginx", "b-tcp-20001 -> 20001"}};
  next.evidence = "";
  next.conditions[0].status = kube::ConditionStatus::kFalse;

  const Json patch = StatusPatch(rule, next);
  EXPECT_EQ(patch["metadata"], Json({{"uid", "u1"}, {"resourceVersion", "17"}}));
  object.merge_patch(patch);
  EXPECT_EQ(ParseRule(object)->status, next);
}

TEST(RuleCodecTest, SpecPatchLeavesWhatIsImmutableAndTakesAnExposureAway) {
  Json object = Stored();
  const Rule rule = *ParseRule(object);
  RuleSpec next = rule.spec;
  next.target.service = "other";
  next.exposure = std::nullopt;
  object.merge_patch(SpecPatch(rule, next));
  EXPECT_EQ(ParseRule(object)->spec, next);
}

TEST(RuleCodecTest, LabelsARuleWithTheUidOfItsExposure) {
  const Rule rule = *ParseRule(Stored());
  Json object = NewRuleObject("berth", rule.name, rule.spec);
  EXPECT_EQ(kube::Label(object, pool::kExposureUidLabel), "e1");
  RuleSpec next = rule.spec;
  next.exposure = std::nullopt;
  object.merge_patch(SpecPatch(rule, next));
  EXPECT_EQ(kube::Label(object, pool::kExposureUidLabel), std::nullopt);
}

TEST(RuleCodecTest, FinalizersPatchReplacesTheList) {
  Json object = Stored();
  object.merge_patch(FinalizersPatch(*ParseRule(object), {"other/one"}));
  EXPECT_THAT(ParseRule(object)->finalizers, ElementsAre("other/one"));
}

}  // namespace
}  // namespace berth::ingress
