#include "port-service/transport/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

v1::ClaimRequest Minimal() {
  v1::ClaimRequest request;
  request.set_pool("edge");
  request.set_owner("team-a/web");
  request.set_request_id("request-1");
  return request;
}

TEST(ConvertTest, AsksForOneTcpPortWhenNothingIsSaid) {
  const auto request = ParseClaimRequest(Minimal());
  ASSERT_TRUE(request.ok()) << request.status();
  ASSERT_THAT(request->wishes, SizeIs(1));
  EXPECT_THAT(request->wishes[0].protocols, ElementsAre(pool::Protocol::kTcp));
  EXPECT_EQ(request->wishes[0].port, std::nullopt);
  EXPECT_EQ(request->ttl, std::nullopt);
}

TEST(ConvertTest, PutsProtocolsInOneOrder) {
  v1::ClaimRequest proto = Minimal();
  proto.add_ports()->add_protocols(v1::PROTOCOL_UDP);
  proto.mutable_ports(0)->add_protocols(v1::PROTOCOL_TCP);
  EXPECT_THAT(ParseClaimRequest(proto)->wishes[0].protocols,
              ElementsAre(pool::Protocol::kTcp, pool::Protocol::kUdp));
}

TEST(ConvertTest, NamesEveryFieldAtFaultAtOnce) {
  v1::ClaimRequest proto;
  proto.add_ports()->set_port(70000);
  proto.mutable_ttl()->set_seconds(-1);
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(ParseClaimRequest(proto).status())) {
    fields.push_back(violation.field);
  }
  EXPECT_THAT(fields, ElementsAre("pool", "owner", "request_id", "ports[0].port", "ttl"));
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(ConvertTest, NeedsThePortThatOthersHold) {
  v1::ClaimRequest proto = Minimal();
  proto.add_ports()->set_held_by_others(true);
  EXPECT_THAT(FieldsOf(ParseClaimRequest(proto).status()), ElementsAre("ports[0].held_by_others"));
  proto.mutable_ports(0)->set_port(20001);
  EXPECT_TRUE(ParseClaimRequest(proto)->wishes[0].held_by_others);
}

TEST(ConvertTest, ReadsASelectorInPlaceOfAPool) {
  v1::ClaimRequest proto = Minimal();
  proto.mutable_pool_selector()->set_address("10.0.0.1");
  EXPECT_THAT(FieldsOf(ParseClaimRequest(proto).status()), ElementsAre("pool_selector"));
  proto.clear_pool();
  const auto by_address = ParseClaimRequest(proto);
  ASSERT_TRUE(by_address.ok()) << by_address.status();
  EXPECT_EQ(std::get<PoolSelector>(by_address->pool).address, *pool::Address::ParseIp("10.0.0.1"));
  proto.mutable_pool_selector()->set_address("Edge.example.com");
  EXPECT_TRUE(ParseClaimRequest(proto).ok());

  proto.mutable_pool_selector()->set_address("a b");
  proto.mutable_pool_selector()->set_strategy(static_cast<v1::PoolSelector::Strategy>(9));
  EXPECT_THAT(FieldsOf(ParseClaimRequest(proto).status()),
              ElementsAre("pool_selector.address", "pool_selector.strategy"));
  proto.mutable_pool_selector()->clear_strategy();
  proto.mutable_pool_selector()->mutable_load_balancers();
  EXPECT_THAT(FieldsOf(ParseClaimRequest(proto).status()),
              ElementsAre("pool_selector.load_balancers"));
  proto.mutable_pool_selector()->mutable_load_balancers()->set_label_selector("=");
  EXPECT_THAT(FieldsOf(ParseClaimRequest(proto).status()),
              ElementsAre("pool_selector.load_balancers.label_selector"));
}

TEST(ConvertTest, NamesEveryLabelAtFault) {
  v1::ClaimRequest proto = Minimal();
  (*proto.mutable_labels())["team"] = "shop";
  EXPECT_EQ(ParseClaimRequest(proto)->labels, Labels({{"team", "shop"}}));
  (*proto.mutable_labels())["a b"] = "";
  (*proto.mutable_labels())["berth.dev/x"] = "";
  EXPECT_THAT(FieldsOf(ParseClaimRequest(proto).status()),
              ElementsAre("labels[a b]", "labels[berth.dev/x]"));
  for (int i = 0; i < 30; ++i) {
    (*proto.mutable_labels())["k" + std::to_string(i)] = "";
  }
  EXPECT_THAT(FieldsOf(ParseClaimRequest(proto).status()), ElementsAre("labels"));
}

TEST(ConvertTest, ReadsAFilterAndNamesEveryFieldAtFault) {
  v1::ListClaimsRequest proto;
  EXPECT_TRUE(Matches(*ParseClaimFilter(proto), TestClaim()));
  proto.add_states(v1::PortClaim::STATE_BOUND);
  EXPECT_FALSE(Matches(*ParseClaimFilter(proto), TestClaim()));
  proto.add_states(v1::PortClaim::STATE_UNSPECIFIED);
  proto.set_pool("a.b");
  proto.set_owner("a b");
  proto.set_label_selector("=");
  EXPECT_THAT(FieldsOf(ParseClaimFilter(proto).status()),
              ElementsAre("pool", "owner", "states[1]", "label_selector"));
}

TEST(ConvertTest, NamesEveryFieldOfARenewalAtFault) {
  v1::RenewClaimRequest proto;
  proto.mutable_ttl()->set_seconds(86'401);
  EXPECT_THAT(FieldsOf(ParseRenewRequest(proto).status()), ElementsAre("name", "uid", "ttl"));
  proto.set_name("edge.tcp.20500");
  proto.set_uid("u1");
  proto.mutable_ttl()->set_seconds(86'400);
  EXPECT_EQ(ParseRenewRequest(proto)->ttl, std::chrono::hours(24));
  proto.clear_ttl();
  EXPECT_EQ(ParseRenewRequest(proto)->ttl, std::nullopt);
}

TEST(ConvertTest, TellsTheTimeThatBelongsToTheState) {
  const v1::PortClaim reserved = ToProto(TestClaim(ClaimState::kReserved), {});
  EXPECT_EQ(reserved.expire_time().seconds(), 1'800'000'600);
  EXPECT_FALSE(reserved.has_quarantine_end_time());
  const v1::PortClaim quarantined = ToProto(TestClaim(ClaimState::kQuarantined), {});
  EXPECT_EQ(quarantined.quarantine_end_time().seconds(), 1'800'000'300);
  EXPECT_FALSE(quarantined.has_expire_time());
}

TEST(ConvertTest, TellsAddressesByTheirKind) {
  const v1::PortClaim claim =
      ToProto(TestClaim(), {*pool::Address::ParseIp("10.0.0.1"), *pool::Address::ParseIp("::1"),
                            *pool::Address::ParseHostname("edge.example.com")});
  EXPECT_EQ(claim.addresses(0).family(), v1::Address::FAMILY_IPV4);
  EXPECT_EQ(claim.addresses(1).family(), v1::Address::FAMILY_IPV6);
  EXPECT_EQ(claim.addresses(2).hostname(), "edge.example.com");
}

TEST(ConvertTest, TellsWhyAPoolIsNotReady) {
  const v1::PortPool pool =
      ToProto({.pool = TestPool()}, {}, absl::FailedPreconditionError("no address"));
  EXPECT_FALSE(pool.ready());
  EXPECT_EQ(pool.not_ready_message(), "no address");
  EXPECT_THAT(pool.usage(), SizeIs(2));
}

}  // namespace
}  // namespace berth::port
