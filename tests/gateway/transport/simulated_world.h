#pragma once

#include <any>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/operation/handler.h"
#include "common/operation/operation_watch.h"
#include "gateway/domain/children.h"
#include "gateway/domain/exposure_events.h"
#include "gateway/domain/exposure_store.h"
#include "gateway/domain/load_balancing.h"
#include "gateway/domain/reconciler.h"
#include "gateway/domain/releases.h"
#include "gateway/domain/surroundings.h"

// A cluster in memory: stored exposures, Helm's releases, claims and rules, and the record of one
// operation. Whatever a gateway does to it counts as a step, and the gateway can be made to die
// right before or right after any step.
namespace berth::gateway::testing {

/// Thrown where the gateway dies.
struct Died {};

class SimulatedWorld final : public ExposureStore,
                             public ExposureKeeper,
                             public ExposureEvents,
                             public LoadBalancing,
                             public Surroundings,
                             public Releases,
                             public Children {
 public:
  /// What is to go wrong.
  struct Trouble {
    /// Helm makes the revision, and fails.
    bool helm_fails = false;
    /// No port is left in the pool.
    bool pool_exhausted = false;
    /// The load balancer never programs a rule.
    bool never_programmed = false;
  };

  enum class When { kBefore, kAfter };

  /// The record of the operation under test: what survives a death.
  struct Record {
    std::string name = "op-1";
    nlohmann::json plan = nlohmann::json::object();
    bool effects_begun = false;
    std::optional<absl::Status> undo;
    /// In seconds of the world.
    int deadline = 0;
    bool cancel_requested = false;
    std::optional<absl::Status> end;
    google::protobuf::Any result;
  };

  struct Revision {
    std::string content;
    bool failed = false;
  };

  /// The gateway dies at the step of this number, counted from 1; 0 never.
  void DieAt(int step, When when) {
    die_at_ = step;
    die_when_ = when;
  }
  int steps() const { return steps_; }

  /// Everything but the gateway goes on for a second.
  void Tick();

  /// Puts a release of this content, and its Service, as Helm would.
  void PutRelease(const std::string& content) { releases_.push_back({content}); }
  /// Counts a step around something that takes effect.
  void Step(const std::function<void()>& effect);

  Trouble trouble;
  Record record;
  std::map<ExposureKey, Exposure> exposures;
  std::vector<Revision> releases_;
  int seconds = 0;

  struct StoredClaim {
    Claim claim;
    std::string exposure_uid;
  };
  std::map<std::string, StoredClaim> claims;
  struct StoredRule {
    Rule rule;
    std::string exposure_uid;
  };
  std::map<std::string, StoredRule> rules;

  struct StoredChild {
    std::string kind;
    Child child;
    int revision = 0;
    int expected_revision = 0;
    int ticks_left = 2;
  };
  std::map<std::string, StoredChild> children;

  // ExposureStore
  absl::StatusOr<std::optional<Exposure>> Get(const ExposureKey& key) override;
  absl::StatusOr<std::vector<Exposure>> List(const Namespace& ns) override;
  absl::Status Create(const NewExposure& exposure) override;
  absl::Status ReplaceSpec(const Exposure& seen, const ExposureSpec& spec) override;
  absl::Status DropCreatedBy(const Exposure& seen) override;
  absl::Status Delete(const Exposure& seen) override;

  // ExposureKeeper
  absl::Status AddFinalizer(const Exposure& seen) override;
  absl::Status DropFinalizer(const Exposure& seen) override;
  absl::Status WriteStatus(const Exposure& seen, const ExposureStatus& status) override;

  // ExposureEvents
  std::shared_ptr<void> Follow(const ExposureKey&, std::function<void()>) override {
    return std::make_shared<int>(0);
  }

  // LoadBalancing
  absl::Status Check(const ExposureKey&, const ExposureSpec&) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<Claim>> ClaimPorts(const ExposureRef& exposure, const PoolName& pool,
                                                const std::vector<PortWish>& entries,
                                                const std::vector<int>& avoid) override;
  absl::Status ReleaseClaim(const std::string& name, const std::string& uid) override;
  std::vector<absl::StatusOr<Rule>> ApplyRules(const ExposureRef& exposure,
                                               const std::vector<RuleWish>& wishes) override;
  absl::Status DeleteRule(const std::string& name, const std::string& claim_uid) override;
  absl::StatusOr<std::vector<Address>> Addresses(const PoolName&) override {
    return std::vector<Address>{*Address::ParseIp("10.0.0.1")};
  }

  // Surroundings
  absl::StatusOr<Held> HeldBy(const std::string& exposure_uid, Freshness freshness) override;
  absl::StatusOr<std::vector<Service>> Services(const Namespace&, Freshness) override;
  absl::StatusOr<bool> IsTerminating(const Namespace&) override { return false; }
  absl::StatusOr<bool> EndedWithoutSuccess(const std::string& operation) override;

  // Releases
  absl::StatusOr<std::optional<helm::v1::Release>> Find(const ReleaseKey& key) override;
  absl::Status Upgrade(const ChildCall& call, helm::v1::UpgradeReleaseRequest content) override;
  absl::Status Rollback(const ChildCall& call, int revision, int expected_revision) override;
  absl::Status Uninstall(const ChildCall& call, int expected_revision) override;

  // Children
  absl::StatusOr<Child> Find(const std::string& request_id) override;
  absl::Status Cancel(const std::string& method, const std::string& request_id) override;
  absl::StatusOr<std::unique_ptr<operation::OperationWatch>> Follow(
      const std::string& request_id, std::function<void()> ready) override;

 private:
  absl::Status Change(const Exposure& seen, const std::function<void(Exposure&)>& change);
  absl::Status Send(const ChildCall& call, StoredChild child);
  void RunChild(const std::string& request_id, StoredChild& child);
  void EndChild(StoredChild& child, absl::Status error);
  Held HeldNow(const std::string& exposure_uid) const;

  int die_at_ = 0;
  When die_when_ = When::kBefore;
  int steps_ = 0;
  int uids_ = 0;
  int revisions_ = 0;
  /// What the watch showed at the last tick.
  std::map<std::string, Held> watched_;
};

/// One operation as its handler sees it in one process.
class SimulatedRun final : public operation::Run {
 public:
  SimulatedRun(SimulatedWorld& world, std::shared_ptr<const google::protobuf::Message> input,
               int timeout_seconds)
      : world_(world), input_(std::move(input)) {
    world_.record.deadline = world_.seconds + timeout_seconds;
  }

  /// The process dies, and another one takes over.
  void DieAndRecover() {
    input_ = nullptr;
    recovered_ = true;
    state_.reset();
    if (world_.record.undo.has_value()) {
      undo_ = Undo{*world_.record.undo};
    }
  }

  const std::string& name() const override { return world_.record.name; }
  const operation::Spec& spec() const override { return spec_; }
  std::shared_ptr<const google::protobuf::Message> input() const override { return input_; }
  bool recovered() const override { return recovered_; }
  const nlohmann::json& plan() const override { return world_.record.plan; }
  absl::Status SavePlan(nlohmann::json plan) override;
  absl::Status BeginEffects(nlohmann::json plan) override;
  absl::Status BeginUndo(const absl::Status& cause) override;
  const std::optional<Undo>& undo() const override { return undo_; }
  bool effects_begun() const override { return world_.record.effects_begun; }
  bool cancel_requested() const override { return world_.record.cancel_requested; }
  std::chrono::steady_clock::time_point deadline() const override { return {}; }
  std::chrono::milliseconds remaining() const override {
    return std::chrono::seconds(std::max(0, world_.record.deadline - world_.seconds));
  }
  std::any& state() override { return state_; }
  std::shared_ptr<operation::Reporter> reporter() const override { return reporter_; }

 private:
  class SilentReporter final : public operation::Reporter {
   public:
    void Phase(std::string_view, std::string_view) override {}
    void Line(std::string_view, operation::v1::OutputLine::Stream, std::string_view) override {}
    void Publish(operation::v1::OperationUpdate) override {}
    void Wake() override {}
  };

  SimulatedWorld& world_;
  std::shared_ptr<const google::protobuf::Message> input_;
  bool recovered_ = false;
  std::optional<Undo> undo_;
  operation::Spec spec_;
  std::any state_;
  std::shared_ptr<SilentReporter> reporter_ = std::make_shared<SilentReporter>();
};

}  // namespace berth::gateway::testing
