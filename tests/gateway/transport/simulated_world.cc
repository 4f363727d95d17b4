#include "tests/gateway/transport/simulated_world.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::gateway::testing {
namespace {

constexpr int kFirstPort = 20000;
constexpr int kUndoSeconds = 100;

absl::Status Fail(absl::StatusCode code, Reason reason) {
  return Error(code, reason, ReasonName(reason));
}

absl::Status Conflict() {
  return Fail(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT);
}

bool HasEnded(const Child& child) {
  return child.state == Child::State::kSucceeded || child.state == Child::State::kFailed;
}

/// Quiet until the child has ended.
class ChildWatch final : public operation::OperationWatch {
 public:
  explicit ChildWatch(const Child& child) : child_(child) {}

  std::optional<operation::WatchEvent> Poll() override {
    if (!HasEnded(child_)) {
      return std::nullopt;
    }
    return operation::Ended{google::protobuf::Any()};
  }

 private:
  const Child& child_;
};

}  // namespace

void SimulatedWorld::Step(const std::function<void()>& effect) {
  ++steps_;
  const bool dies = steps_ == die_at_;
  if (dies && die_when_ == When::kBefore) {
    throw Died{};
  }
  effect();
  if (dies) {
    throw Died{};
  }
}

void SimulatedWorld::Tick() {
  watched_.clear();
  for (const auto& [key, exposure] : exposures) {
    watched_[exposure.uid] = HeldNow(exposure.uid);
  }
  ++seconds;
  for (auto& [request_id, child] : children) {
    RunChild(request_id, child);
  }
  for (auto rule = rules.begin(); rule != rules.end();) {
    if (rule->second.rule.being_removed) {
      claims.at(rule->first).claim.state = Claim::State::kQuarantined;
      rule = rules.erase(rule);
      continue;
    }
    if (!trouble.never_programmed) {
      rule->second.rule.programmed = {Truth::kTrue, "TcpConnect", ""};
    }
    ++rule;
  }
  for (auto& [name, stored] : claims) {
    if (stored.claim.state == Claim::State::kReleasing && !rules.contains(name)) {
      stored.claim.state = Claim::State::kQuarantined;
    }
  }
}

absl::StatusOr<std::optional<Exposure>> SimulatedWorld::Get(const ExposureKey& key) {
  const auto found = exposures.find(key);
  return found == exposures.end() ? std::nullopt : std::optional<Exposure>(found->second);
}

absl::StatusOr<std::vector<Exposure>> SimulatedWorld::List(const Namespace& ns) {
  std::vector<Exposure> list;
  for (const auto& [key, exposure] : exposures) {
    if (key.ns == ns) {
      list.push_back(exposure);
    }
  }
  return list;
}

absl::Status SimulatedWorld::Create(const NewExposure& wish) {
  if (exposures.contains(wish.key)) {
    return Fail(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_KUBERNETES_CONFLICT);
  }
  Step([&] {
    exposures.emplace(wish.key, Exposure{.key = wish.key,
                                         .uid = "uid-" + std::to_string(++uids_),
                                         .resource_version = std::to_string(++revisions_),
                                         .generation = 1,
                                         .has_finalizer = true,
                                         .created_by = wish.created_by,
                                         .deployed_release = wish.deployed_release,
                                         .spec = wish.spec});
  });
  return absl::OkStatus();
}

absl::Status SimulatedWorld::Change(const Exposure& seen,
                                    const std::function<void(Exposure&)>& change) {
  const auto found = exposures.find(seen.key);
  if (found == exposures.end()) {
    return Fail(absl::StatusCode::kNotFound, Reason::ERROR_REASON_EXPOSURE_NOT_FOUND);
  }
  if (found->second.uid != seen.uid || found->second.resource_version != seen.resource_version) {
    return Conflict();
  }
  Step([&] {
    Exposure& exposure = found->second;
    change(exposure);
    exposure.resource_version = std::to_string(++revisions_);
    if (exposure.being_deleted && !exposure.has_finalizer) {
      exposures.erase(found);
    }
  });
  return absl::OkStatus();
}

absl::Status SimulatedWorld::ReplaceSpec(const Exposure& seen, const ExposureSpec& spec) {
  return Change(seen, [&](Exposure& exposure) {
    exposure.generation += *exposure.spec != spec ? 1 : 0;
    exposure.spec = spec;
  });
}

absl::Status SimulatedWorld::DropCreatedBy(const Exposure& seen) {
  return Change(seen, [](Exposure& exposure) { exposure.created_by.clear(); });
}

absl::Status SimulatedWorld::Delete(const Exposure& seen) {
  return Change(seen, [](Exposure& exposure) { exposure.being_deleted = true; });
}

absl::Status SimulatedWorld::AddFinalizer(const Exposure& seen) {
  return Change(seen, [](Exposure& exposure) { exposure.has_finalizer = true; });
}

absl::Status SimulatedWorld::DropFinalizer(const Exposure& seen) {
  return Change(seen, [](Exposure& exposure) { exposure.has_finalizer = false; });
}

absl::Status SimulatedWorld::WriteStatus(const Exposure& seen, const ExposureStatus& status) {
  return Change(seen, [&](Exposure& exposure) { exposure.status = status; });
}

absl::StatusOr<std::vector<Claim>> SimulatedWorld::ClaimPorts(const ExposureRef& exposure,
                                                              const PoolName& pool,
                                                              const std::vector<PortWish>& entries,
                                                              const std::vector<int>& avoid) {
  if (trouble.pool_exhausted) {
    return Fail(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_POOL_EXHAUSTED);
  }
  std::vector<Claim> answer;
  Step([&] {
    for (const PortWish& wish : entries) {
      const auto held = std::find_if(claims.begin(), claims.end(), [&](const auto& stored) {
        return stored.second.exposure_uid == exposure.uid &&
               stored.second.claim.entry == wish.name.str() && IsLive(stored.second.claim);
      });
      if (held != claims.end()) {
        answer.push_back(held->second.claim);
        continue;
      }
      int port = wish.port.has_value() ? wish.port->number() : kFirstPort;
      std::string name;
      do {
        name = pool.value() + ".tcp." + std::to_string(port++);
      } while (claims.contains(name) ||
               std::find(avoid.begin(), avoid.end(), port - 1) != avoid.end());
      const Claim claim{.name = name,
                        .uid = "uid-" + std::to_string(++uids_),
                        .pool = pool.value(),
                        .entry = wish.name.str(),
                        .protocol = wish.protocol,
                        .port = port - 1};
      claims[name] = {claim, exposure.uid};
      answer.push_back(claim);
    }
  });
  return answer;
}

absl::Status SimulatedWorld::ReleaseClaim(const std::string& name, const std::string& uid) {
  const auto found = claims.find(name);
  if (found == claims.end() || found->second.claim.uid != uid) {
    return absl::OkStatus();
  }
  if (found->second.claim.state == Claim::State::kBound) {
    return Fail(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_BOUND);
  }
  Step([&] { found->second.claim.state = Claim::State::kQuarantined; });
  return absl::OkStatus();
}

std::vector<absl::StatusOr<Rule>> SimulatedWorld::ApplyRules(const ExposureRef& exposure,
                                                             const std::vector<RuleWish>& wishes) {
  std::vector<absl::StatusOr<Rule>> answers;
  for (const RuleWish& wish : wishes) {
    const auto found = claims.find(wish.claim);
    if (found == claims.end() || found->second.claim.uid != wish.claim_uid) {
      answers.push_back(Fail(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CLAIM_NOT_FOUND));
      continue;
    }
    if (!IsLive(found->second.claim)) {
      answers.push_back(
          Fail(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_WRONG_STATE));
      continue;
    }
    Step([&] { found->second.claim.state = Claim::State::kBound; });
    Step([&] {
      StoredRule& stored = rules[wish.claim];
      stored.exposure_uid = exposure.uid;
      stored.rule = {.name = wish.claim,
                     .claim_uid = wish.claim_uid,
                     .target = wish.target,
                     .exposure_generation = exposure.generation};
    });
    answers.push_back(rules.at(wish.claim).rule);
  }
  return answers;
}

absl::Status SimulatedWorld::DeleteRule(const std::string& name, const std::string& claim_uid) {
  const auto found = claims.find(name);
  if (found == claims.end() || found->second.claim.uid != claim_uid) {
    return absl::OkStatus();
  }
  Step([&] {
    if (IsLive(found->second.claim)) {
      found->second.claim.state = Claim::State::kReleasing;
    }
    if (const auto rule = rules.find(name); rule != rules.end()) {
      rule->second.rule.being_removed = true;
    }
  });
  return absl::OkStatus();
}

Held SimulatedWorld::HeldNow(const std::string& exposure_uid) const {
  Held held;
  for (const auto& [name, stored] : claims) {
    if (stored.exposure_uid == exposure_uid) {
      held.claims.push_back(stored.claim);
    }
  }
  for (const auto& [name, stored] : rules) {
    if (stored.exposure_uid == exposure_uid) {
      held.rules.push_back(stored.rule);
    }
  }
  return held;
}

absl::StatusOr<Held> SimulatedWorld::HeldBy(const std::string& exposure_uid, Freshness freshness) {
  return freshness == Freshness::kConsistent ? HeldNow(exposure_uid) : watched_[exposure_uid];
}

absl::StatusOr<std::vector<Service>> SimulatedWorld::Services(const Namespace&, Freshness) {
  if (releases_.empty()) {
    return std::vector<Service>{};
  }
  return std::vector<Service>{{*ServiceName::Parse("web"), "web", {{"http", 80}, {"admin", 9000}}}};
}

absl::StatusOr<bool> SimulatedWorld::EndedWithoutSuccess(const std::string& operation) {
  return operation == record.name && record.end.has_value() && !record.end->ok();
}

absl::StatusOr<std::optional<helm::v1::Release>> SimulatedWorld::Find(const ReleaseKey& key) {
  if (releases_.empty()) {
    return std::nullopt;
  }
  helm::v1::Release release;
  release.set_namespace_(key.ns.str());
  release.set_name(key.name.str());
  release.set_revision(static_cast<int>(releases_.size()));
  return release;
}

absl::Status SimulatedWorld::Send(const ChildCall& call, StoredChild child) {
  Step([&] {
    child.child.state = Child::State::kRunning;
    children.emplace(call.request_id, std::move(child));
  });
  return absl::OkStatus();
}

absl::Status SimulatedWorld::Upgrade(const ChildCall& call, helm::v1::UpgradeReleaseRequest) {
  return Send(call, {.kind = "upgrade"});
}

absl::Status SimulatedWorld::Rollback(const ChildCall& call, int revision, int expected_revision) {
  return Send(call,
              {.kind = "rollback", .revision = revision, .expected_revision = expected_revision});
}

absl::Status SimulatedWorld::Uninstall(const ChildCall& call, int expected_revision) {
  return Send(call, {.kind = "uninstall", .expected_revision = expected_revision});
}

void SimulatedWorld::EndChild(StoredChild& child, absl::Status error) {
  child.child.state = error.ok() ? Child::State::kSucceeded : Child::State::kFailed;
  child.child.error = std::move(error);
}

void SimulatedWorld::RunChild(const std::string& request_id, StoredChild& child) {
  if (HasEnded(child.child) || --child.ticks_left > 0) {
    return;
  }
  const int newest = static_cast<int>(releases_.size());
  const auto& named = record.plan.value("children", nlohmann::json::array());
  if (record.end.has_value() || std::find(named.begin(), named.end(), request_id) == named.end()) {
    return EndChild(child,
                    Fail(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_NOT_AT_HEAD));
  }
  if (child.expected_revision != 0 && newest != child.expected_revision) {
    return EndChild(
        child, Fail(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_REVISION_MISMATCH));
  }
  if (child.kind == "uninstall") {
    child.child.removed = !releases_.empty();
    releases_.clear();
    return EndChild(child, absl::OkStatus());
  }
  if (child.kind == "rollback") {
    releases_.push_back(releases_.at(child.revision - 1));
    return EndChild(child, absl::OkStatus());
  }
  const bool fails = trouble.helm_fails || child.child.cancel_requested;
  releases_.push_back({"new", fails});
  child.child.revision = newest + 1;
  EndChild(child, fails ? Fail(child.child.cancel_requested ? absl::StatusCode::kCancelled
                                                            : absl::StatusCode::kFailedPrecondition,
                               child.child.cancel_requested ? Reason::ERROR_REASON_CANCELLED
                                                            : Reason::ERROR_REASON_HELM_FAILED)
                        : absl::OkStatus());
}

absl::StatusOr<Child> SimulatedWorld::Find(const std::string& request_id) {
  const auto found = children.find(request_id);
  return found == children.end() ? Child{} : found->second.child;
}

absl::Status SimulatedWorld::Cancel(const std::string&, const std::string& request_id) {
  Step([&] {
    StoredChild& child = children[request_id];
    child.child.cancel_requested = true;
    if (child.child.state == Child::State::kAbsent) {
      EndChild(child, Fail(absl::StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED));
    }
  });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<operation::OperationWatch>> SimulatedWorld::Follow(
    const std::string& request_id, std::function<void()>) {
  return std::make_unique<ChildWatch>(children.at(request_id).child);
}

absl::Status SimulatedRun::SavePlan(nlohmann::json plan) {
  world_.Step([&] { world_.record.plan = std::move(plan); });
  return absl::OkStatus();
}

absl::Status SimulatedRun::BeginEffects(nlohmann::json plan) {
  RETURN_IF_ERROR(SavePlan(std::move(plan)));
  world_.Step([&] { world_.record.effects_begun = true; });
  return absl::OkStatus();
}

absl::Status SimulatedRun::BeginUndo(const absl::Status& cause) {
  world_.Step([&] {
    world_.record.undo = cause;
    world_.record.deadline = world_.seconds + kUndoSeconds;
  });
  undo_ = Undo{cause};
  return absl::OkStatus();
}

}  // namespace berth::gateway::testing
