#include "ingress-service/domain/rule_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

const kube::Time kNow{std::chrono::seconds(1'000'000)};
const kube::Time kLater{std::chrono::seconds(2'000'000)};

Rule FreshRule() {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.status = {};
  return rule;
}

Sighting Written() {
  return {.progress = RuleProgress{.written = {{"ConfigMap/lb/tcp", "shop/web:80"}}},
          .needs_probe = true};
}

Rule After(Rule rule, const Sighting& sighting, kube::Time now = kNow) {
  rule.status = NextStatus(rule, sighting, now);
  return rule;
}

absl::Status TargetMissing() {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND, "no Service");
}

TEST(RuleStatusTest, WaitsForAConnectionBeforeItSaysProgrammed) {
  const Rule rule = After(FreshRule(), Written());
  EXPECT_TRUE(rule.status.IsTrue(kAccepted));
  EXPECT_TRUE(rule.status.IsTrue(kResolvedRefs));
  EXPECT_FALSE(rule.status.IsTrue(kProgrammed));
  EXPECT_EQ(rule.status.Find(kProgrammed)->reason, "NotProgrammed");
  EXPECT_EQ(StandingOf(rule).state, RuleState::kPending);
}

TEST(RuleStatusTest, ServingConnectionIsEvidence) {
  Sighting sighting = Written();
  sighting.probe = {.kind = ProbeResult::Kind::kServing};
  const Rule rule = After(FreshRule(), sighting);
  EXPECT_TRUE(rule.status.IsTrue(kProgrammed));
  EXPECT_EQ(rule.status.evidence, "tcp-connect");
  EXPECT_EQ(rule.status.programmed_time, kNow);
  EXPECT_EQ(rule.status.written, sighting.progress->written);
  EXPECT_EQ(StandingOf(rule).state, RuleState::kProgrammed);
}

TEST(RuleStatusTest, ConnectionThatIsClosedMeansNoReadyEndpoints) {
  Sighting sighting = Written();
  sighting.probe = {.kind = ProbeResult::Kind::kClosed};
  const Rule rule = After(FreshRule(), sighting);
  EXPECT_EQ(rule.status.Find(kProgrammed)->reason, "NoReadyEndpoints");
  const Standing standing = StandingOf(rule);
  EXPECT_EQ(standing.state, RuleState::kDegraded);
  EXPECT_EQ(standing.reason, Reason::ERROR_REASON_NO_READY_ENDPOINTS);
}

TEST(RuleStatusTest, TellsAMissingTargetFromAMissingBackend) {
  for (const auto kind : {ProbeResult::Kind::kClosed, ProbeResult::Kind::kUnreachable}) {
    Sighting sighting = Written();
    sighting.resolved = TargetMissing();
    sighting.probe = {.kind = kind};
    const Rule rule = After(FreshRule(), sighting);
    EXPECT_EQ(rule.status.Find(kResolvedRefs)->reason, "TargetNotFound");
    EXPECT_EQ(rule.status.Find(kProgrammed)->reason, "TargetNotFound");
    EXPECT_EQ(StandingOf(rule).reason, Reason::ERROR_REASON_TARGET_NOT_FOUND);
  }
}

TEST(RuleStatusTest, UnreachableWithoutEndpointsIsNoReadyEndpoints) {
  Sighting sighting = Written();
  sighting.endpoints =
      Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NO_READY_ENDPOINTS, "no endpoint");
  sighting.probe = {.kind = ProbeResult::Kind::kUnreachable, .detail = "refused"};
  const Rule rule = After(FreshRule(), sighting);
  EXPECT_EQ(StandingOf(rule).state, RuleState::kDegraded);
  EXPECT_EQ(StandingOf(rule).reason, Reason::ERROR_REASON_NO_READY_ENDPOINTS);
  sighting.probe = {.kind = ProbeResult::Kind::kServing};
  EXPECT_TRUE(After(rule, sighting).status.IsTrue(kProgrammed)) << "what is seen counts";
}

TEST(RuleStatusTest, UnreachableIsPendingAtFirstAndDegradedOnceItWasProgrammed) {
  Sighting unreachable = Written();
  unreachable.probe = {.kind = ProbeResult::Kind::kUnreachable, .detail = "refused"};
  EXPECT_EQ(StandingOf(After(FreshRule(), unreachable)).state, RuleState::kPending);

  Sighting serving = Written();
  serving.probe = {.kind = ProbeResult::Kind::kServing};
  EXPECT_EQ(StandingOf(After(After(FreshRule(), serving), unreachable)).state,
            RuleState::kDegraded);
}

TEST(RuleStatusTest, KeepsWhatAnotherReplicaProvedUntilItKnowsMore) {
  Sighting serving = Written();
  serving.probe = {.kind = ProbeResult::Kind::kServing};
  const Rule proved = After(FreshRule(), serving);
  EXPECT_EQ(NextStatus(proved, Written(), kLater), proved.status);
  EXPECT_EQ(NextStatus(proved, Sighting{}, kLater), proved.status);
}

TEST(RuleStatusTest, ForgetsTheProofWhenTheEntryChanged) {
  Sighting serving = Written();
  serving.probe = {.kind = ProbeResult::Kind::kServing};
  const Rule proved = After(FreshRule(), serving);
  Sighting changed = Written();
  changed.progress->written["ConfigMap/lb/tcp"] = "shop/new:80";
  const Rule rule = After(proved, changed, kLater);
  EXPECT_FALSE(rule.status.IsTrue(kProgrammed));
  EXPECT_EQ(rule.status.evidence, "");
}

TEST(RuleStatusTest, ForgetsTheProofWhenTheSpecChanged) {
  Sighting serving = Written();
  serving.probe = {.kind = ProbeResult::Kind::kServing};
  Rule rule = After(FreshRule(), serving);
  rule.generation = 2;
  EXPECT_EQ(StandingOf(rule).state, RuleState::kPending);
  EXPECT_FALSE(After(rule, Written()).status.IsTrue(kProgrammed));
}

TEST(RuleStatusTest, EntriesAreAllTheEvidenceWithoutAProbe) {
  Sighting sighting = Written();
  sighting.needs_probe = false;
  const Rule rule = After(FreshRule(), sighting);
  EXPECT_TRUE(rule.status.IsTrue(kProgrammed));
  EXPECT_EQ(rule.status.evidence, "status");
}

TEST(RuleStatusTest, ALoadBalancerWithoutAddressServesNothing) {
  Sighting sighting = Written();
  sighting.load_balancer =
      Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_POOL_NOT_READY, "no address");
  const Rule rule = After(FreshRule(), sighting);
  EXPECT_EQ(rule.status.Find(kProgrammed)->reason, "NotProgrammed");
  EXPECT_EQ(rule.status.Find(kProgrammed)->message, "no address");
}

TEST(RuleStatusTest, SaysWhyTheDriverDidNotWriteIt) {
  const Sighting sighting{
      .progress = RuleProgress{.status = Error(absl::StatusCode::kAlreadyExists,
                                               Reason::ERROR_REASON_PORT_TAKEN, "theirs")}};
  const Rule rule = After(FreshRule(), sighting);
  EXPECT_EQ(StandingOf(rule).reason, Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_TRUE(rule.status.IsTrue(kAccepted)) << "it is tried again as soon as the port is free";
}

TEST(RuleStatusTest, RefusedRuleIsDegraded) {
  Sighting sighting;
  sighting.accepted = Error(absl::StatusCode::kUnimplemented,
                            Reason::ERROR_REASON_OPTION_NOT_SUPPORTED, "no such option");
  const Standing standing = StandingOf(After(FreshRule(), sighting));
  EXPECT_EQ(standing.state, RuleState::kDegraded);
  EXPECT_EQ(standing.reason, Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  EXPECT_EQ(standing.message, "no such option");
}

TEST(RuleStatusTest, TransitionTimeMovesOnlyWithTheStatus) {
  Sighting sighting = Written();
  Rule rule = After(FreshRule(), sighting);
  sighting.probe = {.kind = ProbeResult::Kind::kServing};
  rule = After(rule, sighting, kLater);
  EXPECT_EQ(rule.status.Find(kAccepted)->last_transition_time, kNow);
  EXPECT_EQ(rule.status.Find(kProgrammed)->last_transition_time, kLater);
}

TEST(RuleStatusTest, KeepsConditionsOfOthers) {
  Rule rule = FreshRule();
  rule.status.conditions.push_back({.type = "Audited", .reason = "ByHand"});
  EXPECT_NE(After(rule, Written()).status.Find("Audited"), nullptr);
}

TEST(RuleStatusTest, CutsMessagesBetweenCharacters) {
  Sighting sighting;
  std::string text(4095, 'x');
  sighting.accepted =
      Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND, text + "é");
  EXPECT_EQ(After(FreshRule(), sighting).status.Find(kAccepted)->message, text);
}

TEST(RuleStatusTest, RemovingComesBeforeEverything) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.removing = true;
  EXPECT_EQ(StandingOf(rule).state, RuleState::kRemoving);
}

}  // namespace
}  // namespace berth::ingress
