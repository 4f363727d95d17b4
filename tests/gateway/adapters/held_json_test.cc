#include "gateway/adapters/held_json.h"

#include <gtest/gtest.h>

#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using kube::Json;

Json RuleObject() {
  return Json::parse(R"({
    "metadata": {"name": "edge.tcp.20000", "generation": 2},
    "spec": {
      "claimUid": "uid-c", "targetRef": {"namespace": "shop", "name": "web", "port": "http"},
      "exposureRef": {"namespace": "shop", "name": "web", "uid": "uid-e", "generation": 3}},
    "status": {"conditions": [
      {"type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": 2},
      {"type": "Programmed", "status": "True", "reason": "Programmed", "observedGeneration": 2}]}
  })");
}

TEST(HeldJsonTest, ReadsARule) {
  const Rule rule = RuleFromJson(RuleObject());
  EXPECT_EQ(rule.claim_uid, "uid-c");
  EXPECT_EQ(rule.target, (RuleTarget{"shop", "web", *PortName::Parse("http")}));
  EXPECT_EQ(rule.exposure_generation, 3);
  EXPECT_EQ(rule.programmed.status, Truth::kTrue);
  EXPECT_EQ(ExposureRefFromJson(RuleObject())->uid, "uid-e");
}

TEST(HeldJsonTest, WhatWasSaidOfAnEarlierGenerationDoesNotCount) {
  Json object = RuleObject();
  object["metadata"]["generation"] = 3;
  EXPECT_EQ(RuleFromJson(object).programmed.status, Truth::kUnknown);
}

TEST(HeldJsonTest, ARefusedRuleIsNotProgrammed) {
  Json object = RuleObject();
  object["status"]["conditions"][0]["status"] = "False";
  object["status"]["conditions"][0]["reason"] = "ClaimLost";
  EXPECT_EQ(RuleFromJson(object).programmed.status, Truth::kFalse);
  EXPECT_EQ(RuleFromJson(object).programmed.reason, "ClaimLost");
}

TEST(HeldJsonTest, AClaimThatIsBeingDeletedServesNobody) {
  Json object = Json::parse(R"({
    "metadata": {"name": "edge.tcp.20000", "uid": "uid-c"},
    "spec": {"poolRef": {"name": "edge"}, "protocol": "TCP", "port": 20000, "entry": "a",
             "state": "BOUND"}})");
  EXPECT_TRUE(IsLive(ClaimFromJson(object)));
  object["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
  EXPECT_FALSE(IsLive(ClaimFromJson(object)));
  object["metadata"].erase("deletionTimestamp");
  object["spec"]["state"] = "SOMETHING_NEW";
  EXPECT_FALSE(IsLive(ClaimFromJson(object)));
}

TEST(HeldJsonTest, OnlyHelmsOwnMarksMakeAServicePartOfARelease) {
  Json object = Json::parse(R"({
    "metadata": {"namespace": "shop", "name": "web",
      "labels": {"app.kubernetes.io/managed-by": "Helm"},
      "annotations": {"meta.helm.sh/release-name": "web",
                      "meta.helm.sh/release-namespace": "shop"}},
    "spec": {"ports": [{"name": "http", "port": 80}, {"port": 53, "protocol": "UDP"},
                       {"port": 99, "protocol": "SCTP"}]}})");
  const auto service = ServiceFromJson(object);
  ASSERT_TRUE(service.has_value());
  EXPECT_EQ(service->release, "web");
  ASSERT_EQ(service->ports.size(), 2u);
  EXPECT_EQ(service->ports[1].protocol, Protocol::kUdp);
  object["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = "other";
  EXPECT_EQ(ServiceFromJson(object)->release, "");
  object["metadata"].erase("labels");
  EXPECT_EQ(ServiceFromJson(object)->release, "");
}

}  // namespace
}  // namespace berth::gateway
