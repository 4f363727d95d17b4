#include "ingress-service/transport/rule_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/status.h"
#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

v1::RuleSpec Good() {
  v1::RuleSpec spec;
  spec.set_claim("edge.tcp.20001");
  spec.set_claim_uid("0a1b");
  spec.mutable_target()->set_namespace_("shop");
  spec.mutable_target()->set_service("web");
  spec.mutable_target()->set_port_number(80);
  return spec;
}

std::vector<std::string> FieldsAtFault(const v1::RuleSpec& spec) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(ToWantedRule(spec).status())) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(RuleMappingTest, ReadsARequest) {
  v1::RuleSpec spec = Good();
  spec.mutable_options()->set_encode_proxy_protocol(true);
  spec.mutable_exposure()->set_namespace_("shop");
  spec.mutable_exposure()->set_name("web");
  spec.mutable_exposure()->set_uid("e1");
  spec.mutable_exposure()->set_generation(4);
  const absl::StatusOr<WantedRule> wanted = ToWantedRule(spec);
  ASSERT_TRUE(wanted.ok()) << wanted.status();
  EXPECT_EQ(wanted->name.ToString(), "edge.tcp.20001");
  EXPECT_EQ(wanted->target.ToString(), "shop/web:80");
  EXPECT_TRUE(wanted->options.encode_proxy_protocol);
  EXPECT_EQ(wanted->exposure->generation, 4);
}

TEST(RuleMappingTest, NamesEveryFieldAtFault) {
  EXPECT_THAT(FieldsAtFault({}), UnorderedElementsAre("claim", "claim_uid", "target.namespace",
                                                      "target.service", "target.service_port"));
}

TEST(RuleMappingTest, SortsSourceRangesAndTakesEachOnce) {
  v1::RuleSpec spec = Good();
  for (const char* range : {"2001:DB8::/32", "10.1.0.0/16", "2001:db8::/32"}) {
    spec.mutable_options()->add_source_ranges(range);
  }
  EXPECT_THAT(
      ToWantedRule(spec)->options.source_ranges,
      ElementsAre(*SourceRange::Parse("10.1.0.0/16"), *SourceRange::Parse("2001:db8::/32")));
}

TEST(RuleMappingTest, NamesTheSourceRangeAtFault) {
  v1::RuleSpec spec = Good();
  spec.mutable_options()->add_source_ranges("10.1.0.0/16");
  spec.mutable_options()->add_source_ranges("10.1.2.3/16");
  EXPECT_THAT(FieldsAtFault(spec), ElementsAre("options.source_ranges[1]"));
  spec.mutable_options()->clear_source_ranges();
  for (int i = 0; i < 65; ++i) {
    spec.mutable_options()->add_source_ranges("10.1.0.0/16");
  }
  EXPECT_THAT(FieldsAtFault(spec), ElementsAre("options.source_ranges"));
}

TEST(RuleMappingTest, RefusesPortsOutsideOfTheRange) {
  for (const int port : {0, -1, 65536, 70000}) {
    v1::RuleSpec spec = Good();
    spec.mutable_target()->set_port_number(port);
    EXPECT_THAT(FieldsAtFault(spec), ElementsAre("target.port_number")) << port;
  }
}

TEST(RuleMappingTest, RefusesNamesThatNoServiceHas) {
  for (const char* name : {"--flag", "../etc", "Web", "a/b", "a:b", "web.", ""}) {
    v1::RuleSpec spec = Good();
    spec.mutable_target()->set_service(name);
    EXPECT_THAT(FieldsAtFault(spec), ElementsAre("target.service")) << name;
  }
  for (const char* name : {"80", "UPPER", "a_b", "sixteen-letters-", ""}) {
    v1::RuleSpec spec = Good();
    spec.mutable_target()->set_port_name(name);
    EXPECT_THAT(FieldsAtFault(spec), ElementsAre("target.port_name")) << name;
  }
}

TEST(RuleMappingTest, RefusesHalfAnExposure) {
  v1::RuleSpec spec = Good();
  spec.mutable_exposure()->set_generation(-1);
  EXPECT_THAT(FieldsAtFault(spec), UnorderedElementsAre("exposure.namespace", "exposure.name",
                                                        "exposure.uid", "exposure.generation"));
}

TEST(RuleMappingTest, AnswersAProgrammedRuleWithItsEvidence) {
  Rule rule = LiveRule("edge.udp.20001");
  rule.resource_version = "17";
  rule.spec.target.port = "dns";
  rule.status.evidence = "status";
  rule.status.programmed_time = kube::Time(std::chrono::microseconds(1'500'000));
  rule.status.conditions.push_back({.type = std::string(kProgrammed),
                                    .status = kube::ConditionStatus::kTrue,
                                    .reason = "Programmed",
                                    .observed_generation = 1});
  const v1::PortRule proto = ToProto(rule);
  EXPECT_EQ(proto.name(), "edge.udp.20001");
  EXPECT_EQ(proto.pool(), "edge");
  EXPECT_EQ(proto.protocol(), port::v1::PROTOCOL_UDP);
  EXPECT_EQ(proto.port(), 20001);
  EXPECT_EQ(proto.target().port_name(), "dns");
  EXPECT_EQ(proto.state(), v1::PortRule::STATE_PROGRAMMED);
  EXPECT_EQ(proto.evidence(), "status");
  EXPECT_EQ(proto.programmed_time().seconds(), 1);
  EXPECT_EQ(proto.programmed_time().nanos(), 500'000'000);
  EXPECT_EQ(proto.etag(), "17");
  EXPECT_EQ(proto.reason(), Reason::ERROR_REASON_UNSPECIFIED);
}

TEST(RuleMappingTest, AnswersADegradedRuleWithItsReason) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.status.conditions.push_back({.type = std::string(kProgrammed),
                                    .status = kube::ConditionStatus::kFalse,
                                    .reason = "NoReadyEndpoints",
                                    .message = "no endpoint",
                                    .observed_generation = 1});
  const v1::PortRule proto = ToProto(rule);
  EXPECT_EQ(proto.state(), v1::PortRule::STATE_DEGRADED);
  EXPECT_EQ(proto.reason(), Reason::ERROR_REASON_NO_READY_ENDPOINTS);
  EXPECT_EQ(proto.message(), "no endpoint");
  EXPECT_EQ(proto.evidence(), "");
}

}  // namespace
}  // namespace berth::ingress
