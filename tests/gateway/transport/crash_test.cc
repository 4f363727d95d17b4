// Every operation, with the gateway dying at every one of its steps: right before it and right
// after. Whatever happens, the operation ends, and then everything is there or everything is gone.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "common/status/status.h"
#include "gateway/domain/exposure_state.h"
#include "gateway/domain/reconciler.h"
#include "gateway/transport/deploy_operation.h"
#include "gateway/transport/expose_operation.h"
#include "gateway/transport/undeploy_operation.h"
#include "gateway/transport/unexpose_operation.h"
#include "tests/gateway/domain/builders.h"
#include "tests/gateway/transport/simulated_world.h"

#include "berth/gateway/v1/gateway_service.pb.h"

namespace berth::gateway {
namespace {

using testing::Died;
using testing::Key;
using testing::SimulatedRun;
using testing::SimulatedWorld;
using testing::SpecOf;
using testing::Wish;
using When = SimulatedWorld::When;

constexpr int kTimeoutSeconds = 60;
constexpr int kMaxRounds = 1000;
constexpr std::chrono::seconds kUndoTimeout{100};

enum class Method { kDeploy, kUndeploy, kExpose, kUnexpose };

/// A situation and what is called in it.
struct Scenario {
  std::string name;
  Method method = Method::kDeploy;
  SimulatedWorld::Trouble trouble;
  /// A release that is there, with an exposure of its own that is ready.
  bool deployed_before = false;
  /// The operation is cancelled in this round; 0 never.
  int cancel_in_round = 0;
  bool succeeds = true;

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

ExposureSpec FormerSpec() {
  return SpecOf({Wish("admin", testing::PortOf(9000))}, "edge", *ReleaseName::Parse("web"));
}

std::shared_ptr<const google::protobuf::Message> RequestOf(Method method) {
  switch (method) {
    case Method::kDeploy: {
      auto request = std::make_shared<v1::DeployRequest>();
      request->set_namespace_("shop");
      request->set_name("web");
      request->mutable_chart()->set_reference("oci://charts.example/web");
      request->set_pool("edge");
      request->add_ports()->set_port_number(80);
      return request;
    }
    case Method::kUndeploy: {
      auto request = std::make_shared<v1::UndeployRequest>();
      request->set_namespace_("shop");
      request->set_name("web");
      return request;
    }
    case Method::kExpose: {
      auto request = std::make_shared<v1::ExposeRequest>();
      request->set_namespace_("shop");
      request->set_name("mine");
      request->mutable_spec()->mutable_target()->set_service("web");
      request->mutable_spec()->set_pool("edge");
      request->mutable_spec()->add_ports()->set_port_number(80);
      return request;
    }
    case Method::kUnexpose: {
      auto request = std::make_shared<v1::UnexposeRequest>();
      request->set_namespace_("shop");
      request->set_name("web");
      return request;
    }
  }
  return nullptr;
}

/// One life of a world: an operation is called, the gateway may die once and comes back.
class Life {
 public:
  explicit Life(const Scenario& scenario) : scenario_(scenario) {
    if (scenario.deployed_before || scenario.method != Method::kDeploy) {
      world_.PutRelease("old");
    }
    if (scenario.deployed_before) {
      EXPECT_TRUE(
          world_.Create({.key = Key(), .spec = FormerSpec(), .deployed_release = "web"}).ok());
      for (int i = 0; i < 5; ++i) {
        Reconcile();
        world_.Tick();
      }
      EXPECT_TRUE(IsTrue(world_.exposures.at(Key()), ConditionType::kReady));
    }
    world_.trouble = scenario.trouble;
    first_step_ = world_.steps();
    run_ = std::make_unique<SimulatedRun>(world_, RequestOf(scenario.method), kTimeoutSeconds);
  }

  /// Steps that the operation and the loop took.
  int steps() const { return world_.steps() - first_step_; }
  void DieAt(int step, When when) { world_.DieAt(first_step_ + step, when); }
  const SimulatedWorld& world() const { return world_; }

  void LiveOn() {
    for (int round = 1; round < kMaxRounds && !IsQuiet(); ++round) {
      if (round == scenario_.cancel_in_round) {
        world_.record.cancel_requested = true;
      }
      try {
        Advance();
        Reconcile();
      } catch (const Died&) {
        run_->DieAndRecover();
        if (!world_.record.effects_begun && !world_.record.end.has_value()) {
          world_.record.end =
              Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED, "died");
        }
      }
      world_.Tick();
    }
  }

 private:
  void Advance() {
    if (world_.record.end.has_value()) {
      return;
    }
    operation::Progress progress = Handler().Advance(*run_);
    if (std::holds_alternative<operation::Done>(progress)) {
      world_.Step([&] { world_.record.end = absl::OkStatus(); });
    } else if (auto* failed = std::get_if<operation::Failed>(&progress)) {
      world_.Step([&] { world_.record.end = failed->error; });
    }
  }

  void Reconcile() {
    std::set<ExposureKey> keys;
    for (const auto& [key, exposure] : world_.exposures) {
      keys.insert(key);
    }
    Reconciler reconciler({world_, world_, world_, world_,
                           [this] { return Time(std::chrono::seconds(world_.seconds)); }});
    for (const ExposureKey& key : keys) {
      // An error only means that it tries again.
      (void)reconciler.Reconcile(key);
    }
  }

  operation::Handler& Handler() {
    switch (scenario_.method) {
      case Method::kDeploy:
        return deploy_;
      case Method::kUndeploy:
        return undeploy_;
      case Method::kExpose:
        return expose_;
      case Method::kUnexpose:
        return unexpose_;
    }
    return deploy_;
  }

  /// The operation has ended and nothing has changed for a while.
  bool IsQuiet() {
    const int steps = world_.steps();
    quiet_rounds_ = world_.record.end.has_value() && steps == last_steps_ ? quiet_rounds_ + 1 : 0;
    last_steps_ = steps;
    return quiet_rounds_ > 5;
  }

  const Scenario scenario_;
  SimulatedWorld world_;
  int first_step_ = 0;
  int last_steps_ = 0;
  int quiet_rounds_ = 0;
  std::unique_ptr<SimulatedRun> run_;
  DeployOperation deploy_{{world_, world_, world_, world_, world_, world_, kUndoTimeout}};
  UndeployOperation undeploy_{{world_, world_, world_, world_}};
  ExposeOperation expose_{{world_, world_, world_, world_, kUndoTimeout}};
  UnexposeOperation unexpose_{{world_, world_}};
};

/// Invariants 1 and 2, when everything is quiet.
void ExpectConsistent(const SimulatedWorld& world) {
  std::set<std::string> exposure_uids;
  for (const auto& [key, exposure] : world.exposures) {
    EXPECT_FALSE(exposure.being_deleted) << key.ToString();
    exposure_uids.insert(exposure.uid);
  }
  std::set<std::pair<std::string, int>> live;
  for (const auto& [name, stored] : world.claims) {
    EXPECT_NE(stored.claim.state, Claim::State::kReleasing) << name;
    EXPECT_NE(stored.claim.state, Claim::State::kReserved) << name;
    EXPECT_EQ(stored.claim.state == Claim::State::kBound, world.rules.contains(name)) << name;
    if (IsLive(stored.claim)) {
      EXPECT_TRUE(exposure_uids.contains(stored.exposure_uid)) << name << " has no exposure";
      EXPECT_TRUE(live.emplace(stored.claim.pool, stored.claim.port).second) << name;
    }
  }
  for (const auto& [name, stored] : world.rules) {
    EXPECT_EQ(stored.rule.claim_uid, world.claims.at(name).claim.uid);
  }
}

const Exposure* FindReady(const SimulatedWorld& world, const std::string& name) {
  const auto found = world.exposures.find(Key(name));
  return found != world.exposures.end() && IsTrue(found->second, ConditionType::kReady)
             ? &found->second
             : nullptr;
}

void ExpectDeployed(const SimulatedWorld& world) {
  ASSERT_FALSE(world.releases_.empty());
  EXPECT_EQ(world.releases_.back().content, "new");
  const Exposure* exposure = FindReady(world, "web");
  ASSERT_NE(exposure, nullptr);
  EXPECT_EQ(exposure->spec->ports()[0].name, DefaultEntryName());
}

void ExpectAsBefore(const SimulatedWorld& world, const Scenario& scenario) {
  const bool had_release = scenario.deployed_before || scenario.method != Method::kDeploy;
  ASSERT_EQ(world.releases_.empty(), !had_release);
  if (had_release) {
    EXPECT_EQ(world.releases_.back().content, "old");
  }
  EXPECT_EQ(world.exposures.size(), scenario.deployed_before ? 1u : 0u);
  if (scenario.deployed_before) {
    const Exposure* exposure = FindReady(world, "web");
    // With trouble in the pool or the load balancer the former one cannot be ready again.
    if (!scenario.trouble.pool_exhausted && !scenario.trouble.never_programmed) {
      ASSERT_NE(exposure, nullptr);
    }
    EXPECT_EQ(*world.exposures.at(Key()).spec, FormerSpec());
  }
}

void ExpectAllOrNothing(const Life& life, const Scenario& scenario) {
  const SimulatedWorld& world = life.world();
  ASSERT_TRUE(world.record.end.has_value()) << "the operation never ended";
  ExpectConsistent(world);
  switch (scenario.method) {
    case Method::kDeploy:
      return world.record.end->ok() ? ExpectDeployed(world) : ExpectAsBefore(world, scenario);
    case Method::kExpose:
      if (!world.record.end->ok()) {
        return ExpectAsBefore(world, scenario);
      }
      EXPECT_NE(FindReady(world, "mine"), nullptr);
      return;
    case Method::kUndeploy:
      if (world.record.end->ok()) {
        EXPECT_TRUE(world.releases_.empty());
        EXPECT_TRUE(world.exposures.empty());
      }
      return;
    case Method::kUnexpose:
      if (world.record.end->ok()) {
        EXPECT_TRUE(world.exposures.empty());
      }
      return;
  }
}

class CrashTest : public ::testing::TestWithParam<Scenario> {};

TEST_P(CrashTest, WithoutADeathItEndsAsItShould) {
  Life life(GetParam());
  life.LiveOn();
  ExpectAllOrNothing(life, GetParam());
  EXPECT_EQ(life.world().record.end->ok(), GetParam().succeeds)
      << Describe(*life.world().record.end);
}

TEST_P(CrashTest, EndsAllOrNothingWhereverTheGatewayDies) {
  Life undisturbed(GetParam());
  undisturbed.LiveOn();
  for (int step = 1; step <= undisturbed.steps(); ++step) {
    for (const When when : {When::kBefore, When::kAfter}) {
      SCOPED_TRACE("dies " + std::string(when == When::kBefore ? "before" : "after") + " step " +
                   std::to_string(step));
      Life life(GetParam());
      life.DieAt(step, when);
      life.LiveOn();
      ExpectAllOrNothing(life, GetParam());
      if (::testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

const Scenario kScenarios[] = {
    {.name = "DeployAnew"},
    {.name = "DeployOverAnOlderOne", .deployed_before = true},
    {.name = "HelmFailsToInstall", .trouble = {.helm_fails = true}, .succeeds = false},
    {.name = "HelmFailsToUpgrade",
     .trouble = {.helm_fails = true},
     .deployed_before = true,
     .succeeds = false},
    {.name = "NoPortIsLeft", .trouble = {.pool_exhausted = true}, .succeeds = false},
    {.name = "NoPortIsLeftForAnUpgrade",
     .trouble = {.pool_exhausted = true},
     .deployed_before = true,
     .succeeds = false},
    {.name = "DeployRunsOutOfTime", .trouble = {.never_programmed = true}, .succeeds = false},
    {.name = "UndeployWhatIsExposed", .method = Method::kUndeploy, .deployed_before = true},
    {.name = "UndeployWhatIsNot", .method = Method::kUndeploy},
    {.name = "Expose", .method = Method::kExpose},
    {.name = "ExposeWithNoPortLeft",
     .method = Method::kExpose,
     .trouble = {.pool_exhausted = true},
     .succeeds = false},
    {.name = "ExposeRunsOutOfTime",
     .method = Method::kExpose,
     .trouble = {.never_programmed = true},
     .succeeds = false},
    {.name = "Unexpose", .method = Method::kUnexpose, .deployed_before = true},
};

INSTANTIATE_TEST_SUITE_P(Operations, CrashTest, ::testing::ValuesIn(kScenarios),
                         [](const auto& info) { return info.param.name; });

std::vector<Scenario> CancelledScenarios() {
  std::vector<Scenario> scenarios;
  for (const bool deployed_before : {false, true}) {
    for (int round = 1; round <= 8; ++round) {
      scenarios.push_back(
          {.name = (deployed_before ? "UpgradeCancelledInRound" : "InstallCancelledInRound") +
                   std::to_string(round),
           .trouble = {.never_programmed = true},
           .deployed_before = deployed_before,
           .cancel_in_round = round,
           .succeeds = false});
    }
  }
  return scenarios;
}

INSTANTIATE_TEST_SUITE_P(Cancelled, CrashTest, ::testing::ValuesIn(CancelledScenarios()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace berth::gateway
