#include "ingress-service/domain/pool_reconciler.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "common/sync/parallel.h"
#include "ingress-service/domain/rule_status.h"

namespace berth::ingress {
namespace {

using RulePtr = std::shared_ptr<const Rule>;

// When a pass looks again at what the watch did not show yet.
constexpr std::chrono::milliseconds kLagInterval{100};

// As long as a pass over so many new rules takes: half of the time at most goes into passes.
constexpr std::chrono::milliseconds kGatherPerRule{8};
constexpr std::chrono::milliseconds kMaxGather{800};

// How many statuses a pass writes at the most while another one is waiting; all of the others wait
// for that one.
constexpr std::size_t kStatusesWhenWoken = 16;

// How many rules a pass may delete because something is absent, without asking.
std::size_t RemovalLimit(std::size_t rules) { return std::max<std::size_t>(5, rules / 10); }

// What is looked at when a rule is probed: other entries are another thing.
std::string ProbeToken(const Rule& rule, const RuleProgress& progress) {
  std::string token = rule.uid;
  for (const auto& [object, value] : progress.written) {
    token += fmt::format(" {}={}", object, value);
  }
  return token;
}

bool IsGoneOrChanged(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  return reason == Reason::ERROR_REASON_RULE_NOT_FOUND ||
         reason == Reason::ERROR_REASON_KUBERNETES_CONFLICT;
}

}  // namespace

// The state of one pass. Lives on the stack of Reconcile.
class PoolReconciler::Pass {
 public:
  Pass(PoolReconciler& owner, const pool::PoolName& name)
      : owner_(owner), with_(owner.with_), options_(owner.options_), name_(name) {}

  absl::StatusOr<Outcome> Run() {
    RETURN_IF_ERROR(Look());
    UnbindRemoved();
    CheckClaims();
    DeleteLostRules();
    Program();
    ReleaseRemoved();
    Record();
    RETURN_IF_ERROR(first_error_);
    return Outcome{.again = again_, .gather = std::min(fresh_ * kGatherPerRule, kMaxGather)};
  }

 private:
  // What becomes of a rule that is not being removed.
  struct Work {
    RulePtr rule;
    Sighting sighting;
  };

  // Notes an error and goes on: one rule's trouble does not hold up the others.
  void Note(const absl::Status& error) {
    if (first_error_.ok()) {
      first_error_ = error;
    }
  }

  absl::Status Look() {
    again_ = options_.resync_interval;
    snapshot_ = with_.source.Cached();
    if (snapshot_.revision == 0) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                   "the rules are not known yet");
    }
    absl::StatusOr<std::shared_ptr<const pool::PoolState>> found = with_.pools.Find(name_);
    if (found.ok()) {
      state_ = *std::move(found);
    } else if (absl::IsUnavailable(found.status())) {
      return found.status();
    } else {
      no_pool_ = found.status();
    }
    for (const RulePtr& rule : snapshot_.rules) {
      if (!(rule->name.pool() == name_)) {
        continue;
      }
      ++count_;
      if (!rule->removing) {
        work_.push_back({.rule = rule});
      } else if (rule->HasFinalizer()) {
        // Without it the rule only waits for other programs' finalizers.
        removing_.push_back(rule);
      }
    }
    owner_.NoteWaiting(name_, snapshot_);
    return absl::OkStatus();
  }

  // A rule deleted by kubectl takes the same path as one deleted by DeleteRule.
  void UnbindRemoved() {
    for (const RulePtr& rule : removing_) {
      const std::string& uid = rule->spec.claim_uid;
      const std::optional<Claim> cached = with_.claims.Cached(rule->name);
      const bool released =
          cached && cached->uid == uid &&
          (cached->state == ClaimState::kReleasing || cached->state == ClaimState::kQuarantined);
      if (released) {
        continue;
      }
      const absl::Status unbound = with_.claims.Unbind(rule->name, uid);
      const Reason reason = ReasonOf(unbound);
      // A claim that is gone, or was never bound, holds nothing back.
      if (!unbound.ok() && reason != Reason::ERROR_REASON_CLAIM_NOT_FOUND &&
          reason != Reason::ERROR_REASON_CLAIM_WRONG_STATE) {
        Note(WithContext(unbound, "giving back claim " + rule->name.ToString()));
        still_bound_.insert(rule->uid);
      }
    }
  }

  absl::Status Supported(const Rule& rule) const {
    if (state_ == nullptr) {
      return no_pool_;
    }
    if (state_->pool.uid != rule.spec.pool_uid) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND,
                   fmt::format("pool '{}' was made anew since the rule was stored", name_.value()));
    }
    ASSIGN_OR_RETURN(const Driver* driver, FindDriver(with_.drivers, state_->pool.driver));
    return CheckSupported(*driver, rule.name, rule.spec.options);
  }

  // Sorts rules into those that stay in work_ and those that lost their claim.
  void CheckClaims() {
    std::vector<Work> staying;
    std::vector<Work> doubtful;
    for (Work& work : work_) {
      if (IsCertain(*work.rule)) {
        owner_.ForgetAbsence(work.rule->uid);
        staying.push_back(std::move(work));
      } else {
        doubtful.push_back(std::move(work));
      }
    }
    std::vector<absl::StatusOr<std::optional<Claim>>> claims(doubtful.size(), std::nullopt);
    InParallel(options_.parallel_calls, doubtful.size(),
               [&](std::size_t i) { claims[i] = with_.claims.Read(doubtful[i].rule->name); });
    for (std::size_t i = 0; i < doubtful.size(); ++i) {
      Work& work = doubtful[i];
      if (!claims[i].ok()) {
        Note(WithContext(claims[i].status(), "reading claim " + work.rule->name.ToString()));
      } else if (KeepsItsPlace(work.rule, *claims[i])) {
        staying.push_back(std::move(work));
      }
    }
    work_ = std::move(staying);
    for (Work& work : work_) {
      work.sighting.accepted = Supported(*work.rule);
    }
    Confirm();
  }

  // Whether the watch is enough to know that the claim is the rule's.
  bool IsCertain(const Rule& rule) const {
    const std::optional<Claim> claim = with_.claims.Cached(rule.name);
    if (!rule.IsLive() || !claim || claim->uid != rule.spec.claim_uid) {
      return false;
    }
    // One that was read as bound and is shown as reserved was shown too late.
    return claim->state == ClaimState::kBound ||
           (claim->state == ClaimState::kReserved && rule.confirmed);
  }

  // By a read made after the rule was stored; otherwise it was added to lost_, or waits for its
  // second sighting.
  bool KeepsItsPlace(const RulePtr& rule, const std::optional<Claim>& claim) {
    if (claim && claim->IsBoundAs(rule->spec.claim_uid)) {
      owner_.ForgetAbsence(rule->uid);
      bound_.insert(rule.get());
      return true;
    }
    if (!claim && rule->IsLive() && !owner_.SawAbsenceBefore(rule->uid)) {
      again_ = std::min(again_, options_.absence_interval);
      return true;
    }
    if (!claim) {
      ++absent_;
    }
    lost_.push_back({.rule = rule, .rests_on_absence = !claim});
    return false;
  }

  // Rules whose claim has just been read as theirs are programmed in this very pass.
  void Confirm() {
    std::map<const Rule*, RulePtr> confirmed;
    for (Work& work : work_) {
      if (work.rule->IsUndecided() && work.sighting.accepted.ok() &&
          bound_.contains(work.rule.get())) {
        with_.confirmed.Add(work.rule->uid);
        auto rule = std::make_shared<Rule>(*work.rule);
        rule->confirmed = true;
        confirmed.emplace(work.rule.get(), rule);
        work.rule = std::move(rule);
      }
    }
    for (RulePtr& rule : snapshot_.rules) {
      if (const auto found = confirmed.find(rule.get()); found != confirmed.end()) {
        rule = found->second;
      }
    }
  }

  void DeleteLostRules() {
    const bool too_many = absent_ > RemovalLimit(count_) && !IsApproved();
    for (const Lost& lost : lost_) {
      if (lost.rests_on_absence && too_many) {
        continue;
      }
      log::Write(lost.rests_on_absence ? log::Level::kWarning : log::Level::kInfo,
                 lost.rests_on_absence ? "deleting rule whose claim is gone"
                                       : "deleting rule whose claim is given back",
                 {{"rule", lost.rule->name.ToString()}, {"claim_uid", lost.rule->spec.claim_uid}});
      const absl::Status deleted = with_.rules.Delete(*lost.rule);
      if (!deleted.ok()) {
        Note(WithContext(deleted, "deleting rule " + lost.rule->name.ToString()));
      }
      owner_.ForgetAbsence(lost.rule->uid);
    }
    if (too_many) {
      Note(Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_LOST,
                 fmt::format("{} of {} rules of pool '{}' have no claim, which is too many to be "
                             "ordinary; nothing was removed: restore the claims, or annotate the "
                             "PortPool with berth.dev/repair-approved={} to have the rules removed",
                             absent_, count_, name_.value(), absent_)));
    }
  }

  bool IsApproved() {
    const absl::StatusOr<std::optional<std::size_t>> approved = with_.pools.ApprovedRemovals(name_);
    return approved.ok() && *approved == absent_;
  }

  // Rules without the finalizer (made by hand) get it before anything is written for them: without
  // it their entries would outlive them.
  bool EnsureFinalizers() {
    bool all = true;
    for (const Work& work : work_) {
      if (work.rule->HasFinalizer()) {
        continue;
      }
      all = false;
      const absl::Status added = with_.rules.SetFinalizer(*work.rule, FinalizerWish::kPresent);
      if (!added.ok() && !IsGoneOrChanged(added)) {
        Note(added);
      }
    }
    return all;
  }

  void Program() {
    if (!EnsureFinalizers()) {
      // The watch brings the rules back with it.
      programmed_ = false;
      return;
    }
    ProgramRequest request = RequestFor(name_, with_.pools, snapshot_);
    request.parallel_calls = options_.parallel_calls;
    bool first = true;
    for (const std::unique_ptr<Driver>& driver : with_.drivers) {
      if (state_ != nullptr && driver->kind() != state_->pool.driver) {
        continue;
      }
      absl::StatusOr<ProgramResult> result = driver->Program(request);
      if (!result.ok()) {
        Note(result.status());
        programmed_ = false;
        return;
      }
      TellDrift(result->drift);
      Merge(*std::move(result), first);
      first = false;
    }
    if (first) {
      ReleaseUnwritten();
    }
  }

  void TellDrift(const std::vector<ObjectDrift>& drift) const {
    if (drift.empty() || state_ == nullptr ||
        state_->pool.drift_policy != pool::DriftPolicy::kRepair) {
      // What is only reported is told by the rules' conditions.
      return;
    }
    for (const ObjectDrift& entry : drift) {
      log::Write(log::Level::kWarning, "entry was changed by others; it is as it was again",
                 {{"rule", entry.drift.rule.value_or("")},
                  {"object", entry.object},
                  {"wanted", entry.drift.wanted.value_or("")},
                  {"found", entry.drift.found.value_or("nothing")}});
    }
    options_.on_drift_repaired(drift.size());
  }

  // Without its pool every driver looks for what it wrote, and a rule is gone when all say so.
  void Merge(ProgramResult result, bool first) {
    if (first) {
      result_ = std::move(result);
      return;
    }
    std::erase_if(result_.removed,
                  [&](const std::string& uid) { return !result.removed.contains(uid); });
    result_.live.merge(result.live);
  }

  // No driver is built in for the pool: what was never written can go.
  void ReleaseUnwritten() {
    for (const RulePtr& rule : removing_) {
      if (rule->status.written.empty()) {
        result_.removed.insert(rule->uid);
      }
    }
  }

  void ReleaseRemoved() {
    if (!programmed_) {
      return;
    }
    for (const RulePtr& rule : removing_) {
      if (!result_.removed.contains(rule->uid) || still_bound_.contains(rule->uid)) {
        continue;
      }
      const absl::Status released = with_.rules.SetFinalizer(*rule, FinalizerWish::kAbsent);
      if (!released.ok() && ReasonOf(released) != Reason::ERROR_REASON_RULE_NOT_FOUND) {
        Note(WithContext(released, "releasing rule " + rule->name.ToString()));
      }
    }
  }

  absl::Status LoadBalancerStatus() const {
    if (!ProbeHost().empty()) {
      return absl::OkStatus();
    }
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_POOL_NOT_READY,
                 fmt::format("the load balancer of pool '{}' has no address", name_.value()));
  }

  std::string ProbeHost() const {
    if (!options_.probe_host.empty()) {
      return options_.probe_host;
    }
    if (state_ != nullptr) {
      for (const pool::LoadBalancerState& load_balancer : state_->load_balancers) {
        if (!load_balancer.addresses.empty()) {
          return load_balancer.addresses.front().host();
        }
      }
    }
    return "";
  }

  bool NeedsProbe(pool::Driver kind) const {
    const absl::StatusOr<Driver*> driver = FindDriver(with_.drivers, kind);
    return driver.ok() && (*driver)->capabilities().needs_probe;
  }

  void See(Work& work, std::vector<ProbeTarget>& probes) const {
    const Rule& rule = *work.rule;
    Sighting& sighting = work.sighting;
    sighting.resolved = with_.targets.Resolve(rule.spec.target, rule.name.protocol()).status();
    sighting.endpoints = with_.targets.CheckEndpoints(rule.spec.target);
    sighting.load_balancer = LoadBalancerStatus();
    const auto progress = result_.live.find(rule.name.ToString());
    // Before everything is known a replica that has just started would take back what is proved.
    const bool load_balancer_known = state_ != nullptr && state_->known;
    if (!programmed_ || !load_balancer_known || progress == result_.live.end()) {
      return;
    }
    sighting.progress = progress->second;
    sighting.needs_probe = options_.probe && rule.name.protocol() == pool::Protocol::kTcp &&
                           NeedsProbe(state_->pool.driver);
    if (sighting.needs_probe && sighting.progress->status.ok() && sighting.load_balancer.ok()) {
      ProbeTarget target{.token = ProbeToken(rule, *sighting.progress),
                         .host = ProbeHost(),
                         .port = rule.name.port(),
                         .send_proxy_header = rule.spec.options.decode_proxy_protocol};
      sighting.probe = with_.prober.Latest(target.token);
      probes.push_back(std::move(target));
    }
  }

  void Record() {
    std::vector<ProbeTarget> probes;
    for (Work& work : work_) {
      See(work, probes);
      const bool is_fresh = work.rule->status.written.empty() && work.sighting.progress &&
                            work.sighting.progress->status.ok();
      fresh_ += is_fresh ? 1 : 0;
    }
    if (programmed_) {
      with_.prober.Watch(name_.value(), std::move(probes));
    }
    WriteStatuses();
  }

  struct StatusWrite {
    const Rule* rule = nullptr;
    RuleStatus next;
    absl::StatusOr<std::uint64_t> stored = 0;
  };

  std::vector<StatusWrite> StatusesToWrite(const std::map<std::string, std::uint64_t>& stored) {
    std::vector<StatusWrite> writes;
    for (const Work& work : work_) {
      if (absl::IsUnavailable(work.sighting.resolved)) {
        // The targets are not known yet, which says nothing about this one.
        continue;
      }
      RuleStatus next = NextStatus(*work.rule, work.sighting, options_.now());
      if (next == work.rule->status) {
        continue;
      }
      if (stored.contains(work.rule->uid)) {
        // A write on what is shown could only meet the last one's revision.
        again_ = std::min(again_, kLagInterval);
        continue;
      }
      writes.push_back({.rule = work.rule.get(), .next = std::move(next)});
    }
    return writes;
  }

  void WriteStatuses() {
    std::map<std::string, std::uint64_t> before = owner_.TakeStored(name_);
    std::map<std::string, std::uint64_t> stored;
    for (const Work& work : work_) {
      const auto found = before.find(work.rule->uid);
      if (found != before.end() && work.rule->revision < found->second) {
        stored.insert(*found);
      }
    }
    std::vector<StatusWrite> writes = StatusesToWrite(stored);
    if (writes.size() > kStatusesWhenWoken && options_.is_woken(name_)) {
      // Rules that wait to be programmed come before what is said of those that are.
      std::sort(writes.begin(), writes.end(), [](const StatusWrite& a, const StatusWrite& b) {
        return a.rule->revision < b.rule->revision;
      });
      writes.resize(kStatusesWhenWoken);
    }
    InParallel(options_.parallel_calls, writes.size(), [&](std::size_t i) {
      writes[i].stored = with_.rules.WriteStatus(*writes[i].rule, writes[i].next);
    });
    for (const StatusWrite& write : writes) {
      const Rule& rule = *write.rule;
      if (write.stored.ok()) {
        stored.emplace(rule.uid, *write.stored);
        if (write.next.IsTrue(kProgrammed) && !rule.status.IsTrue(kProgrammed)) {
          owner_.TellProgrammed(rule);
        }
      } else if (IsGoneOrChanged(write.stored.status())) {
        again_ = std::min(again_, kLagInterval);
      } else {
        Note(WithContext(write.stored.status(),
                         "writing the status of rule " + rule.name.ToString()));
      }
    }
    owner_.KeepStored(name_, std::move(stored));
  }

  struct Lost {
    RulePtr rule;
    bool rests_on_absence = false;
  };

  PoolReconciler& owner_;
  const Dependencies& with_;
  const Options& options_;
  const pool::PoolName& name_;

  RuleSnapshot snapshot_;
  /// Null if there is no such pool, or it cannot be used; no_pool_ then says why.
  std::shared_ptr<const pool::PoolState> state_;
  absl::Status no_pool_;
  std::size_t count_ = 0;
  std::vector<Work> work_;
  std::vector<RulePtr> removing_;
  std::set<std::string> still_bound_;
  /// Those whose claim was read as theirs in this pass.
  std::set<const Rule*> bound_;
  std::vector<Lost> lost_;
  std::size_t absent_ = 0;
  bool programmed_ = true;
  ProgramResult result_;

  /// Rules whose entries are there and not yet recorded as written.
  int fresh_ = 0;
  std::chrono::milliseconds again_{};
  absl::Status first_error_;
};

absl::StatusOr<PoolReconciler::Outcome> PoolReconciler::Reconcile(const pool::PoolName& pool) {
  return Pass(*this, pool).Run();
}

bool PoolReconciler::SawAbsenceBefore(const std::string& rule_uid) {
  const kube::Clock::TimePoint now = with_.clock.Now();
  MutexLock lock(mutex_);
  // Those of rules that another replica deleted.
  std::erase_if(absences_, [&](const auto& absence) {
    return now - absence.second > 10 * options_.absence_interval;
  });
  const auto [first, added] = absences_.emplace(rule_uid, now);
  return !added && now - first->second >= options_.absence_interval;
}

void PoolReconciler::NoteWaiting(const pool::PoolName& pool, const RuleSnapshot& rules) {
  const kube::Clock::TimePoint now = with_.clock.Now();
  std::map<std::string, kube::Clock::TimePoint> waiting;
  MutexLock lock(mutex_);
  std::map<std::string, kube::Clock::TimePoint>& before = waiting_[pool.value()];
  for (const RulePtr& rule : rules.rules) {
    if (rule->name.pool() == pool && !rule->removing && !rule->status.IsTrue(kProgrammed)) {
      const auto since = before.find(rule->uid);
      waiting.emplace(rule->uid, since == before.end() ? now : since->second);
    }
  }
  before = std::move(waiting);
  if (before.empty()) {
    waiting_.erase(pool.value());
  }
}

std::map<std::string, std::uint64_t> PoolReconciler::TakeStored(const pool::PoolName& pool) {
  MutexLock lock(mutex_);
  const auto found = stored_.extract(pool.value());
  return found.empty() ? std::map<std::string, std::uint64_t>() : std::move(found.mapped());
}

void PoolReconciler::KeepStored(const pool::PoolName& pool,
                                std::map<std::string, std::uint64_t> stored) {
  if (stored.empty()) {
    return;
  }
  MutexLock lock(mutex_);
  stored_.insert_or_assign(pool.value(), std::move(stored));
}

void PoolReconciler::TellProgrammed(const Rule& rule) {
  std::optional<kube::Clock::TimePoint> since;
  {
    MutexLock lock(mutex_);
    const auto pool = waiting_.find(rule.name.pool().value());
    if (pool != waiting_.end()) {
      if (const auto found = pool->second.find(rule.uid); found != pool->second.end()) {
        since = found->second;
      }
    }
  }
  if (since) {
    options_.on_programmed(with_.clock.Now() - *since);
  }
}

void PoolReconciler::ForgetAbsence(const std::string& rule_uid) {
  MutexLock lock(mutex_);
  absences_.erase(rule_uid);
}

}  // namespace berth::ingress
