#include "ingress-service/domain/service_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "common/kube/object.h"
#include "common/pool/owned_ports.h"

namespace berth::ingress {
namespace {

using kube::Json;
using pool::Port;
using pool::Protocol;
using testing::Contains;
using testing::ElementsAre;
using testing::Key;
using testing::Pair;

PortKey Tcp(int port) { return {Protocol::kTcp, *Port::Parse(std::int64_t{port})}; }
PortKey Udp(int port) { return {Protocol::kUdp, *Port::Parse(std::int64_t{port})}; }

Wish Wants(PortKey key, const std::string& rule = "rule") {
  return {.key = key, .rule = rule, .value = ""};
}

Json List(const std::vector<Json>& ports) { return ports; }

Json Service(const std::vector<Json>& ports, const std::string& owned = "") {
  Json object = {{"apiVersion", "v1"},
                 {"kind", "Service"},
                 {"metadata", {{"namespace", "lb"}, {"name", "nginx"}, {"resourceVersion", "7"}}},
                 {"spec", {{"type", "LoadBalancer"}, {"ports", ports}}}};
  if (!owned.empty()) {
    kube::SetAnnotation(object, pool::kOwnedAnnotation, owned);
  }
  return object;
}

const Json& Http() {
  static const Json& port = *new Json({{"name", "http"},
                                       {"port", 80},
                                       {"protocol", "TCP"},
                                       {"targetPort", "http"},
                                       {"nodePort", 30080},
                                       {"appProtocol", "http"}});
  return port;
}

Json Ours(PortKey key) {
  return {
      {"name", "b-" + std::string(pool::ToLowerString(key.protocol)) + "-" + key.port.ToString()},
      {"port", key.port.number()},
      {"protocol", std::string(pool::ToString(key.protocol))},
      {"targetPort", key.port.number()}};
}

TEST(ServiceMergeTest, AddsAPortWithNumericTargetBehindTheForeignOnes) {
  const Merged merged =
      MergeService(Service({Http()}), {.wishes = {Wants(Tcp(20001))}}, MergeScope::kAll);
  EXPECT_EQ(merged.object["spec"]["ports"], List({Http(), Ours(Tcp(20001))}));
  EXPECT_EQ(kube::Annotation(merged.object, pool::kOwnedAnnotation), "tcp=20001");
  EXPECT_THAT(merged.entries, ElementsAre(Pair(Tcp(20001), "b-tcp-20001 -> 20001")));
}

TEST(ServiceMergeTest, PutsTcpAndUdpOnOneNumberSideBySide) {
  const Merged merged =
      MergeService(Service({Http()}), {.wishes = {Wants(Udp(20001), "u"), Wants(Tcp(20001), "t")}},
                   MergeScope::kAll);
  EXPECT_EQ(merged.object["spec"]["ports"], List({Http(), Ours(Tcp(20001)), Ours(Udp(20001))}));
  EXPECT_EQ(kube::Annotation(merged.object, pool::kOwnedAnnotation), "tcp=20001;udp=20001");
}

TEST(ServiceMergeTest, KeepsWhatTheApiServerAddedToItsPorts) {
  Json port = Ours(Tcp(20001));
  port["nodePort"] = 31000;
  const Json service = Service({Http(), port}, "tcp=20001");
  EXPECT_FALSE(MergeService(service, {.wishes = {Wants(Tcp(20001))}}, MergeScope::kAll).changed);
}

TEST(ServiceMergeTest, PutsADriftedPortRightAndKeepsItsNodePort) {
  Json drifted = Ours(Tcp(20001));
  drifted["nodePort"] = 31000;
  drifted["targetPort"] = "http";
  Json right = Ours(Tcp(20001));
  right["nodePort"] = 31000;
  EXPECT_EQ(MergeService(Service({drifted, Http()}, "tcp=20001"), {.wishes = {Wants(Tcp(20001))}},
                         MergeScope::kAll)
                .object["spec"]["ports"],
            List({right, Http()}));
}

TEST(ServiceMergeTest, RemovesAnOwnedPortWithoutRule) {
  const Merged merged =
      MergeService(Service({Ours(Tcp(20001)), Http()}, "tcp=20001"), {}, MergeScope::kRemove);
  EXPECT_EQ(merged.object["spec"]["ports"], List({Http()}));
}

TEST(ServiceMergeTest, AddsNothingWhenOnlyRemoving) {
  const Json service = Service({Http()});
  const Merged merged = MergeService(service, {.wishes = {Wants(Tcp(20001))}}, MergeScope::kRemove);
  EXPECT_EQ(merged.object, service);
}

TEST(ServiceMergeTest, LeavesAForeignPortAndSaysWhoHasIt) {
  const Json service = Service({Http()});
  const Merged merged = MergeService(service, {.wishes = {Wants(Tcp(80))}}, MergeScope::kAll);
  EXPECT_EQ(merged.object, service);
  EXPECT_THAT(merged.taken, ElementsAre(Pair("rule", "the Service's port 'http'")));
}

TEST(ServiceMergeTest, TakesAPortWithoutProtocolForTcp) {
  const Json service = Service({Json{{"name", "x"}, {"port", 20001}}});
  EXPECT_THAT(MergeService(service, {.wishes = {Wants(Tcp(20001))}}, MergeScope::kAll).taken,
              Contains(Key("rule")));
}

TEST(ServiceMergeTest, RecognisesAnUnlistedPortByTheValueRecordedAsWritten) {
  const Json service = Service({Ours(Tcp(20001)), Http()});
  EXPECT_FALSE(MergeService(service, {}, MergeScope::kAll).changed);
  const EntryWishes recorded{.written = {{Tcp(20001), "b-tcp-20001 -> 20001"}}};
  EXPECT_EQ(MergeService(service, recorded, MergeScope::kAll).object["spec"]["ports"],
            List({Http()}));
}

TEST(ServiceMergeTest, AvoidsANameThatAForeignPortHas) {
  Json foreign = Http();
  foreign["name"] = "b-tcp-20001";
  const EntryWishes wishes{.wishes = {Wants(Tcp(20001))}};
  const Merged merged = MergeService(Service({foreign}), wishes, MergeScope::kAll);
  EXPECT_EQ(merged.object["spec"]["ports"][1]["name"], "b-tcp-20001-2");
  EXPECT_FALSE(MergeService(merged.object, wishes, MergeScope::kAll).changed);
}

TEST(ServiceMergeTest, NamesAreAtMost15Characters) {
  const Merged merged =
      MergeService(Service({Http()}), {.wishes = {Wants(Tcp(65535), "t"), Wants(Udp(65535), "u")}},
                   MergeScope::kAll);
  for (const Json& port : merged.object["spec"]["ports"]) {
    EXPECT_LE(port["name"].get<std::string>().size(), 15U);
  }
}

TEST(ServiceMergeTest, LeavesProtocolsItDoesNotKnow) {
  const Json sctp = {{"name", "s"}, {"port", 20001}, {"protocol", "SCTP"}, {"targetPort", 1}};
  const Merged merged =
      MergeService(Service({sctp}, "tcp=20001"), {.wishes = {Wants(Tcp(20001))}}, MergeScope::kAll);
  EXPECT_EQ(merged.object["spec"]["ports"], List({sctp, Ours(Tcp(20001))}));
}

TEST(ServiceMergeTest, NeverTouchesForeignPorts) {
  std::mt19937 random(20002);
  const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
  for (int round = 0; round < 2000; ++round) {
    std::map<PortKey, Json> by_key;
    pool::PortsByProtocol owned;
    for (int i = below(12); i > 0; --i) {
      const PortKey key = below(2) == 0 ? Tcp(20000 + below(8)) : Udp(20000 + below(8));
      Json port = Ours(key);
      port["nodePort"] = 30000 + below(2000);
      if (below(3) == 0) {
        owned.Of(key.protocol).Insert(key.port);
      } else if (below(2) == 0) {
        port["name"] = "f-" + std::to_string(by_key.size());
        port["targetPort"] = "named";
      }
      by_key[key] = port;
    }
    std::vector<Json> ports;
    Json foreign = Json::array();
    for (const auto& [key, port] : by_key) {
      ports.push_back(port);
      if (!owned.Of(key.protocol).Contains(key.port)) {
        foreign.push_back(port);
      }
    }
    EntryWishes wishes;
    for (int i = below(10); i > 0; --i) {
      wishes.wishes.push_back(Wants(below(2) == 0 ? Tcp(20000 + below(8)) : Udp(20000 + below(8)),
                                    "rule-" + std::to_string(i)));
    }
    const Json service = Service(ports, pool::FormatOwnedPorts(owned));

    const Merged merged = MergeService(service, wishes, MergeScope::kAll);

    Json left = Json::array();
    for (const Json& port : kube::At(merged.object, {"spec", "ports"})) {
      const PortKey key{*pool::ParseProtocol(port["protocol"].get<std::string>()),
                        *Port::Parse(port["port"].get<std::int64_t>())};
      if (!merged.entries.contains(key)) {
        left.push_back(port);
      }
    }
    ASSERT_EQ(left, foreign) << service.dump();
    ASSERT_FALSE(MergeService(merged.object, wishes, MergeScope::kAll).changed) << service.dump();
  }
}

}  // namespace
}  // namespace berth::ingress
