#include "port-service/domain/allocator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/domain/candidate_walk.h"
#include "port-service/domain/claim_key.h"
#include "port-service/domain/quota.h"
#include "port-service/domain/sweep.h"

namespace berth::port {
namespace {

using pool::ClaimName;
using pool::Port;
using pool::PortsByProtocol;
using pool::Protocol;

/// How often a request begins anew when another call for it gets in its way.
constexpr int kMaxRounds = 10;

absl::Status InTheWay(const ClaimRequest& request) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT,
               fmt::format("other calls with request_id '{}' changed its claims; repeat the call",
                           request.request_id.value()))
      .WithRetryAfter(std::chrono::seconds(1));
}

absl::Status RequestIdReused(const ClaimRequest& request, const Claim& claim) {
  return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_REQUEST_ID_REUSED,
               fmt::format("request_id '{}' was used for claim '{}' with another request",
                           request.request_id.value(), claim.name.ToString()))
      .WithMetadata("claim", claim.name.ToString());
}

absl::Status PortTaken(const pool::PoolName& pool, Port port) {
  return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_PORT_TAKEN,
               fmt::format("port {} of pool '{}' is taken: ask for another one or leave the choice "
                           "to the server",
                           port.number(), pool.value()))
      .WithMetadata("pool", pool.value())
      .WithMetadata("port", port.ToString());
}

absl::Status PortNotAllowed(const pool::Pool& pool, Port port) {
  return Error(
             absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_PORT_NOT_ALLOWED,
             fmt::format("port {} is reserved or outside of {} to {}, the range of pool '{}'",
                         port.number(), pool.first.number(), pool.last.number(), pool.name.value()))
      .WithMetadata("pool", pool.name.value())
      .WithMetadata("port", port.ToString());
}

/// Of claims for one entry and protocol the one that counts.
std::optional<Claim> Winner(const std::vector<Claim>& claims, Protocol protocol,
                            const std::string& pool_uid) {
  std::optional<Claim> winner;
  for (const Claim& claim : claims) {
    if (claim.name.protocol() != protocol || claim.pool_uid != pool_uid || !claim.alive()) {
      continue;
    }
    if (!winner.has_value() || Precedes(claim, *winner)) {
      winner = claim;
    }
  }
  return winner;
}

/// One try at a request; ABORTED means that another may succeed.
class Attempt {
 public:
  /// `gone` holds the uids of claims that are known to be gone though the view may still show them.
  Attempt(ClaimStore& store, ClaimView& view, ClusterReader& cluster, const ServerNow& now,
          const pool::PoolState& pool, const ClaimRequest& request, std::set<std::string>& gone)
      : store_(store),
        view_(view),
        cluster_(cluster),
        now_(now),
        pool_(pool),
        pool_name_(pool.pool.name),
        request_(request),
        gone_(gone) {}

  absl::StatusOr<std::vector<Claim>> Run();

  /// Takes back what this attempt created, as far as that can be done.
  void TakeBackAll();

  /// Whether it failed because another call for the request has chosen another pool.
  bool chosen_elsewhere() const { return chosen_elsewhere_; }

 private:
  struct Entry {
    const PortWish* wish = nullptr;
    /// What it has so far; all of one number.
    std::map<Protocol, Claim> held;
    /// The number that is tried next.
    std::optional<Port> choice;

    bool complete() const { return held.size() == wish->protocols.size(); }
  };

  enum class Outcome {
    /// The entry is complete.
    kComplete,
    /// The number belongs to somebody else for one of the protocols.
    kTaken,
    /// Another call for the same request was first, with another number.
    kJoined,
  };

  absl::Status FindHeld();
  absl::Status CheckSameRequest(const PortWish& wish, const Claim& claim) const;
  absl::Status CheckAskedFor(const Entry& entry) const;
  absl::StatusOr<std::vector<Entry*>> Plan();
  void FindResting();
  std::optional<Port> FormerPort(const PortWish& wish);
  absl::StatusOr<Port> NextCandidate(const PortWish& wish);
  absl::Status Exhausted(const PortWish& wish) const;

  absl::Status Acquire(Entry& entry);
  absl::StatusOr<Outcome> Take(Entry& entry, Port port);
  absl::StatusOr<std::optional<Claim>> CreateOrFind(const PortWish& wish, const ClaimName& name);
  absl::StatusOr<std::optional<Claim>> Return(const PortWish& wish, const Claim& resting,
                                              const Claim& wanted);
  bool IsOurs(const PortWish& wish, const Claim& claim) const;
  absl::Status GiveUp(Entry& entry);
  bool Created(const Claim& claim) const { return created_.contains(claim.uid); }
  absl::Status TakeBack(const Claim& claim);
  absl::Status Undo(const Claim& created);
  absl::Status CheckQuotas();
  absl::Status CheckChoiceOfPool();
  absl::StatusOr<Claim> Adopt(Claim claim);
  absl::StatusOr<std::vector<Claim>> Answer();

  void MarkUnavailable(const PortWish& wish, Port port) {
    for (const Protocol protocol : wish.protocols) {
      unavailable_.Of(protocol).Insert(port);
    }
  }

  ClaimStore& store_;
  ClaimView& view_;
  ClusterReader& cluster_;
  const ServerNow& now_;
  const pool::PoolState& pool_;
  const pool::PoolName& pool_name_;
  const ClaimRequest& request_;
  std::set<std::string>& gone_;

  std::vector<Entry> entries_;
  /// Ports that are not candidates: claimed, held by others, tried or planned.
  PortsByProtocol unavailable_;
  /// The owner's claims in quarantine, the one to be tried first in front.
  std::vector<Claim> resting_;
  /// What this attempt created or took out of quarantine, by uid.
  std::map<std::string, Claim> created_;
  bool chosen_elsewhere_ = false;
};

absl::StatusOr<std::vector<Claim>> Attempt::Run() {
  RETURN_IF_ERROR(FindHeld());
  ASSIGN_OR_RETURN(const std::vector<Entry*> missing, Plan());
  for (Entry* entry : missing) {
    RETURN_IF_ERROR(Acquire(*entry));
  }
  RETURN_IF_ERROR(CheckQuotas());
  RETURN_IF_ERROR(CheckChoiceOfPool());
  return Answer();
}

absl::Status Attempt::FindHeld() {
  std::vector<Claim> claims = view_.FindByRequest(request_.owner, request_.request_id);
  const bool chosen = std::holds_alternative<PoolSelector>(request_.pool);
  std::erase_if(claims, [&](const Claim& claim) {
    // What other calls made in pools that they chose is looked at once this one has its own.
    return !claim.alive() || gone_.contains(claim.uid) ||
           (chosen && claim.name.pool() != pool_name_);
  });
  for (const PortWish& wish : request_.wishes) {
    std::vector<Claim> of_entry;
    for (const Claim& claim : claims) {
      if (claim.entry == wish.name) {
        RETURN_IF_ERROR(CheckSameRequest(wish, claim));
        of_entry.push_back(claim);
      }
    }
    Entry entry{.wish = &wish};
    for (const Protocol protocol : wish.protocols) {
      const std::optional<Claim> winner = Winner(of_entry, protocol, pool_.pool.uid);
      if (winner.has_value() &&
          (!entry.choice.has_value() || entry.choice == winner->name.port())) {
        entry.choice = winner->name.port();
        entry.held.emplace(protocol, *winner);
      }
    }
    entries_.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::Status Attempt::CheckSameRequest(const PortWish& wish, const Claim& claim) const {
  const bool same =
      claim.name.pool() == pool_name_ &&
      std::find(wish.protocols.begin(), wish.protocols.end(), claim.name.protocol()) !=
          wish.protocols.end() &&
      (!wish.port.has_value() || wish.port == claim.name.port()) &&
      (!request_.ttl.has_value() || request_.ttl == claim.ttl) &&
      request_.exposure.has_value() == claim.exposure.has_value() &&
      (!claim.exposure.has_value() || request_.exposure->uid == claim.exposure->uid) &&
      HasLabels(claim.labels, request_.labels);
  return same ? absl::OkStatus() : RequestIdReused(request_, claim);
}

absl::Status Attempt::CheckAskedFor(const Entry& entry) const {
  const Port port = *entry.wish->port;
  if (!pool_.pool.Allows(port)) {
    return PortNotAllowed(pool_.pool, port);
  }
  for (const Protocol protocol : entry.wish->protocols) {
    if (!entry.wish->held_by_others && pool_.held_by_others.Of(protocol).Contains(port)) {
      return PortTaken(pool_name_, port);
    }
  }
  return absl::OkStatus();
}

/// Chooses a number for every entry that lacks one; the entries come back by ascending number, the
/// order in which requests that want the same ports cannot block each other.
absl::StatusOr<std::vector<Attempt::Entry*>> Attempt::Plan() {
  std::vector<Entry*> missing;
  for (Entry& entry : entries_) {
    if (!entry.complete()) {
      missing.push_back(&entry);
    }
  }
  if (missing.empty()) {
    return missing;
  }
  RETURN_IF_ERROR(pool_.usable);
  unavailable_ = view_.PortsOf(pool_name_).All();
  for (const Protocol protocol : pool::kProtocols) {
    unavailable_.Of(protocol) |= pool_.held_by_others.Of(protocol);
  }
  FindResting();
  for (Entry* entry : missing) {
    if (!entry->choice.has_value() && entry->wish->port.has_value()) {
      RETURN_IF_ERROR(CheckAskedFor(*entry));
      entry->choice = entry->wish->port;
      MarkUnavailable(*entry->wish, *entry->choice);
    }
  }
  for (Entry* entry : missing) {
    if (!entry->choice.has_value()) {
      ASSIGN_OR_RETURN(entry->choice, NextCandidate(*entry->wish));
    }
  }
  std::stable_sort(missing.begin(), missing.end(), [](const Entry* left, const Entry* right) {
    return *left->choice < *right->choice;
  });
  return missing;
}

/// What rests for this owner is free for it, unless others hold it on the load balancer, or it was
/// refused there.
void Attempt::FindResting() {
  resting_ = view_.FindResting(pool_name_, request_.owner);
  std::erase_if(resting_, [this](const Claim& claim) {
    return claim.deleting || claim.pool_uid != pool_.pool.uid ||
           request_.avoid.Contains(claim.name.port()) || !pool_.pool.Allows(claim.name.port()) ||
           pool_.held_by_others.Of(claim.name.protocol()).Contains(claim.name.port());
  });
  std::sort(resting_.begin(), resting_.end(), [](const Claim& left, const Claim& right) {
    return std::tie(right.quarantine_end, left.name) < std::tie(left.quarantine_end, right.name);
  });
  for (const Claim& claim : resting_) {
    unavailable_.Of(claim.name.protocol()).Erase(claim.name.port());
  }
}

/// The port that the owner had, for the same entry if there is one and else the one released last.
std::optional<Port> Attempt::FormerPort(const PortWish& wish) {
  const auto is_free = [&](const Claim& claim) {
    return std::none_of(wish.protocols.begin(), wish.protocols.end(), [&](Protocol protocol) {
      return unavailable_.Of(protocol).Contains(claim.name.port());
    });
  };
  const auto fits = [&](const Claim& claim) {
    return std::find(wish.protocols.begin(), wish.protocols.end(), claim.name.protocol()) !=
               wish.protocols.end() &&
           is_free(claim);
  };
  auto former = std::find_if(resting_.begin(), resting_.end(), [&](const Claim& claim) {
    return claim.entry == wish.name && fits(claim);
  });
  if (former == resting_.end()) {
    former = std::find_if(resting_.begin(), resting_.end(), fits);
  }
  if (former == resting_.end()) {
    return std::nullopt;
  }
  MarkUnavailable(wish, former->name.port());
  return former->name.port();
}

/// A port that the owner had, else the next on the walk.
absl::StatusOr<Port> Attempt::NextCandidate(const PortWish& wish) {
  if (const std::optional<Port> former = FormerPort(wish); former.has_value()) {
    return *former;
  }
  const CandidateWalk walk(pool_.pool, WalkSeed(pool_name_, request_.owner, request_.request_id));
  const std::optional<Port> port = walk.Find([&](Port candidate) {
    return pool_.pool.Allows(candidate) && !request_.avoid.Contains(candidate) &&
           std::none_of(wish.protocols.begin(), wish.protocols.end(), [&](Protocol protocol) {
             return unavailable_.Of(protocol).Contains(candidate);
           });
  });
  if (!port.has_value()) {
    return Exhausted(wish);
  }
  MarkUnavailable(wish, *port);
  return *port;
}

absl::Status Attempt::Exhausted(const PortWish& wish) const {
  const PortsByProtocol claimed = view_.PortsOf(pool_name_).All();
  int total = 0;
  int used = 0;
  int held = 0;
  for (int number = pool_.pool.first.number(); number <= pool_.pool.last.number(); ++number) {
    const Port port = *Port::Parse(number);
    const auto in = [&](const PortsByProtocol& ports) {
      return std::any_of(wish.protocols.begin(), wish.protocols.end(),
                         [&](Protocol protocol) { return ports.Of(protocol).Contains(port); });
    };
    if (pool_.pool.Allows(port)) {
      ++total;
      used += in(claimed) ? 1 : 0;
      held += !in(claimed) && in(pool_.held_by_others) ? 1 : 0;
    }
  }
  return Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_POOL_EXHAUSTED,
               fmt::format("pool '{}' has no free port: of {} ports {} are claimed or in "
                           "quarantine, {} are held by others, and the lowest {} of the range are "
                           "kept for requests that name a port",
                           pool_name_.value(), total, used, held, pool_.pool.static_ports))
      .WithMetadata("pool", pool_name_.value())
      .WithMetadata("total", std::to_string(total))
      .WithMetadata("used", std::to_string(used))
      .WithMetadata("held_by_others", std::to_string(held));
}

absl::Status Attempt::Acquire(Entry& entry) {
  while (true) {
    ASSIGN_OR_RETURN(const Outcome outcome, Take(entry, *entry.choice));
    switch (outcome) {
      case Outcome::kComplete:
        return absl::OkStatus();
      case Outcome::kJoined:
        entry.choice = entry.held.begin()->second.name.port();
        break;
      case Outcome::kTaken:
        RETURN_IF_ERROR(GiveUp(entry));
        if (entry.wish->port.has_value()) {
          return PortTaken(pool_name_, *entry.wish->port);
        }
        ASSIGN_OR_RETURN(entry.choice, NextCandidate(*entry.wish));
        break;
    }
  }
}

absl::StatusOr<Attempt::Outcome> Attempt::Take(Entry& entry, Port port) {
  for (const Protocol protocol : entry.wish->protocols) {
    if (entry.held.contains(protocol)) {
      continue;
    }
    const ClaimName name(pool_name_, protocol, port);
    ASSIGN_OR_RETURN(const std::optional<Claim> claim, CreateOrFind(*entry.wish, name));
    if (!claim.has_value()) {
      return Outcome::kTaken;
    }
    ASSIGN_OR_RETURN(const std::vector<Claim> duplicates, view_.FindDuplicates(*claim));
    const std::optional<Claim> winner = Winner(duplicates, protocol, pool_.pool.uid);
    if (!winner.has_value()) {
      return InTheWay(request_);
    }
    if (winner->uid == claim->uid) {
      entry.held.emplace(protocol, *winner);
      continue;
    }
    if (Created(*claim)) {
      RETURN_IF_ERROR(TakeBack(*claim));
    }
    if (!entry.held.empty()) {
      return InTheWay(request_);
    }
    entry.held.emplace(protocol, *winner);
    return Outcome::kJoined;
  }
  return Outcome::kComplete;
}

/// The claim of this name if it is this request's, whoever created it; none if it is another's.
absl::StatusOr<std::optional<Claim>> Attempt::CreateOrFind(const PortWish& wish,
                                                           const ClaimName& name) {
  ASSIGN_OR_RETURN(const kube::Time now, now_());
  const std::chrono::seconds ttl = request_.ttl.value_or(pool_.pool.claim_ttl);
  const Claim wanted{.name = name,
                     .pool_uid = pool_.pool.uid,
                     .owner = request_.owner,
                     .request_id = request_.request_id,
                     .entry = wish.name,
                     .ttl = ttl,
                     .exposure = request_.exposure,
                     .labels = request_.labels,
                     .state = ClaimState::kReserved,
                     .expire_time = Later(now, ttl)};
  absl::StatusOr<Claim> created = store_.Create(wanted);
  if (created.ok()) {
    created_.emplace(created->uid, *created);
    return std::optional(*std::move(created));
  }
  if (!absl::IsAlreadyExists(created.status())) {
    return created.status();
  }
  absl::StatusOr<Claim> found = store_.Get(name);
  if (absl::IsNotFound(found.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(found.status());
  if (CanReturn(*found, wanted)) {
    return Return(wish, *found, wanted);
  }
  return IsOurs(wish, *found) ? std::optional(*std::move(found)) : std::nullopt;
}

/// Takes a port out of quarantine, under the same conditions under which it would be freed but for
/// the time: its former owner's connections do not harm it. None if a rule is still in the way, or
/// something else of the former claim may be: then another port will do.
absl::StatusOr<std::optional<Claim>> Attempt::Return(const PortWish& wish, const Claim& resting,
                                                     const Claim& wanted) {
  ASSIGN_OR_RETURN(const bool has_rule, cluster_.HasRule(resting.name));
  if (has_rule) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const kube::Time now, now_());
  const absl::StatusOr<std::chrono::milliseconds> unswept = UntilSwept(cluster_, resting, now);
  if (!unswept.ok() || unswept->count() > 0) {
    return std::nullopt;
  }
  absl::StatusOr<Claim> returned = store_.Replace(Returned(resting, wanted));
  if (returned.ok()) {
    created_.emplace(returned->uid, *returned);
    return std::optional(*std::move(returned));
  }
  if (!absl::IsAborted(returned.status()) && !absl::IsNotFound(returned.status())) {
    return returned.status();
  }
  absl::StatusOr<Claim> found = store_.Get(resting.name);
  if (!found.ok()) {
    return absl::IsNotFound(found.status()) ? InTheWay(request_) : found.status();
  }
  if (IsOurs(wish, *found)) {
    return std::optional(*std::move(found));
  }
  return found->state == ClaimState::kQuarantined
             ? absl::StatusOr<std::optional<Claim>>(InTheWay(request_))
             : std::nullopt;
}

bool Attempt::IsOurs(const PortWish& wish, const Claim& claim) const {
  return claim.alive() && claim.pool_uid == pool_.pool.uid && claim.owner == request_.owner &&
         claim.request_id == request_.request_id && claim.entry == wish.name;
}

/// Lets go of a number that could not be had for all protocols. What another call created goes into
/// quarantine, because that call may answer with it.
absl::Status Attempt::GiveUp(Entry& entry) {
  for (const auto& [protocol, claim] : entry.held) {
    if (Created(claim)) {
      RETURN_IF_ERROR(TakeBack(claim));
      continue;
    }
    if (claim.answered()) {
      return PortTaken(pool_name_, claim.name.port());
    }
    ASSIGN_OR_RETURN(const kube::Time now, now_());
    ASSIGN_OR_RETURN(const Claim released,
                     Released(claim, QuarantineFrom(now, pool_.pool.quarantine)));
    const absl::Status status = store_.Replace(released).status();
    if (absl::IsAborted(status) || absl::IsNotFound(status)) {
      return InTheWay(request_);
    }
    RETURN_IF_ERROR(status);
    gone_.insert(claim.uid);
  }
  entry.held.clear();
  return absl::OkStatus();
}

absl::Status Attempt::TakeBack(const Claim& claim) {
  const Claim created = created_.at(claim.uid);
  created_.erase(claim.uid);
  const absl::Status status = Undo(created);
  if (absl::IsAborted(status)) {
    // Another call has answered with it: it stays.
    return InTheWay(request_);
  }
  if (!status.ok() && !absl::IsNotFound(status)) {
    return status;
  }
  gone_.insert(claim.uid);
  return absl::OkStatus();
}

/// Brings the port to where it was before this attempt: free, or in quarantine.
absl::Status Attempt::Undo(const Claim& created) {
  if (created.incarnation == 0) {
    return store_.Delete(created);
  }
  ASSIGN_OR_RETURN(const kube::Time now, now_());
  ASSIGN_OR_RETURN(const Claim released,
                   Released(created, QuarantineFrom(now, pool_.pool.quarantine)));
  return store_.Replace(released).status();
}

/// Once all is held and before any of it is answered: the count needs what others hold by then.
absl::Status Attempt::CheckQuotas() {
  for (const Entry& entry : entries_) {
    for (const auto& [protocol, claim] : entry.held) {
      if (claim.answered() || !pool_.pool.quotas.For(QuotaNamespace(claim)).has_value()) {
        continue;
      }
      ASSIGN_OR_RETURN(const std::vector<Claim> claims, view_.FindByQuota(claim));
      RETURN_IF_ERROR(CheckQuota(pool_.pool, claims, claim));
    }
  }
  return absl::OkStatus();
}

/// Of calls for one request that chose several pools the one that stored first goes on. Once all is
/// held: what was stored before any of it is seen by then.
absl::Status Attempt::CheckChoiceOfPool() {
  if (!std::holds_alternative<PoolSelector>(request_.pool) || created_.empty()) {
    return absl::OkStatus();
  }
  const auto last = std::max_element(
      created_.begin(), created_.end(),
      [](const auto& left, const auto& right) { return StoredBefore(left.second, right.second); });
  ASSIGN_OR_RETURN(std::vector<Claim> claims, view_.FindSameRequest(last->second));
  std::erase_if(claims,
                [this](const Claim& claim) { return !claim.alive() || gone_.contains(claim.uid); });
  const auto first = std::min_element(claims.begin(), claims.end(), Precedes);
  chosen_elsewhere_ = first != claims.end() && first->name.pool() != pool_name_;
  return chosen_elsewhere_ ? InTheWay(request_) : absl::OkStatus();
}

/// Makes sure that the call which created the claim does not take it back any more.
absl::StatusOr<Claim> Attempt::Adopt(Claim claim) {
  claim.adopted = true;
  absl::StatusOr<Claim> adopted = store_.Replace(claim);
  if (adopted.ok()) {
    return adopted;
  }
  if (!absl::IsAborted(adopted.status()) && !absl::IsNotFound(adopted.status())) {
    return adopted.status();
  }
  absl::StatusOr<Claim> found = store_.Get(claim.name);
  if (found.ok() && found->uid == claim.uid && found->alive() && found->answered()) {
    return found;
  }
  if (found.ok() || absl::IsNotFound(found.status())) {
    gone_.insert(claim.uid);
    return InTheWay(request_);
  }
  return found.status();
}

absl::StatusOr<std::vector<Claim>> Attempt::Answer() {
  std::vector<Claim> claims;
  for (const Entry& entry : entries_) {
    for (const Protocol protocol : entry.wish->protocols) {
      Claim claim = entry.held.at(protocol);
      if (!Created(claim) && !claim.answered()) {
        ASSIGN_OR_RETURN(claim, Adopt(std::move(claim)));
      }
      claims.push_back(std::move(claim));
    }
  }
  return claims;
}

void Attempt::TakeBackAll() {
  const std::map<std::string, Claim> created = created_;
  for (const auto& [uid, claim] : created) {
    // What cannot be deleted was answered by another call, or expires.
    const absl::Status status = TakeBack(claim);
    if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) {
      return;  // the others would only wait for the same
    }
  }
}

}  // namespace

Allocator::Allocator(ClaimStore& store, ClaimView& view, ClusterReader& cluster, ServerNow now)
    : store_(store), view_(view), cluster_(cluster), now_(std::move(now)) {}

absl::StatusOr<std::vector<Claim>> Allocator::Allocate(const pool::PoolState& pool,
                                                       const ClaimRequest& request) {
  std::set<std::string> gone;
  for (int round = 0; round < kMaxRounds; ++round) {
    Attempt attempt(store_, view_, cluster_, now_, pool, request, gone);
    absl::StatusOr<std::vector<Claim>> claims = attempt.Run();
    if (claims.ok()) {
      return claims;
    }
    attempt.TakeBackAll();
    if (!absl::IsAborted(claims.status()) || attempt.chosen_elsewhere()) {
      return claims;
    }
  }
  return InTheWay(request);
}

}  // namespace berth::port
