#include "ingress-service/transport/entry_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/status/status.h"
#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

v1::AdoptRulesRequest Good() {
  v1::AdoptRulesRequest request;
  request.set_pool("edge");
  request.set_owner("ops");
  v1::EntryKey& entry = *request.add_entries();
  entry.set_protocol(port::v1::PROTOCOL_UDP);
  entry.set_port(20001);
  return request;
}

std::vector<std::string> FieldsAtFault(const v1::AdoptRulesRequest& request) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(ToAdoption(request).status())) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(EntryMappingTest, ReadsARequest) {
  const absl::StatusOr<Adopter::Request> wanted = ToAdoption(Good());
  ASSERT_TRUE(wanted.ok()) << wanted.status();
  EXPECT_EQ(wanted->pool.value(), "edge");
  EXPECT_EQ(wanted->owner, "ops");
  EXPECT_THAT(wanted->keys, ElementsAre(PortKey{pool::Protocol::kUdp, pool::Port::Of<20001>()}));
  EXPECT_FALSE(wanted->validate_only);
}

TEST(EntryMappingTest, NamesEveryFieldAtFault) {
  v1::AdoptRulesRequest request;
  request.add_entries();
  EXPECT_THAT(FieldsAtFault(request),
              UnorderedElementsAre("pool", "owner", "entries[0].port", "entries[0].protocol"));
  request = Good();
  *request.add_entries() = request.entries(0);
  EXPECT_THAT(FieldsAtFault(request), ElementsAre("entries[1]"));
  request = Good();
  request.set_owner("two words");
  EXPECT_THAT(FieldsAtFault(request), ElementsAre("owner"));
}

TEST(EntryMappingTest, RefusesMoreEntriesThanItReads) {
  v1::AdoptRulesRequest request = Good();
  for (int port = 1; port <= 1000; ++port) {
    request.add_entries()->set_port(port);
  }
  EXPECT_THAT(FieldsAtFault(request), ElementsAre("entries"));
}

TEST(EntryMappingTest, TellsWhatBecameOfAnEntry) {
  Adoption adoption{.name = Named("edge.tcp.20001")};
  adoption.entry =
      ForeignEntry{.key = {pool::Protocol::kTcp, pool::Port::Of<20001>()},
                   .target = {.ns = "shop", .service = "web", .port = pool::Port::Of<80>()},
                   .options = {.encode_proxy_protocol = true}};
  adoption.rule = LiveRule("edge.tcp.20001");
  const v1::AdoptRuleResult proto = ToProto(adoption);
  EXPECT_EQ(proto.entry().protocol(), port::v1::PROTOCOL_TCP);
  EXPECT_EQ(proto.entry().port(), 20001);
  EXPECT_EQ(proto.status().code(), 0);
  EXPECT_EQ(proto.target().service(), "web");
  EXPECT_TRUE(proto.options().encode_proxy_protocol());
  EXPECT_EQ(proto.rule().name(), "edge.tcp.20001");
}

TEST(EntryMappingTest, TellsWhatIsNotThere) {
  const v1::EntryDrift proto =
      ToProto(ObjectDrift{.object = "ConfigMap/lb/tcp",
                          .drift = {.key = {pool::Protocol::kTcp, pool::Port::Of<20001>()},
                                    .rule = "edge.tcp.20001",
                                    .wanted = "shop/web:80"}});
  EXPECT_EQ(proto.object(), "ConfigMap/lb/tcp");
  EXPECT_EQ(proto.rule(), "edge.tcp.20001");
  EXPECT_EQ(proto.wanted(), "shop/web:80");
  EXPECT_THAT(proto.found(), IsEmpty());
}

}  // namespace
}  // namespace berth::ingress
