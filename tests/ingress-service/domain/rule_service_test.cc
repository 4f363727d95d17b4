#include "ingress-service/domain/rule_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingress-service/domain/shared_writer.h"
#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

using testing::ElementsAre;

// A driver that could do TCP without options and keeps port 20080 for itself.
class PlainDriver : public Driver {
 public:
  pool::Driver kind() const override { return pool::Driver::kConfigMap; }
  const Capabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<ProgramResult> Program(const ProgramRequest&) override { return ProgramResult{}; }
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift(const ProgramRequest&) override {
    return std::vector<ObjectDrift>();
  }
  absl::StatusOr<std::vector<ForeignEntry>> FindForeign(const ProgramRequest&) override {
    return std::vector<ForeignEntry>();
  }

 private:
  const Capabilities capabilities_{.options = {{pool::Protocol::kTcp, {}}},
                                   .reserved = {pool::Port::Of<20080>()}};
};

class RuleServiceTest : public testing::Test {
 protected:
  RuleServiceTest() {
    pools_.Add(PoolOver("edge"));
    drivers_.push_back(std::make_unique<PlainDriver>());
    Reserve("edge.tcp.20001");
  }

  void Reserve(const std::string& name) {
    cluster_.SetClaim(Named(name), {.uid = "claim", .pool_uid = "pool-uid"});
  }
  ClaimState StateOf(const std::string& name) { return cluster_.claims.at(Named(name)).state; }

  static WantedRule Wanted(const std::string& name = "edge.tcp.20001") {
    return {.name = Named(name),
            .claim_uid = "claim",
            .target = {.ns = "shop", .service = "web", .port = pool::Port::Of<80>()}};
  }
  static pool::ExposureRef Generation(std::int64_t generation) {
    return {.ns = "shop", .name = "web", .uid = "exposure", .generation = generation};
  }

  absl::StatusOr<Rule> Apply(const WantedRule& wanted) { return service_.Apply({wanted})[0]; }
  static Reason ReasonFor(const absl::StatusOr<Rule>& rule) { return ReasonOf(rule.status()); }

  // Runs `act` once, before the next access of this kind.
  void Before(const std::string& verb, std::function<void()> act) {
    act_ = std::move(act);
    cluster_.before = [this, verb](const std::string& now) {
      if (now == verb && act_) {
        std::exchange(act_, nullptr)();
      }
      return absl::OkStatus();
    };
  }

  FakeCluster cluster_;
  FakeRuleStore store_{cluster_};
  FakeClaims claims_{cluster_};
  FakePools pools_;
  Drivers drivers_;
  FakeRuleSource source_{cluster_};
  ConfirmedRules confirmed_{kube::RealClock()};
  RuleService service_{{.rules = store_,
                        .source = source_,
                        .claims = claims_,
                        .pools = pools_,
                        .drivers = drivers_,
                        .confirmed = confirmed_}};
  std::function<void()> act_;
};

TEST_F(RuleServiceTest, StoresARuleUnderABoundClaim) {
  const absl::StatusOr<Rule> rule = Apply(Wanted());
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_EQ(rule->spec.pool_uid, "pool-uid");
  EXPECT_TRUE(rule->HasFinalizer());
  EXPECT_EQ(StateOf("edge.tcp.20001"), ClaimState::kBound);
}

TEST_F(RuleServiceTest, BindsBeforeItStoresAndChecksTheClaimAfterwards) {
  std::vector<std::string> verbs;
  cluster_.before = [&](const std::string& verb) {
    verbs.push_back(verb);
    return absl::OkStatus();
  };
  const absl::StatusOr<Rule> rule = Apply(Wanted());
  ASSERT_TRUE(rule.ok());
  EXPECT_THAT(verbs, ElementsAre("BIND claim", "CREATE rule", "GET claim"));
  EXPECT_TRUE(confirmed_.Contains(rule->uid));
  verbs.clear();
  ASSERT_TRUE(Apply(Wanted()).ok());
  EXPECT_THAT(verbs, ElementsAre("GET rule", "GET claim", "BIND claim", "GET claim"))
      << "what is there already is read";
}

TEST_F(RuleServiceTest, MeetsARuleThatItsWatchDoesNotShow) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  cluster_.SetClaim(Named("edge.tcp.20001"), {.uid = "next", .pool_uid = "pool-uid"});
  source_.applied = 1;
  WantedRule wanted = Wanted();
  wanted.claim_uid = "next";
  EXPECT_EQ(ReasonFor(Apply(wanted)), Reason::ERROR_REASON_RULE_REMOVING);
}

TEST_F(RuleServiceTest, MayBeRepeated) {
  const absl::StatusOr<Rule> first = Apply(Wanted());
  const absl::StatusOr<Rule> second = Apply(Wanted());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->resource_version, second->resource_version);
}

TEST_F(RuleServiceTest, ReplacesTheTarget) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  WantedRule wanted = Wanted();
  wanted.target.service = "other";
  const absl::StatusOr<Rule> rule = Apply(wanted);
  ASSERT_TRUE(rule.ok());
  EXPECT_EQ(rule->spec.target.service, "other");
  EXPECT_EQ(rule->generation, 2);
}

TEST_F(RuleServiceTest, WorksInAscendingOrderAndAnswersInTheOrderOfTheRequest) {
  Reserve("edge.tcp.20002");
  std::vector<WantedRule> wanted = {Wanted("edge.tcp.20002"), Wanted("edge.tcp.20003"),
                                    Wanted("edge.tcp.20001")};
  const auto outcomes = service_.Apply(wanted);
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[0]->name, Named("edge.tcp.20002"));
  EXPECT_EQ(ReasonFor(outcomes[1]), Reason::ERROR_REASON_CLAIM_NOT_FOUND);
  EXPECT_EQ(outcomes[2]->name, Named("edge.tcp.20001"));
  EXPECT_LT(outcomes[2]->revision, outcomes[0]->revision);
}

TEST_F(RuleServiceTest, RefusesAClaimOfAnotherUid) {
  WantedRule wanted = Wanted();
  wanted.claim_uid = "earlier";
  EXPECT_EQ(ReasonFor(Apply(wanted)), Reason::ERROR_REASON_CLAIM_NOT_FOUND);
  EXPECT_EQ(StateOf("edge.tcp.20001"), ClaimState::kReserved);
}

TEST_F(RuleServiceTest, RefusesAClaimThatIsGivenBack) {
  cluster_.claims.at(Named("edge.tcp.20001")).state = ClaimState::kReleasing;
  EXPECT_EQ(ReasonFor(Apply(Wanted())), Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  EXPECT_TRUE(cluster_.rules.empty());
}

TEST_F(RuleServiceTest, DeletesTheRuleWhenTheClaimWasLostMeanwhile) {
  Before("CREATE rule",
         [&] { cluster_.claims.at(Named("edge.tcp.20001")).state = ClaimState::kReleasing; });
  const absl::StatusOr<Rule> rule = Apply(Wanted());
  EXPECT_TRUE(absl::IsAborted(rule.status()));
  EXPECT_EQ(ReasonFor(rule), Reason::ERROR_REASON_CLAIM_LOST);
  EXPECT_TRUE(cluster_.rules.at(Named("edge.tcp.20001")).removing);
}

TEST_F(RuleServiceTest, DeletesTheRuleWhenTheClaimIsAnotherOneMeanwhile) {
  Before("CREATE rule", [&] {
    cluster_.SetClaim(Named("edge.tcp.20001"), {.uid = "next", .state = ClaimState::kBound});
  });
  EXPECT_EQ(ReasonFor(Apply(Wanted())), Reason::ERROR_REASON_CLAIM_LOST);
}

TEST_F(RuleServiceTest, AnswersRuleRemovingWithARetryDelay) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  ASSERT_TRUE(store_.Delete(cluster_.rules.at(Named("edge.tcp.20001"))).ok());
  const absl::StatusOr<Rule> rule = Apply(Wanted());
  EXPECT_TRUE(absl::IsAborted(rule.status()));
  EXPECT_EQ(ReasonFor(rule), Reason::ERROR_REASON_RULE_REMOVING);
  EXPECT_TRUE(RetryAfterOf(rule.status()).has_value());
}

TEST_F(RuleServiceTest, ARuleOfAnEarlierClaimIsInTheWayUntilItIsGone) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  cluster_.SetClaim(Named("edge.tcp.20001"), {.uid = "next", .pool_uid = "pool-uid"});
  WantedRule wanted = Wanted();
  wanted.claim_uid = "next";
  EXPECT_EQ(ReasonFor(Apply(wanted)), Reason::ERROR_REASON_RULE_REMOVING);
  EXPECT_EQ(StateOf("edge.tcp.20001"), ClaimState::kReserved) << "nothing was bound for it";
}

TEST_F(RuleServiceTest, RefusesAnOlderGeneration) {
  WantedRule wanted = Wanted();
  wanted.exposure = Generation(3);
  ASSERT_TRUE(Apply(wanted).ok());
  wanted.exposure = Generation(2);
  wanted.target.service = "old";
  EXPECT_EQ(ReasonFor(Apply(wanted)), Reason::ERROR_REASON_STALE_GENERATION);
  EXPECT_EQ(cluster_.rules.at(wanted.name).spec.target.service, "web");
  wanted.exposure = Generation(4);
  EXPECT_TRUE(Apply(wanted).ok());
}

TEST_F(RuleServiceTest, RefusesWhatTheDriverCannotDoBeforeItBinds) {
  WantedRule wanted = Wanted();
  wanted.options.decode_proxy_protocol = true;
  EXPECT_EQ(ReasonFor(Apply(wanted)), Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  EXPECT_EQ(StateOf("edge.tcp.20001"), ClaimState::kReserved);
  EXPECT_EQ(ReasonFor(Apply(Wanted("edge.udp.20001"))), Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  EXPECT_EQ(ReasonFor(Apply(Wanted("edge.tcp.20080"))), Reason::ERROR_REASON_PORT_NOT_ALLOWED);
}

TEST_F(RuleServiceTest, RefusesPoolsOfDriversThatAreNotBuiltIn) {
  pool::PoolState state = PoolOver("edge");
  state.pool.driver = pool::Driver::kGatewayApi;
  pools_.Add(state);
  const absl::StatusOr<Rule> rule = Apply(Wanted());
  EXPECT_TRUE(absl::IsUnimplemented(rule.status()));
  EXPECT_EQ(ReasonFor(rule), Reason::ERROR_REASON_DRIVER_NOT_SUPPORTED);
}

TEST_F(RuleServiceTest, RefusesAnUnknownPool) {
  EXPECT_EQ(ReasonFor(Apply(Wanted("nowhere.tcp.20001"))), Reason::ERROR_REASON_POOL_NOT_FOUND);
}

TEST_F(RuleServiceTest, StartsOverWhenTheRuleChangesUnderIt) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  WantedRule wanted = Wanted();
  wanted.target.service = "other";
  Before("PATCH rule", [&] { cluster_.PutRule(cluster_.rules.at(wanted.name)); });
  EXPECT_TRUE(Apply(wanted).ok());
  EXPECT_EQ(cluster_.rules.at(wanted.name).spec.target.service, "other");
}

TEST_F(RuleServiceTest, TwoCallersOfOneClaimGetOneRule) {
  Before("CREATE rule",
         [&] { ASSERT_TRUE(store_.Create(Named("edge.tcp.20001"), SpecTo("web", "claim")).ok()); });
  EXPECT_TRUE(Apply(Wanted()).ok());
}

TEST_F(RuleServiceTest, CheckChangesNothing) {
  EXPECT_TRUE(service_.Check(Wanted()).ok());
  EXPECT_EQ(StateOf("edge.tcp.20001"), ClaimState::kReserved);
  EXPECT_TRUE(cluster_.rules.empty());
  EXPECT_EQ(ReasonOf(service_.Check(Wanted("edge.tcp.20002"))),
            Reason::ERROR_REASON_CLAIM_NOT_FOUND);
  cluster_.claims.at(Named("edge.tcp.20001")).state = ClaimState::kQuarantined;
  EXPECT_EQ(ReasonOf(service_.Check(Wanted())), Reason::ERROR_REASON_CLAIM_WRONG_STATE);
}

TEST_F(RuleServiceTest, DeleteGivesTheClaimBackThenDeletesTheRule) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  EXPECT_TRUE(service_.Delete(Named("edge.tcp.20001"), "claim").ok());
  EXPECT_EQ(StateOf("edge.tcp.20001"), ClaimState::kReleasing);
  EXPECT_TRUE(cluster_.rules.at(Named("edge.tcp.20001")).removing);
  EXPECT_TRUE(service_.Delete(Named("edge.tcp.20001"), "claim").ok()) << "may be repeated";
}

TEST_F(RuleServiceTest, DeleteWorksWithoutARule) {
  cluster_.claims.at(Named("edge.tcp.20001")).state = ClaimState::kBound;
  EXPECT_TRUE(service_.Delete(Named("edge.tcp.20001"), "claim").ok());
  EXPECT_EQ(StateOf("edge.tcp.20001"), ClaimState::kReleasing);
}

TEST_F(RuleServiceTest, DeleteWorksWithoutAClaim) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  cluster_.claims.clear();
  EXPECT_TRUE(service_.Delete(Named("edge.tcp.20001"), "claim").ok());
  EXPECT_TRUE(cluster_.rules.at(Named("edge.tcp.20001")).removing);
}

TEST_F(RuleServiceTest, DeleteOfNothingSaysSo) {
  EXPECT_EQ(ReasonOf(service_.Delete(Named("edge.tcp.20009"), "claim")),
            Reason::ERROR_REASON_CLAIM_NOT_FOUND);
}

TEST_F(RuleServiceTest, DeleteLeavesTheRuleOfAnotherClaim) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  EXPECT_EQ(ReasonOf(service_.Delete(Named("edge.tcp.20001"), "earlier")),
            Reason::ERROR_REASON_CLAIM_NOT_FOUND);
  EXPECT_FALSE(cluster_.rules.at(Named("edge.tcp.20001")).removing);
}

TEST_F(RuleServiceTest, DeleteKeepsTheRuleWhileTheClaimCannotBeGivenBack) {
  ASSERT_TRUE(Apply(Wanted()).ok());
  cluster_.before = [](const std::string& verb) -> absl::Status {
    if (verb == "UNBIND claim") {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
                   "down");
    }
    return absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsUnavailable(service_.Delete(Named("edge.tcp.20001"), "claim")));
  EXPECT_FALSE(cluster_.rules.at(Named("edge.tcp.20001")).removing);
}

}  // namespace
}  // namespace berth::ingress
