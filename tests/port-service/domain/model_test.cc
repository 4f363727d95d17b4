// Random operations of several callers on two replicas, compared after each with a model that only
// knows what callers were told: who was answered which port, and when it ended.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "port-service/domain/allocator.h"
#include "port-service/domain/claim_lifecycle.h"
#include "port-service/domain/claim_reaper.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using pool::ClaimName;
using pool::Port;
using pool::Protocol;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kSeeds = 40;
constexpr int kOperations = 400;
constexpr int kFirstPort = 20000;
constexpr int kLastPort = 20023;
constexpr seconds kTtl{60};
constexpr seconds kQuarantine{120};

// Who a port was answered to.
struct Grant {
  std::string owner;
  std::string request;
  std::string entry;
  std::string uid;
  bool bound = false;
  /// RELEASING: it ends when its rule is gone.
  bool releasing = false;
  /// The earliest moment at which it may have ended; none while it cannot have.
  std::optional<kube::Time> end;

  bool IsOf(const Claim& claim) const {
    return owner == claim.owner.value() && request == claim.request_id.value() &&
           entry == claim.entry.value();
  }
};

class ModelTest : public testing::TestWithParam<int> {
 protected:
  struct Replica {
    explicit Replica(ModelTest& test)
        : view(test.store_),
          allocator(test.store_, view, test.cluster_, test.clock_.reader()),
          reaper(test.store_, test.cluster_, test.clock_.reader(),
                 [](const pool::PoolName&) { return std::optional<std::string>("pool-1"); }) {}
    FakeView view;
    Allocator allocator;
    ClaimReaper reaper;
  };

  ModelTest() : random_(static_cast<unsigned>(GetParam())) {
    pool_.pool.first = *Port::Parse(kFirstPort);
    pool_.pool.last = *Port::Parse(kLastPort);
    pool_.pool.static_ports = 4;
    pool_.pool.claim_ttl = kTtl;
    pool_.pool.quarantine = kQuarantine;
    pool_.pool.reserved.Insert(*Port::Parse(kFirstPort + 7));
    cluster_.Put(pool_.pool);
    pools_.Put(pool_);
    for (int i = 0; i < 2; ++i) {
      replicas_.push_back(std::make_unique<Replica>(*this));
    }
    const auto fault = [this](const Claim&) -> std::optional<FakeStore::Fault> {
      if (!faults_ || Below(12) != 0) {
        return std::nullopt;
      }
      faulted_ = true;
      return FakeStore::Fault{absl::UnavailableError("lost"), /*applied=*/Below(2) == 0};
    };
    store_.create_fault = fault;
    store_.replace_fault = fault;
  }

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  Replica& AnyReplica() { return *replicas_[static_cast<std::size_t>(Below(2))]; }

  // The same one for the same caller and number, as a repeated call has it.
  static ClaimRequest RequestOf(int owner, int number) {
    std::mt19937 random(static_cast<unsigned>(owner * 1000 + number));
    const auto below = [&](int limit) {
      return std::uniform_int_distribution<int>(0, limit - 1)(random);
    };
    const std::array<std::vector<Protocol>, 3> protocols = {
        std::vector{Protocol::kTcp}, std::vector{Protocol::kUdp},
        std::vector{Protocol::kTcp, Protocol::kUdp}};
    std::vector<PortWish> wishes;
    const int entries = 1 + below(2);
    for (int i = 0; i < entries; ++i) {
      PortWish wish{.name = *EntryName::Parse(i == 0 ? "a" : "b"),
                    .protocols = protocols[static_cast<std::size_t>(below(3))]};
      if (below(4) == 0) {
        wish.port = *Port::Parse(kFirstPort + i * 8 + below(8));
      }
      wishes.push_back(std::move(wish));
    }
    return {.pool = TestPool().name,
            .owner = *Owner::Parse("team-" + std::to_string(owner) + "/web"),
            .request_id = *RequestId::Parse("request-" + std::to_string(number)),
            .wishes = std::move(wishes)};
  }

  // The model knows that time alone ends what is only reserved.
  bool MayHaveEnded(const Grant& grant) const { return grant.end && *grant.end <= clock_.now; }

  void OnAnswer(const Claim& claim) {
    ASSERT_TRUE(pool_.pool.Allows(claim.name.port())) << claim.name.ToString();
    ASSERT_EQ(claim.state == ClaimState::kBound || claim.state == ClaimState::kReserved, true);
    const auto found = grants_.find(claim.name);
    const bool is_new = found == grants_.end() || found->second.uid != claim.uid;
    if (is_new) {
      ASSERT_FALSE(rules_.contains(claim.name))
          << claim.name.ToString() << " is handed out while a rule of its former claim is there";
    }
    if (is_new && found != grants_.end()) {
      const Grant& former = found->second;
      ASSERT_TRUE(MayHaveEnded(former))
          << claim.name.ToString() << " belongs to " << former.owner << " " << former.request;
      if (former.owner != claim.owner.value()) {
        ASSERT_LE(*former.end + kQuarantine, clock_.now)
            << claim.name.ToString() << " was not left to rest";
      }
    }
    answered_.insert(claim.uid);
    grants_[claim.name] = {
        .owner = claim.owner.value(),
        .request = claim.request_id.value(),
        .entry = claim.entry.value(),
        .uid = claim.uid,
        .bound = claim.state == ClaimState::kBound,
        .end = claim.state == ClaimState::kBound ? std::nullopt : claim.expire_time};
  }

  // A view that lags may show the caller's claim as it was: it can do nothing with that uid any
  // more.
  bool IsOld(const Claim& claim) {
    const absl::StatusOr<Claim> stored = store_.Get(claim.name);
    if (stored.ok() && stored->uid == claim.uid && stored->alive()) {
      return false;
    }
    EXPECT_TRUE(answered_.contains(claim.uid)) << claim.name.ToString() << " was never its own";
    ClaimLifecycle lifecycle(store_, AnyReplica().view, cluster_, pools_, clock_.reader());
    const bool was_faulty = std::exchange(faults_, false);
    EXPECT_FALSE(lifecycle.Bind(claim.name, claim.uid, claim.name.ToString()).ok());
    faults_ = was_faulty;
    return true;
  }

  std::set<std::string> AliveUids(const ClaimRequest& request) const {
    std::set<std::string> uids;
    for (const Claim& claim : store_.All()) {
      if (claim.owner == request.owner && claim.request_id == request.request_id && claim.alive()) {
        uids.insert(claim.uid);
      }
    }
    return uids;
  }

  void ClaimPorts() {
    const ClaimRequest request = RequestOf(Below(4), Below(5));
    const std::set<std::string> before = AliveUids(request);
    faulted_ = false;
    const auto claims = AnyReplica().allocator.Allocate(pool_, request);
    if (!claims.ok()) {
      if (!faulted_) {
        for (const std::string& uid : AliveUids(request)) {
          ASSERT_TRUE(before.contains(uid))
              << "a call that failed keeps nothing: " << claims.status();
        }
      }
      return;
    }
    std::map<std::string, Port> number_of;
    std::size_t wanted = 0;
    for (const PortWish& wish : request.wishes) {
      wanted += wish.protocols.size();
    }
    ASSERT_EQ(claims->size(), wanted);
    for (const Claim& claim : *claims) {
      const auto [entry, added] = number_of.emplace(claim.entry.value(), claim.name.port());
      ASSERT_TRUE(added || entry->second == claim.name.port()) << "one number for both protocols";
      if (IsOld(claim)) {
        continue;
      }
      // What was answered before and has not ended is answered again.
      for (const auto& [name, grant] : grants_) {
        const bool is_its_own = grant.IsOf(claim) && !grant.end &&
                                name.protocol() == claim.name.protocol() && !grant.releasing;
        ASSERT_TRUE(!is_its_own || name == claim.name) << "another port for a repeated call";
      }
      OnAnswer(claim);
    }
  }

  std::map<ClaimName, Grant>::iterator AnyGrant() {
    auto grant = grants_.begin();
    std::advance(grant, Below(static_cast<int>(grants_.size())));
    return grant;
  }

  // A lost answer leaves two ends of it possible; the store says which one came true.
  void Settle(const ClaimName& name, Grant& grant) {
    const absl::StatusOr<Claim> stored = store_.Get(name);
    if (!stored.ok() || stored->uid != grant.uid) {
      return;
    }
    grant.bound = stored->state == ClaimState::kBound;
    grant.releasing = stored->state == ClaimState::kReleasing;
    switch (stored->state) {
      case ClaimState::kReserved:
        grant.end = stored->expire_time;
        break;
      case ClaimState::kBound:
      case ClaimState::kReleasing:
        grant.end.reset();
        break;
      case ClaimState::kQuarantined:
        grant.end = std::min(grant.end.value_or(clock_.now), clock_.now);
        break;
    }
  }

  void ChangeAGrant() {
    if (grants_.empty()) {
      return;
    }
    const auto grant = AnyGrant();
    ClaimLifecycle lifecycle(store_, AnyReplica().view, cluster_, pools_, clock_.reader());
    const ClaimName& name = grant->first;
    const std::string& uid = grant->second.uid;
    switch (Below(4)) {
      case 0:
        if (lifecycle.Bind(name, uid, name.ToString()).ok() && Below(4) != 0) {
          rules_.insert(name);
          cluster_.PutRule(name);
        }
        break;
      case 1:
        (void)lifecycle.Unbind(name, uid);
        break;
      case 2:
        (void)lifecycle.Release(name, uid);
        break;
      default:
        (void)lifecycle.Renew(name, uid, kTtl * (1 + Below(3)));
    }
    Settle(name, grant->second);
  }

  // Ingress-service deletes the rules of claims that are not bound any more.
  void RemoveARule() {
    for (const ClaimName& name : rules_) {
      const absl::StatusOr<Claim> claim = store_.Get(name);
      if (!claim.ok() || claim->state != ClaimState::kBound) {
        cluster_.RemoveRule(name);
        rules_.erase(name);
        return;
      }
    }
  }

  void Reap() {
    for (const Claim& claim : store_.All()) {
      if (Below(2) == 0) {
        (void)AnyReplica().reaper.Step(claim);
      }
    }
    for (auto& [name, grant] : grants_) {
      Settle(name, grant);
    }
  }

  void ChangeForeignPorts() {
    const Port port = *Port::Parse(kFirstPort + Below(kLastPort - kFirstPort + 1));
    pool::PortSet& held = pool_.held_by_others.Of(Below(2) == 0 ? Protocol::kTcp : Protocol::kUdp);
    if (held.Contains(port)) {
      held.Erase(port);
    } else if (held.Ports().size() < 4) {
      held.Insert(port);
    }
  }

  void Operate() {
    faults_ = Below(3) == 0;
    switch (Below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        ClaimPorts();
        break;
      case 4:
      case 5:
        ChangeAGrant();
        break;
      case 6:
        RemoveARule();
        break;
      case 7:
        Reap();
        break;
      case 8:
        ChangeForeignPorts();
        break;
      case 9:
        AnyReplica().view.Freeze();
        break;
      case 10:
        AnyReplica().view.Thaw();
        break;
      default:
        clock_.now += seconds(1 + Below(90));
    }
  }

  std::mt19937 random_;
  pool::PoolState pool_{.pool = TestPool(), .known = true};
  FakeServerClock clock_;
  FakeStore store_;
  FakeCluster cluster_;
  FakePools pools_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  /// By port: the last answer that was given for it.
  std::map<ClaimName, Grant> grants_;
  /// Uids of all claims that were ever answered.
  std::set<std::string> answered_;
  std::set<ClaimName> rules_;
  bool faults_ = false;
  bool faulted_ = false;
};

TEST_P(ModelTest, NoPortHasTwoOwnersAndNothingIsLost) {
  for (int i = 0; i < kOperations && !HasFatalFailure(); ++i) {
    Operate();
  }
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_FALSE(grants_.empty());

  // Once everybody has let go and time has passed, every port is free again.
  faults_ = false;
  for (auto& replica : replicas_) {
    replica->view.Thaw();
  }
  ClaimLifecycle lifecycle(store_, AnyReplica().view, cluster_, pools_, clock_.reader());
  for (const Claim& claim : store_.All()) {
    (void)lifecycle.Unbind(claim.name, claim.uid);
  }
  while (!rules_.empty()) {
    const std::size_t before = rules_.size();
    RemoveARule();
    ASSERT_LT(rules_.size(), before);
  }
  for (int i = 0; i < 4; ++i) {
    clock_.now += minutes(10);
    for (const Claim& claim : store_.All()) {
      (void)replicas_[0]->reaper.Step(claim);
    }
  }
  EXPECT_TRUE(store_.All().empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, testing::Range(1, kSeeds + 1));

}  // namespace
}  // namespace berth::port
