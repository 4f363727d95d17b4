#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "ingress-service/adapters/configmap_driver.h"
#include "ingress-service/domain/adopter.h"
#include "ingress-service/domain/pool_inspector.h"
#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const pool::ClaimName kRule = *pool::ClaimName::Parse("edge.tcp.20001");
const PortKey kKey{pool::Protocol::kTcp, pool::Port::Of<20001>()};

// A load balancer that served 20001 before Berth came, as the controller's chart writes it.
class AdoptionTest : public testing::Test {
 protected:
  AdoptionTest() {
    pools_.Add(PoolOver("edge"));
    SetEntry("shop/web:http:PROXY");
    cluster_.PutObject(kLoadBalancer, {{"spec",
                                        {{"ports",
                                          {{{"name", "https"}, {"port", 443}, {"protocol", "TCP"}},
                                           {{"name", "20001-tcp"},
                                            {"port", 20001},
                                            {"protocol", "TCP"},
                                            {"targetPort", "20001-tcp"},
                                            {"nodePort", 31234}}}}}}});
    drivers_.push_back(std::make_unique<ConfigMapDriver>(objects_, source_, targets_));
    targets_.named.emplace("http", pool::Port::Of<8080>());
  }

  std::vector<Adoption> Adopt(std::vector<PortKey> keys, bool validate_only = false) {
    const auto adoptions = adopter_.Adopt({.pool = PoolNamed("edge"),
                                           .keys = std::move(keys),
                                           .owner = "ops",
                                           .validate_only = validate_only});
    EXPECT_TRUE(adoptions.ok()) << adoptions.status();
    return adoptions.value_or(std::vector<Adoption>());
  }

  // What the loop does: accept, then write.
  ProgramResult Pass() {
    for (const auto& rule : source_.Cached().rules) {
      Rule accepted = *rule;
      if (!accepted.IsLive()) {
        accepted.status.conditions.push_back(
            {.type = std::string(kAccepted), .status = kube::ConditionStatus::kTrue});
        cluster_.PutRule(accepted);
      }
    }
    const auto result =
        drivers_[0]->Program(RequestFor(PoolNamed("edge"), pools_, source_.Cached()));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(ProgramResult());
  }

  // What somebody does with kubectl; such a ConfigMap lists nothing as Berth's.
  void SetEntry(const std::string& value) {
    cluster_.PutObject(kTcpEntries, {{"data", {{"20001", value}, {"notes", "not a port"}}}});
  }

  std::string Entry() { return cluster_.objects.at(kTcpEntries)["data"]["20001"]; }
  Json ServicePort() { return cluster_.objects.at(kLoadBalancer)["spec"]["ports"][1]; }

  FakeCluster cluster_;
  FakeRuleSource source_{cluster_};
  FakeObjects objects_{cluster_};
  FakeRuleStore rules_{cluster_};
  FakeClaims claims_{cluster_};
  FakeTargets targets_;
  FakePools pools_;
  Drivers drivers_;
  ConfirmedRules confirmed_{kube::RealClock()};
  RuleService service_{{.rules = rules_,
                        .source = source_,
                        .claims = claims_,
                        .pools = pools_,
                        .drivers = drivers_,
                        .confirmed = confirmed_}};
  PoolInspector inspector_{pools_, source_, drivers_};
  Adopter adopter_{inspector_, rules_, claims_, service_};
};

TEST_F(AdoptionTest, MakesAnEntryIntoARuleThatSaysTheSame) {
  const std::vector<Adoption> adoptions = Adopt({});
  ASSERT_THAT(adoptions, SizeIs(1));
  ASSERT_TRUE(adoptions[0].status.ok()) << adoptions[0].status;
  EXPECT_EQ(adoptions[0].rule->spec.target.ToString(), "shop/web:http");
  EXPECT_TRUE(adoptions[0].rule->spec.options.decode_proxy_protocol);
  EXPECT_EQ(Entry(), "shop/web:http:PROXY") << "in place until the loop puts it right";

  const ProgramResult result = Pass();
  EXPECT_TRUE(result.live.at("edge.tcp.20001").status.ok())
      << result.live.at("edge.tcp.20001").status;
  EXPECT_EQ(Entry(), "shop/web:8080:PROXY");
  EXPECT_EQ(ServicePort()["targetPort"], 20001);
  EXPECT_EQ(ServicePort()["nodePort"], 31234);
}

TEST_F(AdoptionTest, OnlyTellsWhenToldTo) {
  const std::uint64_t revision = cluster_.revision();
  const std::vector<Adoption> adoptions = Adopt({}, /*validate_only=*/true);
  ASSERT_THAT(adoptions, SizeIs(1));
  EXPECT_TRUE(adoptions[0].status.ok());
  EXPECT_EQ(adoptions[0].entry->target.ToString(), "shop/web:http");
  EXPECT_FALSE(adoptions[0].rule);
  EXPECT_EQ(cluster_.revision(), revision);
}

TEST_F(AdoptionTest, AnAdoptedEntryGoesWithItsRule) {
  Adopt({kKey});
  Pass();
  Rule rule = cluster_.rules.at(kRule);
  rule.removing = true;
  cluster_.PutRule(rule);
  EXPECT_THAT(Pass().removed, SizeIs(1));
  EXPECT_FALSE(cluster_.objects.at(kTcpEntries)["data"].contains("20001"));
  EXPECT_TRUE(cluster_.objects.at(kTcpEntries)["data"].contains("notes"));
}

TEST_F(AdoptionTest, GoesOnWhereItWasCutOffAfterAnyWrite) {
  for (int writes = 0; writes < 4; ++writes) {
    cluster_.claims.clear();
    cluster_.RemoveRule(kRule);
    SetEntry("shop/web:http:PROXY");
    int left = writes;
    cluster_.before = [&left](const std::string& verb) -> absl::Status {
      const bool is_read = verb.starts_with("GET") || verb.starts_with("LIST");
      return is_read || left-- > 0 ? absl::OkStatus() : absl::UnavailableError("cut off");
    };
    EXPECT_FALSE(Adopt({kKey})[0].status.ok()) << "after " << writes;
    cluster_.before = [](const auto&) { return absl::OkStatus(); };
    Pass();
    EXPECT_EQ(Entry(), "shop/web:http:PROXY") << "others' until it is recorded, after " << writes;
    const std::vector<Adoption> again = Adopt({kKey});
    EXPECT_TRUE(again[0].status.ok()) << again[0].status << " after " << writes;
  }
}

TEST_F(AdoptionTest, AnEntryChangedMeanwhileStaysOthers) {
  Adopt({kKey});
  SetEntry("shop/changed:80");
  EXPECT_EQ(ReasonOf(Pass().live.at("edge.tcp.20001").status), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_EQ(Entry(), "shop/changed:80");
}

TEST_F(AdoptionTest, RepeatingItAnswersTheRule) {
  Adopt({kKey});
  Pass();
  const std::vector<Adoption> again = Adopt({kKey});
  EXPECT_TRUE(again[0].status.ok()) << again[0].status;
  EXPECT_TRUE(again[0].rule);
  EXPECT_THAT(Adopt({}), IsEmpty());
}

TEST_F(AdoptionTest, RefusesWhatIsNoEntry) {
  const PortKey service_only{pool::Protocol::kTcp, pool::Port::Of<443>()};
  const PortKey nothing{pool::Protocol::kUdp, pool::Port::Of<20001>()};
  for (const Adoption& adoption : Adopt({service_only, nothing})) {
    EXPECT_EQ(ReasonOf(adoption.status), Reason::ERROR_REASON_ENTRY_NOT_FOUND);
  }
}

TEST_F(AdoptionTest, TellsOfAPortThatIsClaimed) {
  cluster_.SetClaim(kRule, {.uid = "other", .pool_uid = "pool-uid"});
  EXPECT_EQ(ReasonOf(Adopt({kKey})[0].status), Reason::ERROR_REASON_PORT_TAKEN);
}

}  // namespace
}  // namespace berth::ingress
