#include "ingress-service/adapters/configmap_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/kube/object.h"
#include "common/pool/owned_ports.h"
#include "common/status/status.h"
#include "tests/ingress-service/fake_cluster.h"
#include "tests/ingress-service/interleaver.h"

namespace berth::ingress {
namespace {

using kube::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ConfigMapDriverTest : public testing::Test {
 protected:
  ConfigMapDriverTest() {
    pools_.Add(PoolOver("edge"));
    cluster_.PutObject(kLoadBalancer, LoadBalancerService());
    cluster_.puts = 0;
  }

  ProgramRequest Request(const std::string& pool, const RuleSource& source) const {
    return RequestFor(PoolNamed(pool), pools_, source.Cached());
  }

  ProgramResult Program(const std::string& pool = "edge") {
    absl::StatusOr<ProgramResult> result = driver_.Program(Request(pool, source_));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : ProgramResult{};
  }

  void Remove(const std::string& name) {
    Rule rule = cluster_.rules.at(Named(name));
    rule.removing = true;
    cluster_.PutRule(rule);
  }

  // As the reconciler does after a pass.
  void Record(const ProgramResult& result) {
    for (const auto& [name, progress] : result.live) {
      Rule rule = cluster_.rules.at(Named(name));
      rule.status.written = progress.written;
      cluster_.PutRule(rule);
    }
  }

  // A rule that is on the load balancer, with its record.
  void PutWritten(const std::string& name) {
    cluster_.PutRule(LiveRule(name));
    Record(Program());
  }

  void OnlyReportDrift() {
    pool::PoolState state = PoolOver("edge");
    state.pool.drift_policy = pool::DriftPolicy::kReport;
    pools_.Add(state);
  }

  // What somebody does with kubectl.
  void SetEntry(const Json& value) {
    Json object = cluster_.objects.at(kTcpEntries);
    object["data"].merge_patch({{"20001", value}});
    cluster_.PutObject(kTcpEntries, object);
  }

  std::vector<ObjectDrift> FindDrift() {
    const auto found = driver_.FindDrift(Request("edge", source_));
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(std::vector<ObjectDrift>());
  }

  Json TcpData() { return kube::At(cluster_.objects[kTcpEntries], {"data"}); }
  std::vector<int> ServicePorts() {
    std::vector<int> ports;
    for (const Json& port : cluster_.objects.at(kLoadBalancer)["spec"]["ports"]) {
      ports.push_back(port["port"].get<int>());
    }
    return ports;
  }

  FakeCluster cluster_;
  FakeRuleSource source_{cluster_};
  FakeObjects objects_{cluster_};
  FakeTargets targets_;
  FakePools pools_;
  ConfigMapDriver driver_{objects_, source_, targets_};
};

TEST_F(ConfigMapDriverTest, WritesEntryThenPort) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  std::vector<std::string> writes;
  cluster_.before = [&](const std::string& verb) {
    if (!verb.starts_with("GET") && !verb.starts_with("LIST")) {
      writes.push_back(verb);
    }
    return absl::OkStatus();
  };
  const ProgramResult result = Program();
  EXPECT_THAT(writes, ElementsAre("CREATE ConfigMap/lb/tcp", "PUT Service/lb/nginx"));
  EXPECT_EQ(TcpData(), Json({{"20001", "shop/web:80"}}));
  EXPECT_THAT(ServicePorts(), ElementsAre(80, 20001));
  const RuleProgress& progress = result.live.at("edge.tcp.20001");
  EXPECT_TRUE(progress.status.ok()) << progress.status;
  EXPECT_EQ(progress.written,
            (std::map<std::string, std::string>{{"ConfigMap/lb/tcp", "shop/web:80"},
                                                {"Service/lb/nginx", "b-tcp-20001 -> 20001"}}));
}

TEST_F(ConfigMapDriverTest, WritesManyRulesInOneGroup) {
  for (int port = 20001; port <= 20300; ++port) {
    cluster_.PutRule(LiveRule("edge.tcp." + std::to_string(port)));
  }
  EXPECT_EQ(Program().live.size(), 300U);
  EXPECT_EQ(cluster_.puts, 2);
  EXPECT_EQ(TcpData().size(), 300U);
}

TEST_F(ConfigMapDriverTest, AddsAConfirmedRuleBeforeItsAcceptanceIsStored) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.status = {};
  rule.confirmed = true;
  cluster_.PutRule(rule);
  EXPECT_TRUE(Program().live.at("edge.tcp.20001").status.ok());
  EXPECT_EQ(TcpData(), Json({{"20001", "shop/web:80"}}));
}

TEST_F(ConfigMapDriverTest, KeepsWhatAnotherReplicaWroteForARuleItKnowsNothingOf) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.status = {};
  cluster_.PutRule(rule);
  EXPECT_TRUE(Program().live.empty());
  EXPECT_FALSE(cluster_.objects.contains(kTcpEntries)) << "nothing is added";

  rule.confirmed = true;
  cluster_.PutRule(rule);
  Program();
  rule.confirmed = false;
  cluster_.PutRule(rule);
  cluster_.PutRule(LiveRule("edge.tcp.20002"));
  EXPECT_TRUE(Program().drift.empty());
  EXPECT_EQ(TcpData(), Json({{"20001", "shop/web:80"}, {"20002", "shop/web:80"}}));
  EXPECT_THAT(ServicePorts(), ElementsAre(80, 20001, 20002));
  EXPECT_TRUE(FindDrift().empty());
}

TEST_F(ConfigMapDriverTest, SecondPassWritesNothing) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  cluster_.puts = 0;
  Program();
  EXPECT_EQ(cluster_.puts, 0);
}

TEST_F(ConfigMapDriverTest, PutsRightWhatOthersChangedAndTellsIt) {
  PutWritten("edge.tcp.20001");
  for (const Json& change : {Json("shop/other:80"), Json(nullptr)}) {
    SetEntry(change);
    const std::vector<ObjectDrift> found = FindDrift();
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].object, "ConfigMap/lb/tcp");
    EXPECT_EQ(found[0].drift.rule, "edge.tcp.20001");
    EXPECT_EQ(found[0].drift.wanted, "shop/web:80");
    EXPECT_EQ(found[0].drift.found.has_value(), change.is_string());

    const ProgramResult result = Program();
    EXPECT_EQ(TcpData(), Json({{"20001", "shop/web:80"}}));
    EXPECT_THAT(result.drift, SizeIs(1));
    EXPECT_TRUE(result.live.at("edge.tcp.20001").status.ok());
    EXPECT_THAT(FindDrift(), IsEmpty());
  }
}

TEST_F(ConfigMapDriverTest, LeavesWhatOthersChangedWhereItIsOnlyReported) {
  OnlyReportDrift();
  PutWritten("edge.tcp.20001");
  for (const Json& change : {Json("shop/other:80"), Json(nullptr)}) {
    SetEntry(change);
    cluster_.puts = 0;
    const ProgramResult result = Program();
    EXPECT_EQ(TcpData().value("20001", Json()), change);
    EXPECT_EQ(ReasonOf(result.live.at("edge.tcp.20001").status),
              Reason::ERROR_REASON_ENTRY_DRIFTED);
    EXPECT_THAT(FindDrift(), SizeIs(1));
  }
  pools_.Add(PoolOver("edge"));
  EXPECT_TRUE(Program().live.at("edge.tcp.20001").status.ok());
  EXPECT_EQ(TcpData(), Json({{"20001", "shop/web:80"}}));
}

TEST_F(ConfigMapDriverTest, LeavesAPortThatOthersTookAwayWhereItIsOnlyReported) {
  OnlyReportDrift();
  PutWritten("edge.tcp.20001");
  Json service = cluster_.objects.at(kLoadBalancer);
  service["spec"]["ports"].erase(1);
  cluster_.PutObject(kLoadBalancer, service);
  const ProgramResult result = Program();
  EXPECT_THAT(ServicePorts(), ElementsAre(80));
  EXPECT_EQ(ReasonOf(result.live.at("edge.tcp.20001").status), Reason::ERROR_REASON_ENTRY_DRIFTED);
}

TEST_F(ConfigMapDriverTest, ARuleThatChangesIsNoDrift) {
  OnlyReportDrift();
  PutWritten("edge.tcp.20001");
  Rule rule = cluster_.rules.at(Named("edge.tcp.20001"));
  rule.spec.target.service = "blue";
  cluster_.PutRule(rule);
  EXPECT_THAT(FindDrift(), IsEmpty());
  EXPECT_TRUE(Program().live.at("edge.tcp.20001").status.ok());
  EXPECT_EQ(TcpData(), Json({{"20001", "shop/blue:80"}}));
}

TEST_F(ConfigMapDriverTest, FindsEntriesOfItsOwnThatNoRuleAsksFor) {
  PutWritten("edge.tcp.20001");
  Json object = cluster_.objects.at(kTcpEntries);
  object["data"]["20002"] = "shop/left:80";
  kube::SetAnnotation(object, pool::kOwnedAnnotation, "tcp=20001-20002");
  cluster_.PutObject(kTcpEntries, object);
  const std::vector<ObjectDrift> found = FindDrift();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].drift.rule, std::nullopt);
  EXPECT_EQ(found[0].drift.found, "shop/left:80");
  EXPECT_TRUE(cluster_.objects.at(kTcpEntries)["data"].contains("20002")) << "only looked at";
}

TEST_F(ConfigMapDriverTest, ARuleBeingRemovedIsNoDrift) {
  PutWritten("edge.tcp.20001");
  Remove("edge.tcp.20001");
  EXPECT_THAT(FindDrift(), IsEmpty());
}

TEST_F(ConfigMapDriverTest, TakesThePortAwayBeforeTheEntry) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Remove("edge.tcp.20001");
  std::vector<std::string> writes;
  cluster_.before = [&](const std::string& verb) {
    if (!verb.starts_with("GET") && !verb.starts_with("LIST")) {
      writes.push_back(verb);
    }
    return absl::OkStatus();
  };
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
  EXPECT_THAT(writes, ElementsAre("PUT Service/lb/nginx", "PUT ConfigMap/lb/tcp"));
  EXPECT_THAT(TcpData(), IsEmpty());
  EXPECT_THAT(ServicePorts(), ElementsAre(80));
}

TEST_F(ConfigMapDriverTest, FencesTheRemovalOfARuleThatWasNeverWritten) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.removing = true;
  rule.status = {};
  cluster_.PutRule(rule);
  const std::uint64_t deleted = cluster_.revision();
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
  EXPECT_GE(FenceOf(cluster_.objects.at(kTcpEntries)).value_or(0), deleted);
  EXPECT_GE(FenceOf(cluster_.objects.at(kLoadBalancer)).value_or(0), deleted);
}

TEST_F(ConfigMapDriverTest, CountsAMissingLoadBalancerAsRemoved) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  cluster_.objects.erase(kLoadBalancer);
  Remove("edge.tcp.20001");
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
}

TEST_F(ConfigMapDriverTest, CountsAMissingNamespaceAsRemoved) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Remove("edge.tcp.20001");
  cluster_.objects.clear();
  cluster_.before = [](const std::string& verb) -> absl::Status {
    if (verb.starts_with("CREATE")) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_NAMESPACE_NOT_FOUND, "gone");
    }
    return absl::OkStatus();
  };
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
}

TEST_F(ConfigMapDriverTest, KeepsARemovedRuleUntilItsEntriesAreGone) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Remove("edge.tcp.20001");
  cluster_.before = [](const std::string& verb) -> absl::Status {
    if (verb == "PUT ConfigMap/lb/tcp") {
      return Error(absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_KUBERNETES_FORBIDDEN,
                   "no");
    }
    return absl::OkStatus();
  };
  EXPECT_THAT(Program().removed, IsEmpty());
}

TEST_F(ConfigMapDriverTest, SaysThatTheLoadBalancerIsMissing) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.objects.erase(kLoadBalancer);
  const absl::Status status = Program().live.at("edge.tcp.20001").status;
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CONTROLLER_REFUSED);
}

TEST_F(ConfigMapDriverTest, LeavesForeignEntriesAndSaysPortTaken) {
  cluster_.PutObject(kTcpEntries, {{"data", {{"20001", "x/y:1"}}}});
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.PutRule(LiveRule("edge.tcp.20002"));
  const ProgramResult result = Program();
  EXPECT_EQ(ReasonOf(result.live.at("edge.tcp.20001").status), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_TRUE(result.live.at("edge.tcp.20002").status.ok());
  EXPECT_EQ(TcpData(), Json({{"20001", "x/y:1"}, {"20002", "shop/web:80"}}));
  EXPECT_THAT(ServicePorts(), ElementsAre(80, 20002)) << "half a rule helps nobody";
}

TEST_F(ConfigMapDriverTest, WritesNoEntryForAPortThatTheServiceHasForSomebodyElse) {
  Json service = LoadBalancerService();
  service["spec"]["ports"].push_back({{"name", "theirs"}, {"port", 20001}, {"protocol", "TCP"}});
  cluster_.PutObject(kLoadBalancer, service);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_EQ(ReasonOf(Program().live.at("edge.tcp.20001").status), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_THAT(TcpData(), IsEmpty());
}

TEST_F(ConfigMapDriverTest, RepairsDriftInBothDirections) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.PutRule(LiveRule("edge.tcp.20002"));
  Program();
  Json entries = cluster_.objects.at(kTcpEntries);
  entries["data"].erase("20001");
  entries["data"]["20002"] = "evil/web:80";
  entries["data"]["20003"] = "left/over:80";
  kube::SetAnnotation(entries, pool::kOwnedAnnotation, "tcp=20001-20003");
  cluster_.PutObject(kTcpEntries, entries);
  Program();
  EXPECT_EQ(TcpData(), Json({{"20001", "shop/web:80"}, {"20002", "shop/web:80"}}));
}

TEST_F(ConfigMapDriverTest, SpellsProxyOptionsAsIngressNginxDoes) {
  const std::vector<std::pair<RuleOptions, std::string>> cases = {
      {{.decode_proxy_protocol = true}, "shop/web:80:PROXY"},
      {{.encode_proxy_protocol = true}, "shop/web:80::PROXY"},
      {{.decode_proxy_protocol = true, .encode_proxy_protocol = true}, "shop/web:80:PROXY:PROXY"}};
  for (const auto& [options, entry] : cases) {
    Rule rule = LiveRule("edge.tcp.20001");
    rule.spec.options = options;
    cluster_.PutRule(rule);
    Program();
    EXPECT_EQ(TcpData()["20001"], entry);
  }
}

TEST_F(ConfigMapDriverTest, ResolvesANamedPortAndKeepsTheEntryWhileItCannot) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.spec.target.port = "http";
  cluster_.PutRule(rule);
  EXPECT_EQ(ReasonOf(Program().live.at("edge.tcp.20001").status),
            Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND);
  targets_.named.emplace("http", pool::Port::Of<8080>());
  EXPECT_TRUE(Program().live.at("edge.tcp.20001").status.ok());
  EXPECT_EQ(TcpData()["20001"], "shop/web:8080");
  targets_.named.clear();
  EXPECT_TRUE(Program().live.at("edge.tcp.20001").status.ok());
  EXPECT_EQ(TcpData()["20001"], "shop/web:8080");
}

TEST_F(ConfigMapDriverTest, PutsUdpIntoItsOwnConfigMap) {
  cluster_.PutRule(LiveRule("edge.udp.20001"));
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  EXPECT_EQ(cluster_.objects.at(kUdpEntries)["data"], Json({{"20001", "shop/web:80"}}));
  EXPECT_THAT(ServicePorts(), ElementsAre(80, 20001, 20001));
}

TEST_F(ConfigMapDriverTest, LeavesTheEntriesOfAnotherPoolOnTheSameObjects) {
  pools_.Add(PoolOver("other"));
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.PutRule(LiveRule("other.tcp.20002", "mail"));
  Program("edge");
  Program("other");
  Program("edge");
  EXPECT_EQ(TcpData(), Json({{"20001", "shop/web:80"}, {"20002", "shop/mail:80"}}));

  pools_.states.erase(PoolNamed("other"));
  Program("edge");
  EXPECT_EQ(TcpData().size(), 2U) << "a pool that is not known keeps what it has";
}

TEST_F(ConfigMapDriverTest, GivesOnePlaceToTheOlderRule) {
  pools_.Add(PoolOver("other"));
  Rule older = LiveRule("other.tcp.20001", "mail");
  older.created = kube::Time(std::chrono::seconds(1));
  Rule younger = LiveRule("edge.tcp.20001");
  younger.created = kube::Time(std::chrono::seconds(2));
  cluster_.PutRule(older);
  cluster_.PutRule(younger);
  EXPECT_EQ(ReasonOf(Program("edge").live.at("edge.tcp.20001").status),
            Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_TRUE(Program("other").live.at("other.tcp.20001").status.ok());
}

TEST_F(ConfigMapDriverTest, WithdrawsFromWhereARuleWasWrittenEarlier) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  const RuleProgress before = Program().live.at("edge.tcp.20001");
  Rule rule = cluster_.rules.at(Named("edge.tcp.20001"));
  rule.status.written = before.written;
  cluster_.PutRule(rule);

  pool::PoolState moved = PoolOver("edge");
  moved.pool.configmap->tcp_services = {"lb", "tcp-new"};
  pools_.Add(moved);
  Program();
  EXPECT_THAT(TcpData(), IsEmpty());
  EXPECT_EQ(cluster_.objects.at({SharedKind::kConfigMap, {"lb", "tcp-new"}})["data"],
            Json({{"20001", "shop/web:80"}}));
}

TEST_F(ConfigMapDriverTest, SaysThatNodePortsHaveRunOut) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.before = [](const std::string& verb) -> absl::Status {
    if (verb == "PUT Service/lb/nginx") {
      return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_KUBERNETES_INVALID,
                   "failed to allocate a nodePort: range is full");
    }
    return absl::OkStatus();
  };
  EXPECT_EQ(ReasonOf(Program().live.at("edge.tcp.20001").status),
            Reason::ERROR_REASON_NODE_PORTS_EXHAUSTED);
}

TEST_F(ConfigMapDriverTest, SaysWhatTheLoadBalancerReportsForAPort) {
  Json service = LoadBalancerService();
  service["status"]["loadBalancer"]["ingress"] = Json::array(
      {{{"ip", "10.0.0.1"},
        {"ports", Json::array({{{"port", 20001}, {"protocol", "TCP"}, {"error", "Quota"}}})}}});
  cluster_.PutObject(kLoadBalancer, service);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_EQ(ReasonOf(Program().live.at("edge.tcp.20001").status),
            Reason::ERROR_REASON_CONTROLLER_REFUSED);
}

TEST_F(ConfigMapDriverTest, PassesOnWhatTimeMayCure) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.before = [](const std::string&) -> absl::Status {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
                 "down");
  };
  EXPECT_TRUE(absl::IsUnavailable(driver_.Program(Request("edge", source_)).status()));
}

TEST_F(ConfigMapDriverTest, RefusesWhatItCannotDoByName) {
  const absl::Status option =
      CheckSupported(driver_, Named("edge.udp.20001"), {.decode_proxy_protocol = true});
  EXPECT_TRUE(absl::IsUnimplemented(option));
  EXPECT_EQ(ReasonOf(option), Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  EXPECT_EQ(MetadataOf(option, "option"), "decode_proxy_protocol");
  for (const int port : {80, 442, 443, 8181, 8443, 10245, 10246, 10247, 10254}) {
    EXPECT_EQ(ReasonOf(CheckSupported(driver_, Named("edge.tcp." + std::to_string(port)), {})),
              Reason::ERROR_REASON_PORT_NOT_ALLOWED)
        << port;
  }
  EXPECT_TRUE(
      CheckSupported(driver_, Named("edge.tcp.20001"), {.encode_proxy_protocol = true}).ok());
}

// Two replicas with caches that lag, and rules that come and go between any two of their accesses:
// once a rule was let go its entry never comes back, and foreign entries are never touched.
TEST_F(ConfigMapDriverTest, NoInterleavingBringsAnEntryBackOrTouchesForeignOnes) {
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    FakeCluster cluster;
    std::mt19937 random(seed);
    const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
    Interleaver interleaver(seed);
    cluster.PutObject(kLoadBalancer, LoadBalancerService());
    cluster.PutObject(kTcpEntries, {{"data", {{"9000", "x/y:1"}, {"20004", "x/y:2"}}}});
    // Ports whose rule was let go, and which no later rule uses.
    std::set<std::string> released;
    const auto check = [&] {
      const Json& data = cluster.objects.at(kTcpEntries)["data"];
      EXPECT_EQ(data.value("9000", ""), "x/y:1");
      EXPECT_EQ(data.value("20004", ""), "x/y:2");
      for (const std::string& port : released) {
        // The foreign entry is a port that rules ask for in vain.
        EXPECT_TRUE(!data.contains(port) || port == "20004") << port;
      }
    };
    cluster.before = [&](const std::string&) {
      check();
      interleaver.Step();
      return absl::OkStatus();
    };
    FakeObjects objects(cluster);
    FakeRuleStore store(cluster);

    const auto replica = [&] {
      FakeRuleSource source(cluster);
      ConfigMapDriver driver(objects, source, targets_);
      for (int pass = 0; pass < 6; ++pass) {
        // The cache moves on now and then, never back.
        const std::uint64_t lag = below(8);
        source.applied = std::max(source.applied.value_or(100),
                                  cluster.revision() - std::min(cluster.revision() - 100, lag));
        const absl::StatusOr<ProgramResult> result = driver.Program(Request("edge", source));
        if (!result.ok()) {
          continue;
        }
        for (const auto& rule : source.Cached().rules) {
          if (!rule->removing || !result->removed.contains(rule->uid)) {
            continue;
          }
          if (store.SetFinalizer(*rule, FinalizerWish::kAbsent).ok()) {
            released.insert(rule->name.port().ToString());
          }
        }
      }
    };
    const auto user = [&] {
      for (int i = 0; i < 12; ++i) {
        const std::string name = "edge.tcp." + std::to_string(20000 + below(6));
        interleaver.Step();
        const auto found = cluster.rules.find(Named(name));
        if (found != cluster.rules.end()) {
          // A copy: others may remove the rule while this deletes it.
          const Rule rule = found->second;
          ASSERT_TRUE(store.Delete(rule).ok());
        } else {
          released.erase(Named(name).port().ToString());
          Rule rule = LiveRule(name, "web" + std::to_string(i));
          rule.uid += "-" + std::to_string(i);
          cluster.PutRule(rule);
        }
      }
    };
    interleaver.Run({replica, replica, user});
    check();
    if (HasFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace berth::ingress
