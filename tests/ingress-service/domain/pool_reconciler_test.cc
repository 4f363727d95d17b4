#include "ingress-service/domain/pool_reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

// Says of every live rule that it is written, and of every removed one that it is gone.
class RecordingDriver : public Driver {
 public:
  pool::Driver kind() const override { return pool::Driver::kConfigMap; }
  const Capabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<ProgramResult> Program(const ProgramRequest& request) override {
    ++passes;
    if (!error.ok()) {
      return error;
    }
    ProgramResult result;
    for (const auto& rule : request.rules.rules) {
      if (rule->IsLive()) {
        result.live[rule->name.ToString()] = {.evidence = evidence_,
                                              .written = {{"ConfigMap/lb/tcp", "entry"}}};
      } else if (rule->removing && !stuck) {
        result.removed.insert(rule->uid);
      }
    }
    last = result;
    return result;
  }
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift(const ProgramRequest&) override {
    return std::vector<ObjectDrift>();
  }
  absl::StatusOr<std::vector<ForeignEntry>> FindForeign(const ProgramRequest&) override {
    return std::vector<ForeignEntry>();
  }

  int passes = 0;
  absl::Status error;
  bool stuck = false;
  ProgramResult last;

  void SeesForItself(std::string evidence) {
    capabilities_.needs_probe = false;
    evidence_ = std::move(evidence);
  }

 private:
  Capabilities capabilities_{.options = {{pool::Protocol::kTcp, {RuleOption::kDecodeProxyProtocol}},
                                         {pool::Protocol::kUdp, {}}},
                             .needs_probe = true};
  std::string evidence_ = "status";
};

class PoolReconcilerTest : public testing::Test {
 protected:
  PoolReconcilerTest() {
    pools_.Add(PoolOver("edge"));
    auto driver = std::make_unique<RecordingDriver>();
    driver_ = driver.get();
    drivers_.push_back(std::move(driver));
  }

  // A rule as ApplyRules leaves it, under a bound claim.
  void Store(const std::string& name) {
    cluster_.SetClaim(
        Named(name), {.uid = "claim-" + name, .pool_uid = "pool-uid", .state = ClaimState::kBound});
    Rule rule = LiveRule(name);
    rule.status = {};
    cluster_.PutRule(rule);
  }
  const Rule& Stored(const std::string& name) { return cluster_.rules.at(Named(name)); }
  bool Exists(const std::string& name) { return cluster_.rules.contains(Named(name)); }
  Claim& ClaimOf(const std::string& name) { return cluster_.claims.at(Named(name)); }

  absl::Status Pass() { return reconciler_.Reconcile(PoolNamed("edge")).status(); }
  void Settle() {
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(Pass().ok());
    }
  }

  FakeCluster cluster_;
  FakeRuleSource source_{cluster_};
  FakeRuleStore store_{cluster_};
  FakeClaims claims_{cluster_};
  FakePools pools_;
  FakeTargets targets_;
  FakeProber prober_;
  FakeClock clock_;
  ConfirmedRules confirmed_{clock_};
  bool woken_ = false;
  Drivers drivers_;
  RecordingDriver* driver_ = nullptr;
  PoolReconciler reconciler_{{.source = source_,
                              .rules = store_,
                              .claims = claims_,
                              .pools = pools_,
                              .targets = targets_,
                              .prober = prober_,
                              .drivers = drivers_,
                              .clock = clock_,
                              .confirmed = confirmed_},
                             {.now = [] { return kube::Time(seconds(1'000'000)); },
                              .is_woken = [this](const auto&) { return woken_; }}};
};

TEST_F(PoolReconcilerTest, AcceptsAndProgramsThenProves) {
  Store("edge.tcp.20001");
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").status.IsTrue(kAccepted));
  EXPECT_THAT(driver_->last.live, SizeIs(1));
  EXPECT_FALSE(Stored("edge.tcp.20001").status.IsTrue(kProgrammed));
  ASSERT_THAT(prober_.watched.at("edge"), SizeIs(1));
  EXPECT_EQ(prober_.watched.at("edge")[0].host, "10.0.0.1");

  prober_.result = ProbeResult{.kind = ProbeResult::Kind::kServing};
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").status.IsTrue(kProgrammed));
}

TEST_F(PoolReconcilerTest, QuietPassWritesNoStatus) {
  Store("edge.tcp.20001");
  prober_.result = ProbeResult{.kind = ProbeResult::Kind::kServing};
  Settle();
  const std::uint64_t revision = cluster_.revision();
  ASSERT_TRUE(Pass().ok());
  EXPECT_EQ(cluster_.revision(), revision);
}

TEST_F(PoolReconcilerTest, ProgramsUdpByStatusAlone) {
  Store("edge.udp.20001");
  Settle();
  EXPECT_EQ(Stored("edge.udp.20001").status.evidence, "status");
  EXPECT_THAT(prober_.watched.at("edge"), IsEmpty());
}

TEST_F(PoolReconcilerTest, BelievesADriverThatSeesForItself) {
  driver_->SeesForItself("listener");
  Store("edge.tcp.20001");
  Settle();
  EXPECT_TRUE(Stored("edge.tcp.20001").status.IsTrue(kProgrammed));
  EXPECT_EQ(Stored("edge.tcp.20001").status.evidence, "listener");
  EXPECT_THAT(prober_.watched.at("edge"), IsEmpty());
}

TEST_F(PoolReconcilerTest, SendsTheProxyHeaderWhereItIsExpected) {
  Store("edge.tcp.20001");
  Rule rule = Stored("edge.tcp.20001");
  rule.spec.options.decode_proxy_protocol = true;
  cluster_.PutRule(rule);
  Settle();
  EXPECT_TRUE(prober_.watched.at("edge").at(0).send_proxy_header);
}

TEST_F(PoolReconcilerTest, ProgramsNothingUnderAnUnboundClaim) {
  Store("edge.tcp.20001");
  ClaimOf("edge.tcp.20001").state = ClaimState::kReserved;
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").removing);
  EXPECT_THAT(driver_->last.live, IsEmpty());
}

TEST_F(PoolReconcilerTest, DeletesRulesWhoseClaimIsReleased) {
  Store("edge.tcp.20001");
  Settle();
  ClaimOf("edge.tcp.20001").state = ClaimState::kReleasing;
  Settle();
  EXPECT_FALSE(Exists("edge.tcp.20001"));
}

TEST_F(PoolReconcilerTest, DeletesRulesWhoseClaimIsAnotherOneAtOnce) {
  Store("edge.tcp.20001");
  Settle();
  ClaimOf("edge.tcp.20001").uid = "next";
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").removing);
  Settle();
  EXPECT_FALSE(Exists("edge.tcp.20001"));
  EXPECT_EQ(ClaimOf("edge.tcp.20001").state, ClaimState::kBound) << "not this rule's claim";
}

TEST_F(PoolReconcilerTest, DeletesARuleWhoseClaimIsGoneOnlyAtTheSecondSighting) {
  Store("edge.tcp.20001");
  Settle();
  cluster_.claims.clear();
  ASSERT_TRUE(Pass().ok());
  clock_.now += seconds(29);
  ASSERT_TRUE(Pass().ok());
  EXPECT_FALSE(Stored("edge.tcp.20001").removing);
  clock_.now += seconds(1);
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").removing);
}

TEST_F(PoolReconcilerTest, ForgetsAnAbsenceThatPassed) {
  Store("edge.tcp.20001");
  Settle();
  const auto claims = std::exchange(cluster_.claims, {});
  ASSERT_TRUE(Pass().ok());
  cluster_.claims = claims;
  ASSERT_TRUE(Pass().ok());
  cluster_.claims.clear();
  clock_.now += seconds(60);
  ASSERT_TRUE(Pass().ok());
  EXPECT_FALSE(Stored("edge.tcp.20001").removing);
}

TEST_F(PoolReconcilerTest, StopsWhenTooManyClaimsAreGoneUntilApproved) {
  for (int port = 20001; port <= 20020; ++port) {
    Store("edge.tcp." + std::to_string(port));
  }
  Settle();
  for (int port = 20001; port <= 20006; ++port) {
    cluster_.claims.erase(Named("edge.tcp." + std::to_string(port)));
  }
  ASSERT_TRUE(Pass().ok());
  clock_.now += seconds(30);
  const absl::Status alarm = Pass();
  EXPECT_EQ(ReasonOf(alarm), Reason::ERROR_REASON_CLAIM_LOST) << alarm;
  EXPECT_FALSE(Stored("edge.tcp.20001").removing);

  pools_.approved = 5;
  EXPECT_FALSE(Pass().ok()) << "another number was approved";
  pools_.approved = 6;
  EXPECT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").removing);
  EXPECT_FALSE(Stored("edge.tcp.20007").removing);
}

TEST_F(PoolReconcilerTest, GivesTheClaimBackWhenARuleIsDeletedByHand) {
  Store("edge.tcp.20001");
  Settle();
  ASSERT_TRUE(store_.Delete(Stored("edge.tcp.20001")).ok());
  ASSERT_TRUE(Pass().ok());
  EXPECT_EQ(ClaimOf("edge.tcp.20001").state, ClaimState::kReleasing);
  EXPECT_FALSE(Exists("edge.tcp.20001"));
}

TEST_F(PoolReconcilerTest, HoldsARuleUntilItsEntriesAreGone) {
  Store("edge.tcp.20001");
  Settle();
  driver_->stuck = true;
  ASSERT_TRUE(store_.Delete(Stored("edge.tcp.20001")).ok());
  Settle();
  EXPECT_TRUE(Exists("edge.tcp.20001"));
  driver_->stuck = false;
  Settle();
  EXPECT_FALSE(Exists("edge.tcp.20001"));
}

TEST_F(PoolReconcilerTest, HoldsARuleUntilItsClaimIsGivenBack) {
  Store("edge.tcp.20001");
  Settle();
  ASSERT_TRUE(store_.Delete(Stored("edge.tcp.20001")).ok());
  cluster_.before = [](const std::string& verb) -> absl::Status {
    if (verb == "UNBIND claim") {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_SERVICE_UNAVAILABLE,
                   "down");
    }
    return absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsUnavailable(Pass()));
  EXPECT_TRUE(Exists("edge.tcp.20001"));
  EXPECT_THAT(driver_->last.removed, SizeIs(1)) << "the entries go all the same";
}

TEST_F(PoolReconcilerTest, GivesRulesMadeByHandTheirFinalizerFirst) {
  Store("edge.tcp.20001");
  Rule rule = Stored("edge.tcp.20001");
  rule.finalizers.clear();
  cluster_.PutRule(rule);
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").HasFinalizer());
  EXPECT_EQ(driver_->passes, 0);
  Settle();
  EXPECT_THAT(driver_->last.live, SizeIs(1));
}

TEST_F(PoolReconcilerTest, RefusesOptionsThatTheDriverCannotHonour) {
  Store("edge.udp.20001");
  Rule rule = Stored("edge.udp.20001");
  rule.spec.options.decode_proxy_protocol = true;
  cluster_.PutRule(rule);
  Settle();
  EXPECT_EQ(Stored("edge.udp.20001").status.Find(kAccepted)->reason, "OptionNotSupported");
  EXPECT_THAT(driver_->last.live, IsEmpty());
}

TEST_F(PoolReconcilerTest, SaysThatThePoolIsMissingOrAnotherOne) {
  Store("edge.tcp.20001");
  pools_.states.clear();
  Settle();
  EXPECT_EQ(Stored("edge.tcp.20001").status.Find(kAccepted)->reason, "PoolNotFound");
  pools_.Add(PoolOver("edge", "made-anew"));
  Settle();
  EXPECT_EQ(Stored("edge.tcp.20001").status.Find(kAccepted)->reason, "PoolNotFound");
}

TEST_F(PoolReconcilerTest, LetsRulesOfAMissingPoolGo) {
  Store("edge.tcp.20001");
  Settle();
  pools_.states.clear();
  ASSERT_TRUE(store_.Delete(Stored("edge.tcp.20001")).ok());
  Settle();
  EXPECT_FALSE(Exists("edge.tcp.20001"));
}

TEST_F(PoolReconcilerTest, RefusesDriversThatAreNotBuiltIn) {
  pool::PoolState state = PoolOver("edge");
  state.pool.driver = pool::Driver::kHelmValues;
  pools_.Add(state);
  Store("edge.tcp.20001");
  Settle();
  EXPECT_EQ(Stored("edge.tcp.20001").status.Find(kAccepted)->reason, "DriverNotSupported");
  ASSERT_TRUE(store_.Delete(Stored("edge.tcp.20001")).ok());
  Settle();
  EXPECT_FALSE(Exists("edge.tcp.20001")) << "it was never written";
}

TEST_F(PoolReconcilerTest, OneClaimThatCannotBeReadHoldsUpNoOther) {
  Store("edge.tcp.20001");
  Store("edge.tcp.20002");
  int reads = 0;
  cluster_.before = [&](const std::string& verb) -> absl::Status {
    if (verb == "GET claim" && ++reads == 1) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
                   "down");
    }
    return absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsUnavailable(Pass()));
  EXPECT_FALSE(Stored("edge.tcp.20001").status.IsTrue(kAccepted));
  EXPECT_TRUE(Stored("edge.tcp.20002").status.IsTrue(kAccepted));
}

TEST_F(PoolReconcilerTest, KeepsStatusesWhenTheDriverFails) {
  Store("edge.tcp.20001");
  prober_.result = ProbeResult{.kind = ProbeResult::Kind::kServing};
  Settle();
  driver_->error =
      Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE, "down");
  EXPECT_FALSE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").status.IsTrue(kProgrammed));
}

TEST_F(PoolReconcilerTest, KeepsStatusesUntilTheLoadBalancerIsKnown) {
  Store("edge.tcp.20001");
  prober_.result = ProbeResult{.kind = ProbeResult::Kind::kServing};
  Settle();
  pool::PoolState unknown = PoolOver("edge");
  unknown.load_balancers[0].addresses.clear();
  unknown.known = false;
  pools_.Add(unknown);
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20001").status.IsTrue(kProgrammed));
  unknown.known = true;
  pools_.Add(unknown);
  ASSERT_TRUE(Pass().ok());
  EXPECT_FALSE(Stored("edge.tcp.20001").status.IsTrue(kProgrammed)) << "it has no address any more";
}

TEST_F(PoolReconcilerTest, BelievesWhatThisReplicaConfirmedThoughTheWatchLags) {
  Store("edge.tcp.20001");
  confirmed_.Add("uid-edge.tcp.20001");
  Rule rule = Stored("edge.tcp.20001");
  rule.confirmed = true;  // as the source says
  cluster_.PutRule(rule);
  ClaimOf("edge.tcp.20001").state = ClaimState::kReserved;
  cluster_.before = [](const std::string& verb) -> absl::Status {
    EXPECT_NE(verb, "GET claim");
    return absl::OkStatus();
  };
  ASSERT_TRUE(Pass().ok());
  EXPECT_THAT(driver_->last.live, SizeIs(1));
}

TEST_F(PoolReconcilerTest, ProgramsNoConfirmedRuleThatIsRefused) {
  Store("edge.udp.20001");
  Rule rule = Stored("edge.udp.20001");
  rule.spec.options.decode_proxy_protocol = true;
  rule.confirmed = true;
  cluster_.PutRule(rule);
  ASSERT_TRUE(Pass().ok());
  EXPECT_EQ(Stored("edge.udp.20001").status.Find(kAccepted)->reason, "OptionNotSupported");
  ASSERT_TRUE(Pass().ok());
  EXPECT_THAT(driver_->last.live, IsEmpty());
}

TEST_F(PoolReconcilerTest, RepeatsNoStatusThatTheWatchDoesNotShowYet) {
  Store("edge.tcp.20001");
  source_.applied = cluster_.revision();
  ASSERT_TRUE(Pass().ok());
  const std::uint64_t revision = cluster_.revision();
  int writes = 0;
  cluster_.before = [&](const std::string& verb) {
    writes += verb == "PATCH status" ? 1 : 0;
    return absl::OkStatus();
  };
  const auto again = reconciler_.Reconcile(PoolNamed("edge"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(writes, 0);
  EXPECT_LE(again->again, seconds(1)) << "it is looked at again soon";
  source_.applied.reset();
  ASSERT_TRUE(Pass().ok());
  EXPECT_EQ(cluster_.revision(), revision);
}

TEST_F(PoolReconcilerTest, PutsOffMostStatusesWhileMoreRulesWait) {
  for (int port = 20001; port <= 20100; ++port) {
    Store("edge.tcp." + std::to_string(port));
  }
  woken_ = true;
  const auto first = reconciler_.Reconcile(PoolNamed("edge"));
  ASSERT_TRUE(first.ok());
  EXPECT_GE(first->gather, std::chrono::milliseconds(100));
  EXPECT_THAT(driver_->last.live, SizeIs(100));
  EXPECT_TRUE(Stored("edge.tcp.20001").status.IsTrue(kAccepted));
  EXPECT_FALSE(Stored("edge.tcp.20100").status.IsTrue(kAccepted));
  woken_ = false;
  ASSERT_TRUE(Pass().ok());
  EXPECT_TRUE(Stored("edge.tcp.20100").status.IsTrue(kAccepted));
  EXPECT_EQ(reconciler_.Reconcile(PoolNamed("edge"))->gather, std::chrono::milliseconds(0));
}

TEST_F(PoolReconcilerTest, DoesNothingBeforeTheRulesAreKnown) {
  source_.applied = 0;
  EXPECT_EQ(ReasonOf(Pass()), Reason::ERROR_REASON_NOT_READY);
  EXPECT_EQ(driver_->passes, 0);
}

}  // namespace
}  // namespace berth::ingress
