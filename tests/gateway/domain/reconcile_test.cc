#include "gateway/domain/reconcile.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "common/status/status.h"
#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::ClaimOf;
using testing::ExposureOf;
using testing::PortOf;
using testing::RuleFor;
using testing::ServiceOf;
using testing::SpecOf;
using testing::Wish;
using State = Claim::State;

constexpr Time kNow{std::chrono::seconds(1000)};

ReconcileFacts FactsOf(Exposure exposure) {
  return ReconcileFacts{
      .exposure = std::move(exposure),
      .services = {ServiceOf("web", {{"http", 80}, {"admin", 9000}})},
  };
}

/// Everything in place for one entry.
ReconcileFacts ReadyFacts() {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.held.claims = {ClaimOf("http", 20000, State::kBound)};
  facts.held.rules = {RuleFor(facts.held.claims[0])};
  facts.addresses = {*Address::ParseIp("10.0.0.1")};
  return facts;
}

template <typename Step>
Step Next(const ReconcileFacts& facts) {
  const ReconcileStep step = NextStep(facts);
  EXPECT_TRUE(std::holds_alternative<Step>(step)) << "got alternative " << step.index();
  return std::get<Step>(step);
}

Condition ConditionOf(const ReconcileFacts& facts, ConditionType type) {
  return StatusOf(facts, kNow).conditions[type];
}

TEST(ReconcileTest, PutsTheFinalizerOnBeforeItMakesAnything) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.exposure.has_finalizer = false;
  Next<AddFinalizer>(facts);
}

TEST(ReconcileTest, ClaimsAllMissingEntriesInOneCall) {
  ReconcileFacts facts =
      FactsOf(ExposureOf(SpecOf({Wish("a"), Wish("b", PortOf(9000)), Wish("c", PortOf(80))})));
  facts.held.claims = {ClaimOf("b", 20001, State::kBound)};
  facts.held.rules = {RuleFor(facts.held.claims[0], PortOf(9000))};
  const auto step = Next<ClaimPorts>(facts);
  ASSERT_EQ(step.entries.size(), 2u);
  EXPECT_EQ(step.entries[0].name.str(), "a");
  EXPECT_EQ(step.entries[1].name.str(), "c");
}

TEST(ReconcileTest, AClaimOnItsWayOutServesNobody) {
  for (const State state : {State::kReleasing, State::kQuarantined}) {
    ReconcileFacts facts = FactsOf(ExposureOf());
    facts.held.claims = {ClaimOf("http", 20000, state)};
    Next<ClaimPorts>(facts);
  }
}

TEST(ReconcileTest, AppliesARuleUnderEachClaim) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.held.claims = {ClaimOf("http", 20000, State::kReserved)};
  const auto step = Next<ApplyRules>(facts);
  ASSERT_EQ(step.rules.size(), 1u);
  EXPECT_EQ(step.rules[0].claim, "edge.tcp.20000");
  EXPECT_EQ(step.rules[0].target, (RuleTarget{"shop", "web", PortOf(80)}));
}

TEST(ReconcileTest, AppliesARuleAgainForANewGenerationOrTarget) {
  ReconcileFacts facts = ReadyFacts();
  Next<Settle>(facts);
  facts.exposure.generation = 2;
  Next<ApplyRules>(facts);
  facts = ReadyFacts();
  facts.held.rules[0].target.port = PortOf(81);
  Next<ApplyRules>(facts);
}

TEST(ReconcileTest, NeverAppliesARuleOfAnotherClaimsUid) {
  ReconcileFacts facts = ReadyFacts();
  facts.held.rules[0].claim_uid = "uid-of-the-claim-before";
  const auto step = Next<Remove>(facts);
  ASSERT_EQ(step.rules.size(), 1u);
  EXPECT_EQ(step.rules[0].uid, "uid-of-the-claim-before");
}

TEST(ReconcileTest, RemovesWhatTheSpecNoLongerAsksFor) {
  ReconcileFacts facts = ReadyFacts();
  facts.held.claims.push_back(ClaimOf("old", 20001, State::kBound));
  facts.held.claims.push_back(ClaimOf("old2", 20002, State::kReserved));
  facts.held.claims.push_back(ClaimOf("http", 20003, State::kReserved, "former"));
  const auto step = Next<Remove>(facts);
  ASSERT_EQ(step.rules.size(), 1u);
  EXPECT_EQ(step.rules[0].port, 20001);
  ASSERT_EQ(step.claims.size(), 2u);
  EXPECT_EQ(step.claims[0].port, 20002);
  EXPECT_EQ(step.claims[1].pool, "former");
}

TEST(ReconcileTest, ReplacesAClaimWhoseEntryAsksForAnotherPort) {
  ReconcileFacts facts = ReadyFacts();
  facts.exposure.spec = SpecOf({Wish("http", PortOf(80), PortOf(20005))});
  const auto step = Next<Remove>(facts);
  ASSERT_EQ(step.rules.size(), 1u);
  facts.asked_to_go.insert(step.rules[0].uid);
  EXPECT_EQ(Next<ClaimPorts>(facts).entries[0].port, PortOf(20005));
}

/// As ReadyFacts, but somebody else has the port on the load balancer.
ReconcileFacts RefusedFacts() {
  ReconcileFacts facts = ReadyFacts();
  facts.held.rules[0].programmed = {Truth::kFalse, "PortTaken", "somebody has it"};
  return facts;
}

TEST(ReconcileTest, TakesAnotherPortWhereSomebodyWasFaster) {
  ReconcileFacts facts = RefusedFacts();
  const auto step = Next<Remove>(facts);
  ASSERT_EQ(step.rules.size(), 1u);
  facts.asked_to_go.insert(step.rules[0].uid);
  const auto claim = Next<ClaimPorts>(facts);
  EXPECT_EQ(claim.entries[0].name.str(), "http");
  EXPECT_EQ(claim.avoid, std::vector<int>{20000});
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).status, Truth::kFalse);
}

TEST(ReconcileTest, KeepsThePortThatWasAskedForThoughSomebodyHasIt) {
  ReconcileFacts facts = RefusedFacts();
  facts.exposure.spec = SpecOf({Wish("http", PortOf(80), PortOf(20000))});
  Next<Settle>(facts);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).status, Truth::kTrue);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).reason, "PortTaken");
}

TEST(ReconcileTest, GivesUpWherePortAfterPortBelongsToSomebody) {
  ReconcileFacts facts = RefusedFacts();
  for (const int port : {20001, 20002, 20003}) {
    Next<Remove>(facts);
    facts.held.claims.push_back(ClaimOf("http", port, State::kQuarantined));
  }
  Next<Settle>(facts);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).reason, "PortTaken");
}

TEST(ReconcileTest, KeepsOneOfTwoClaimsForAnEntry) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.held.claims = {ClaimOf("http", 20000, State::kReserved),
                       ClaimOf("http", 20001, State::kBound)};
  const auto step = Next<Remove>(facts);
  EXPECT_TRUE(step.rules.empty());
  ASSERT_EQ(step.claims.size(), 1u);
  EXPECT_EQ(step.claims[0].port, 20000);
}

TEST(ReconcileTest, AMissingTargetMakesNothingAndRemovesNothing) {
  ReconcileFacts facts = ReadyFacts();
  facts.services.clear();
  Next<Settle>(facts);
  facts.held = {};
  Next<Settle>(facts);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).status, Truth::kTrue);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).reason, "TargetNotFound");
}

TEST(ReconcileTest, ATerminatingNamespaceGetsNothing) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.namespace_terminating = true;
  facts.exposure.has_finalizer = false;
  Next<Settle>(facts);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).reason, "TargetGone");
}

TEST(ReconcileTest, AStoredSpecThatCannotBeReadStalls) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.exposure.spec = InvalidField("spec.targetRef.name", "is no name");
  Next<Settle>(facts);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).reason, "InvalidField");
}

TEST(ReconcileTest, TakesBackWhatAFailedOperationLeft) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.exposure.created_by = "op-1";
  facts.creator_failed = true;
  Next<DeleteExposure>(facts);
}

TEST(ReconcileTest, NeverTakesBackWhatIsInUse) {
  ReconcileFacts facts = ReadyFacts();
  facts.exposure.created_by = "op-1";
  facts.creator_failed = true;
  facts.exposure.status.ready_since = kNow;
  Next<Settle>(facts);
  facts.exposure.status.ready_since.reset();
  facts.exposure.generation = 2;
  Next<ApplyRules>(facts);
  facts = ReadyFacts();
  facts.creator_failed = true;
  Next<Settle>(facts);
}

TEST(ReconcileTest, LetsGoOnlyAfterAConsistentReadFindsNothing) {
  ReconcileFacts facts = ReadyFacts();
  facts.exposure.being_deleted = true;
  const auto removal = Next<Remove>(facts);
  ASSERT_EQ(removal.rules.size(), 1u);
  facts.asked_to_go.insert(removal.rules[0].uid);
  Next<Settle>(facts);
  facts.held.claims[0].state = State::kReleasing;
  facts.held.rules[0].being_removed = true;
  Next<Settle>(facts);
  facts.held.rules.clear();
  Next<Settle>(facts);
  facts.held.claims[0].state = State::kQuarantined;
  Next<ReadConsistently>(facts);
  facts.held_is_consistent = true;
  Next<DropFinalizer>(facts);
}

TEST(ReconcileTest, GivesUnboundClaimsBackWhenRemoved) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.exposure.being_deleted = true;
  facts.held.claims = {ClaimOf("http", 20000, State::kReserved)};
  EXPECT_EQ(Next<Remove>(facts).claims.size(), 1u);
}

TEST(ReconcileTest, IsReadyOnceEveryRuleIsProgrammed) {
  const ExposureStatus status = StatusOf(ReadyFacts(), kNow);
  for (const ConditionType type :
       {ConditionType::kResolved, ConditionType::kClaimed, ConditionType::kAccepted,
        ConditionType::kProgrammed, ConditionType::kReady}) {
    EXPECT_EQ(status.conditions.at(type).status, Truth::kTrue);
  }
  EXPECT_EQ(status.conditions.at(ConditionType::kStalled).status, Truth::kFalse);
  EXPECT_EQ(status.ready_since, kNow);
  EXPECT_EQ(status.service, "web");
  ASSERT_EQ(status.ports.size(), 1u);
  EXPECT_EQ(status.ports[0].port, PortOf(20000));
}

TEST(ReconcileTest, KeepsTheMomentItFirstWasReady) {
  ReconcileFacts facts = ReadyFacts();
  facts.exposure.status.ready_since = Time{};
  EXPECT_EQ(StatusOf(facts, kNow).ready_since, Time{});
}

TEST(ReconcileTest, OneOfTwoPortsIsNotReady) {
  ReconcileFacts facts = ReadyFacts();
  facts.exposure.spec = SpecOf({Wish("http"), Wish("b", PortOf(9000))});
  facts.held.claims.push_back(ClaimOf("b", 20001, State::kBound));
  facts.held.rules.push_back(RuleFor(facts.held.claims[1], PortOf(9000)));
  facts.held.rules[1].programmed = {Truth::kFalse, "NoReadyEndpoints", "none"};
  EXPECT_EQ(ConditionOf(facts, ConditionType::kReady).status, Truth::kFalse);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kReady).reason, "NoReadyEndpoints");
  EXPECT_EQ(ConditionOf(facts, ConditionType::kReconciling).status, Truth::kTrue);
  EXPECT_FALSE(StatusOf(facts, kNow).ready_since.has_value());
}

TEST(ReconcileTest, ErrorsThatLastStallAndOthersDoNot) {
  ReconcileFacts facts = FactsOf(ExposureOf());
  facts.claim_error = Error(absl::StatusCode::kResourceExhausted,
                            Reason::ERROR_REASON_POOL_EXHAUSTED, "no port is free");
  Next<Settle>(facts);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).status, Truth::kTrue);
  facts.claim_error =
      Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_SERVICE_UNAVAILABLE, "gone");
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).status, Truth::kFalse);
  EXPECT_EQ(ConditionOf(facts, ConditionType::kClaimed).reason, "ServiceUnavailable");
}

TEST(ReconcileTest, ALoadBalancerThatHasNotSeenTheTargetYetDoesNotStall) {
  ReconcileFacts facts = ReadyFacts();
  facts.held.rules[0].programmed = {Truth::kFalse, "TargetNotFound", "no Service web"};
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).status, Truth::kFalse);
  facts.held.rules[0].programmed = {Truth::kFalse, "NodePortsExhausted", ""};
  EXPECT_EQ(ConditionOf(facts, ConditionType::kStalled).status, Truth::kTrue);
}

}  // namespace
}  // namespace berth::gateway
