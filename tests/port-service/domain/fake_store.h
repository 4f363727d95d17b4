#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/pool/claim_uid.h"
#include "port-service/domain/claim_key.h"
#include "port-service/domain/claim_store.h"
#include "port-service/domain/pools.h"
#include "port-service/domain/quota.h"

namespace berth::port {

/// Stored claims in memory, with the rules of the API server: names are unique, changes carry uid
/// and resource version. Hooks run without the lock, so they may use the store: a test puts another
/// call, or a crash, between two steps of the one it looks at. Thread safe once the hooks are set.
class FakeStore : public ClaimStore {
 public:
  /// A fault at a write: its error, and whether the write happens all the same.
  struct Fault {
    absl::Status error;
    bool applied = false;
  };

  std::function<void(const Claim& wanted)> before_create;
  std::function<void(const Claim& created)> after_create;
  std::function<std::optional<Fault>(const Claim& wanted)> create_fault;
  std::function<std::optional<Fault>(const Claim& claim)> replace_fault;

  absl::StatusOr<Claim> Create(const Claim& wanted) override {
    if (before_create) {
      before_create(wanted);
    }
    std::optional<Fault> fault;
    if (create_fault) {
      fault = create_fault(wanted);
      if (fault.has_value() && !fault->applied) {
        return fault->error;
      }
    }
    absl::StatusOr<Claim> created = Insert(wanted);
    if (fault.has_value()) {
      return fault->error;
    }
    if (created.ok() && after_create) {
      after_create(*created);
    }
    return created;
  }

  absl::StatusOr<Claim> Get(const pool::ClaimName& name) override {
    std::lock_guard lock(mutex_);
    const auto found = claims_.find(name);
    if (found == claims_.end()) {
      return absl::NotFoundError(name.ToString());
    }
    return found->second;
  }

  absl::StatusOr<Claim> Replace(const Claim& claim) override {
    const std::optional<Fault> fault = replace_fault ? replace_fault(claim) : std::nullopt;
    if (fault.has_value() && !fault->applied) {
      return fault->error;
    }
    absl::StatusOr<Claim> replaced = Overwrite(claim);
    return fault.has_value() ? fault->error : replaced;
  }

  absl::StatusOr<Claim> Overwrite(const Claim& claim) {
    std::lock_guard lock(mutex_);
    if (absl::Status status = Check(claim); !status.ok()) {
      return status;
    }
    Claim stored = claim;
    stored.resource_version = std::to_string(++revision_);
    stored.uid = pool::ClaimUid(pool::ObjectUid(claim.uid), claim.incarnation);
    claims_.insert_or_assign(claim.name, stored);
    return stored;
  }

  absl::Status Delete(const Claim& claim) override {
    std::lock_guard lock(mutex_);
    if (absl::Status status = Check(claim); !status.ok()) {
      return status;
    }
    claims_.erase(claim.name);
    return absl::OkStatus();
  }

  absl::StatusOr<Claim> Insert(const Claim& wanted) {
    std::lock_guard lock(mutex_);
    if (claims_.contains(wanted.name)) {
      return absl::AlreadyExistsError(wanted.name.ToString());
    }
    Claim stored = wanted;
    stored.resource_version = std::to_string(++revision_);
    stored.uid = "claim-" + stored.resource_version;
    claims_.emplace(stored.name, stored);
    return stored;
  }

  std::vector<Claim> All() const {
    std::lock_guard lock(mutex_);
    std::vector<Claim> claims;
    claims.reserve(claims_.size());
    for (const auto& [name, claim] : claims_) {
      claims.push_back(claim);
    }
    return claims;
  }

 private:
  absl::Status Check(const Claim& claim) const {
    const auto found = claims_.find(claim.name);
    if (found == claims_.end()) {
      return absl::NotFoundError(claim.name.ToString());
    }
    if (found->second.uid != claim.uid ||
        found->second.resource_version != claim.resource_version) {
      return absl::AbortedError(claim.name.ToString());
    }
    return absl::OkStatus();
  }

  mutable std::mutex mutex_;
  std::uint64_t revision_ = 100;
  std::map<pool::ClaimName, Claim> claims_;
};

/// A replica's view of a FakeStore: current, or stuck at an earlier state except where the contract
/// asks for a newer one.
class FakeView : public ClaimView {
 public:
  explicit FakeView(const FakeStore& store) : store_(store) {}

  /// From now on the view shows what it shows now.
  void Freeze() { frozen_ = store_.All(); }
  void Thaw() { frozen_.reset(); }

  std::optional<Claim> Find(const pool::ClaimName& name) override {
    for (const Claim& claim : Seen()) {
      if (claim.name == name) {
        return claim;
      }
    }
    return std::nullopt;
  }

  std::vector<Claim> FindByRequest(const Owner& owner, const RequestId& request_id) override {
    std::vector<Claim> claims = Seen();
    std::erase_if(claims, [&](const Claim& claim) {
      return claim.owner != owner || claim.request_id != request_id;
    });
    return claims;
  }

  std::vector<Claim> FindResting(const pool::PoolName& pool, const Owner& owner) override {
    std::vector<Claim> claims = Seen();
    std::erase_if(claims, [&](const Claim& claim) {
      return claim.state != ClaimState::kQuarantined || claim.name.pool() != pool ||
             claim.owner != owner;
    });
    return claims;
  }

  absl::StatusOr<std::vector<Claim>> FindDuplicates(const Claim& claim) override {
    std::vector<Claim> claims = store_.All();
    std::erase_if(claims, [&](const Claim& other) { return ClaimKey(other) != ClaimKey(claim); });
    return claims;
  }

  absl::StatusOr<std::vector<Claim>> FindSameRequest(const Claim& claim) override {
    std::vector<Claim> claims = store_.All();
    std::erase_if(claims, [&](const Claim& other) {
      return other.owner != claim.owner || other.request_id != claim.request_id;
    });
    return claims;
  }

  absl::StatusOr<std::vector<Claim>> FindByQuota(const Claim& claim) override {
    std::vector<Claim> claims = store_.All();
    std::erase_if(claims, [&](const Claim& other) {
      return other.name.pool() != claim.name.pool() ||
             QuotaNamespace(other) != QuotaNamespace(claim);
    });
    return claims;
  }

  ClaimedPorts PortsOf(const pool::PoolName& pool) override {
    ClaimedPorts ports;
    for (const Claim& claim : Seen()) {
      if (claim.name.pool() == pool) {
        (claim.state == ClaimState::kQuarantined ? ports.quarantined : ports.used)
            .Of(claim.name.protocol())
            .Insert(claim.name.port());
      }
    }
    return ports;
  }

 private:
  std::vector<Claim> Seen() const { return frozen_.has_value() ? *frozen_ : store_.All(); }

  const FakeStore& store_;
  std::optional<std::vector<Claim>> frozen_;
};

/// Pools as a replica sees them.
class FakePools : public Pools {
 public:
  void Put(const pool::PoolState& pool) {
    pools_[pool.pool.name] = std::make_shared<const pool::PoolState>(pool);
  }
  void Close(const pool::PoolName& name) { closed_.insert(name); }

  absl::StatusOr<std::shared_ptr<const pool::PoolState>> Find(const pool::PoolName& name) override {
    const auto found = pools_.find(name);
    if (found == pools_.end()) {
      return absl::NotFoundError(name.value());
    }
    return found->second;
  }

  absl::StatusOr<std::vector<std::shared_ptr<const pool::PoolState>>> List() override {
    std::vector<std::shared_ptr<const pool::PoolState>> pools;
    for (const auto& [name, pool] : pools_) {
      pools.push_back(pool);
    }
    return pools;
  }

  absl::Status CheckOpen(const pool::Pool& pool) override {
    return closed_.contains(pool.name) ? absl::UnavailableError(pool.name.value())
                                       : absl::OkStatus();
  }

 private:
  std::map<pool::PoolName, std::shared_ptr<const pool::PoolState>> pools_;
  std::set<pool::PoolName> closed_;
};

/// Pools and rules in memory.
class FakeCluster : public ClusterReader {
 public:
  void Put(const pool::Pool& pool) { pools_.insert_or_assign(pool.name, pool); }
  void RemovePool(const pool::PoolName& name) { pools_.erase(name); }
  void PutRule(const pool::ClaimName& name) { rules_.insert(name); }
  void RemoveRule(const pool::ClaimName& name) { rules_.erase(name); }

  absl::StatusOr<pool::Pool> ReadPool(const pool::PoolName& name) override {
    const auto found = pools_.find(name);
    if (found == pools_.end()) {
      return absl::NotFoundError(name.value());
    }
    return found->second;
  }

  absl::StatusOr<bool> HasRule(const pool::ClaimName& name) override {
    return rules_.contains(name);
  }

  absl::StatusOr<bool> HasObjects(const Claim& claim) override {
    ++lists;
    if (!list_error.ok()) {
      return list_error;
    }
    return objects.contains(claim.uid);
  }

  /// Uids of claims that something is left of.
  std::set<std::string> objects;
  absl::Status list_error;
  int lists = 0;

 private:
  std::map<pool::PoolName, pool::Pool> pools_;
  std::set<pool::ClaimName> rules_;
};

/// A clock that stands until a test moves it.
class FakeServerClock {
 public:
  kube::Time now = kube::Time(std::chrono::seconds(1'800'000'000));
  /// Whether the API server's time is known.
  bool known = true;

  ServerNow reader() {
    return [this]() -> absl::StatusOr<kube::Time> {
      if (!known) {
        return absl::UnavailableError("no sample");
      }
      return now;
    };
  }
};

inline pool::Pool TestPool() {
  return {.name = *pool::PoolName::Parse("edge"),
          .uid = "pool-1",
          .load_balancers = {{pool::LoadBalancerKind::kService, {"ingress", "controller"}}},
          .first = pool::Port::Of<20000>(),
          .last = pool::Port::Of<20999>(),
          .static_ports = 31,
          .claim_ttl = std::chrono::minutes(10),
          .quarantine = std::chrono::minutes(5)};
}

inline Claim TestClaim(ClaimState state = ClaimState::kReserved, int port = 20500) {
  const pool::ClaimName name(TestPool().name, pool::Protocol::kTcp, *pool::Port::Parse(port));
  Claim claim{.name = name,
              .pool_uid = "pool-1",
              .owner = *Owner::Parse("team-a/web"),
              .request_id = *RequestId::Parse("request-1"),
              .ttl = std::chrono::minutes(10),
              .state = state};
  const kube::Time start = FakeServerClock().now;
  if (state == ClaimState::kReserved) {
    claim.expire_time = start + claim.ttl;
  } else {
    claim.rule = name.ToString();
    claim.ever_bound = true;
  }
  if (state == ClaimState::kQuarantined) {
    claim.quarantine_begin = start;
    claim.quarantine_end = start + std::chrono::minutes(5);
  }
  return claim;
}

}  // namespace berth::port
