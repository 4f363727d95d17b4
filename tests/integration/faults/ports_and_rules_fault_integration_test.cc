// Many callers make mixed calls to port-service and ingress-service while everything fails that can
// fail. BERTH_FAULT_OPERATIONS says how many calls, BERTH_FAULT_SEED repeats a run's choices.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/grpc/channel.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/claim_uid.h"
#include "common/pool/owned_ports.h"
#include "common/status/rpc_status.h"
#include "common/sync/mutex.h"
#include "tests/integration/faults/fault_world.h"
#include "tests/integration/faults/foreign_entries.h"
#include "tests/integration/faults/port_ledger.h"
#include "tests/integration/harness/eventually.h"

namespace berth::faults {
namespace {

using harness::Eventually;
using kube::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::uint64_t kDefaultOperations = 600;
constexpr int kCallers = 8;
constexpr std::size_t kMostHeld = 6;
constexpr seconds kTtl{120};
// Clock steps and the way of an answer.
constexpr seconds kTtlMargin{60};
// Of one call. The services' own calls end before.
constexpr seconds kDeadline{90};

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What calls were made and how they ended. Thread safe.
class Tally {
 public:
  /// `took` is compared with the deadline.
  void Add(const std::string& call, const absl::Status& status, steady_clock::duration took) {
    MutexLock lock(mutex_);
    ++calls_[call][absl::StatusCodeToString(status.code())];
    longest_ = std::max(longest_, took);
    if (took >= kDeadline) unanswered_.push_back(call + ": " + status.ToString());
  }
  std::vector<std::string> unanswered() const {
    MutexLock lock(mutex_);
    return unanswered_;
  }
  /// How many calls of a kind succeeded.
  int Succeeded(const std::string& call) {
    MutexLock lock(mutex_);
    return calls_[call]["OK"];
  }
  std::string Describe() const {
    MutexLock lock(mutex_);
    std::string text = fmt::format("longest call: {} ms\n",
                                   std::chrono::duration_cast<milliseconds>(longest_).count());
    for (const auto& [call, ends] : calls_) {
      text += call + ":";
      for (const auto& [end, count] : ends) text += fmt::format(" {} {}", count, end);
      text += "\n";
    }
    return text;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::map<std::string, int>> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> unanswered_ ABSL_GUARDED_BY(mutex_);
  steady_clock::duration longest_ ABSL_GUARDED_BY(mutex_){};
};

/// One caller, for one thread: claims ports, puts rules on them, and gives back what it holds, by
/// call or as somebody with kubectl does.
class Caller {
 public:
  Caller(FaultWorld& world, PortLedger& ledger, Tally& tally, int number, std::uint64_t seed)
      : world_(world), ledger_(ledger), tally_(tally), number_(number), random_(seed) {}

  /// One operation.
  void Act();
  /// Repeats what was not answered and gives everything back; true once nothing is left.
  bool GiveAllBack();

 private:
  struct Held {
    port::v1::PortClaim claim;
    /// Bound, as far as is known; it takes DeleteRule to give it back.
    bool applied = false;
    /// The call that gives it back has been sent.
    bool leaving = false;
  };
  struct Asked {
    port::v1::ClaimRequest request;
    PortLedger::TimePoint first_sent;
  };

  std::uint64_t Draw(std::uint64_t below) { return random_() % below; }
  template <typename Stub, typename Method, typename Request>
  auto Call(const char* name, Stub& stub, Method method, const Request& request) {
    const auto start = steady_clock::now();
    auto answer = rpc::Call(stub, method, request, {.timeout = kDeadline});
    tally_.Add(name, answer.status(), steady_clock::now() - start);
    return answer;
  }

  port::v1::ClaimRequest NewRequest();
  void Claim(Asked asked);
  void Renew(Held& held);
  void Apply(Held& held);
  /// True once it is no longer held.
  bool GiveBack(Held& held);
  bool DeleteByHand(Held& held, const kube::Resource& resource);

  FaultWorld& world_;
  PortLedger& ledger_;
  Tally& tally_;
  const int number_;
  std::mt19937_64 random_;
  int requests_ = 0;
  std::vector<Held> held_;
  std::vector<Asked> unanswered_;
};

port::v1::ClaimRequest Caller::NewRequest() {
  port::v1::ClaimRequest request;
  request.set_pool("edge");
  request.set_owner(fmt::format("caller-{}", number_));
  request.set_request_id(fmt::format("{}-{}", number_, ++requests_));
  request.mutable_ttl()->set_seconds(kTtl.count());
  const std::uint64_t kind = Draw(10);
  // One, several, one number on both protocols, or one that is asked for.
  for (std::uint64_t i = 0; kind >= 5 && kind < 7 && i < 3; ++i) {
    request.add_ports()->set_name(fmt::format("p{}", i));
  }
  if (kind == 7) {
    port::v1::PortRequest& both = *request.add_ports();
    both.add_protocols(port::v1::PROTOCOL_TCP);
    both.add_protocols(port::v1::PROTOCOL_UDP);
  }
  if (kind > 7) request.add_ports()->set_port(20000 + static_cast<int>(Draw(24)));
  return request;
}

void Caller::Claim(Asked asked) {
  const auto answer =
      Call("Claim", world_.claims(), &port::v1::PortService::StubInterface::Claim, asked.request);
  if (answer.ok()) {
    for (const port::v1::PortClaim& claim : answer->claims()) {
      ledger_.HandedOut(claim.name(), claim.uid(), asked.request.request_id(),
                        asked.first_sent + kTtl - kTtlMargin);
      held_.push_back({.claim = claim});
    }
    return;
  }
  const absl::StatusCode code = answer.status().code();
  const bool is_refused = code == absl::StatusCode::kAlreadyExists ||
                          code == absl::StatusCode::kFailedPrecondition ||
                          code == absl::StatusCode::kInvalidArgument;
  if (!is_refused) unanswered_.push_back(std::move(asked));
}

void Caller::Renew(Held& held) {
  port::v1::RenewClaimRequest request;
  request.set_name(held.claim.name());
  request.set_uid(held.claim.uid());
  request.mutable_ttl()->set_seconds(kTtl.count());
  const auto sent = steady_clock::now();
  const auto answer = Call("RenewClaim", world_.claims(),
                           &port::v1::PortService::StubInterface::RenewClaim, request);
  if (answer.ok()) ledger_.Renewed(held.claim.name(), held.claim.uid(), sent + kTtl - kTtlMargin);
}

void Caller::Apply(Held& held) {
  held.applied = true;
  ingress::v1::ApplyRulesRequest request;
  ingress::v1::RuleSpec& rule = *request.add_rules();
  rule.set_claim(held.claim.name());
  rule.set_claim_uid(held.claim.uid());
  rule.mutable_target()->set_namespace_(world_.ns());
  rule.mutable_target()->set_service("web");
  rule.mutable_target()->set_port_number(80);
  const auto answer = Call("ApplyRules", world_.rules(),
                           &ingress::v1::IngressService::StubInterface::ApplyRules, request);
  if (answer.ok() && answer->results(0).status().code() == 0) {
    ledger_.Bound(held.claim.name(), held.claim.uid());
  }
}

bool Caller::GiveBack(Held& held) {
  ledger_.GivenBack(held.claim.name(), held.claim.uid());
  held.leaving = true;
  absl::Status status;
  if (held.applied) {
    ingress::v1::DeleteRuleRequest request;
    request.set_name(held.claim.name());
    request.set_claim_uid(held.claim.uid());
    status = Call("DeleteRule", world_.rules(),
                  &ingress::v1::IngressService::StubInterface::DeleteRule, request)
                 .status();
    // It never came to a rule, so the claim is given back as such.
    if (absl::IsFailedPrecondition(status)) held.applied = false;
  } else {
    port::v1::ReleaseClaimRequest request;
    request.set_name(held.claim.name());
    request.set_uid(held.claim.uid());
    status = Call("ReleaseClaim", world_.claims(),
                  &port::v1::PortService::StubInterface::ReleaseClaim, request)
                 .status();
    if (absl::IsFailedPrecondition(status)) held.applied = true;
  }
  return status.ok() || absl::IsNotFound(status);
}

bool Caller::DeleteByHand(Held& held, const kube::Resource& resource) {
  ledger_.GivenBack(held.claim.name(), held.claim.uid());
  held.leaving = true;
  const auto start = steady_clock::now();
  // A port that was handed out anew is not this caller's to delete.
  const auto object = world_.client().Get(resource, {world_.ns(), held.claim.name()});
  absl::Status status = object.status();
  const bool is_rule = resource.plural == kube::kPortRules.plural;
  if (object.ok() && held.claim.uid() != (is_rule ? kube::StringAt(*object, {"spec", "claimUid"})
                                                  : pool::ClaimUid(*object))) {
    return true;
  }
  if (object.ok()) {
    status = world_.client().Delete(resource, {world_.ns(), held.claim.name()},
                                    {.uid = kube::Uid(*object)});
  }
  tally_.Add(fmt::format("kubectl delete {}", resource.plural), status,
             steady_clock::now() - start);
  return status.ok() || (!is_rule && kube::IsNotFound(status));
}

void Caller::Act() {
  if (!unanswered_.empty() && Draw(2) == 0) {
    Asked asked = std::move(unanswered_.back());
    unanswered_.pop_back();
    return Claim(std::move(asked));
  }
  if (held_.empty() || (held_.size() < kMostHeld && Draw(3) == 0)) {
    return Claim({.request = NewRequest(), .first_sent = steady_clock::now()});
  }
  const std::size_t at = Draw(held_.size());
  Held& held = held_[at];
  const std::uint64_t kind = Draw(20);
  const bool gives_back =
      held.leaving || (held.applied ? kind >= 5 && kind < 14 : kind >= 2 && kind < 6);
  bool is_gone = false;
  if (gives_back) {
    is_gone = GiveBack(held);
  } else if (kind < 2) {
    is_gone = DeleteByHand(held, kube::kPortClaims);
  } else if (held.applied && kind < 5) {
    is_gone = DeleteByHand(held, kube::kPortRules);
  } else if (!held.applied && kind < 9) {
    Renew(held);
  } else {
    Apply(held);
  }
  if (is_gone) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
}

bool Caller::GiveAllBack() {
  for (Asked& asked : std::exchange(unanswered_, {})) Claim(std::move(asked));
  std::erase_if(held_, [&](Held& held) { return GiveBack(held); });
  return held_.empty() && unanswered_.empty();
}

/// What is left in the cluster that should not be, as sentences.
std::vector<std::string> Leftovers(FaultWorld& world, const ForeignEntries& foreign) {
  std::vector<std::string> left;
  for (const kube::Resource& resource : {kube::kPortClaims, kube::kPortRules}) {
    const auto list = world.client().List(resource, world.ns());
    if (!list.ok()) return {list.status().ToString()};
    for (Json object : list->items) {
      object["metadata"].erase("managedFields");
      left.push_back(fmt::format("{}: {}", resource.plural, object.dump()));
    }
  }
  std::map<std::string, std::string> entries;
  for (const char* name : {"tcp", "udp"}) {
    const auto map = world.client().Get(kube::kConfigMaps, {world.ns(), name});
    if (kube::IsNotFound(map.status())) continue;
    if (!map.ok()) return {map.status().ToString()};
    for (const auto& [key, value] : kube::At(*map, {"data"}).items()) {
      entries[(name == std::string("tcp") ? "ConfigMap/" : "UDP ConfigMap/") + key] = value.dump();
    }
    const auto owned = pool::OwnedPorts(*map);
    if (!owned.ok() || !pool::FormatOwnedPorts(*owned).empty()) {
      left.push_back(fmt::format("ConfigMap {} still owns entries", name));
    }
  }
  const auto service = world.client().Get(kube::kServices, {world.ns(), "nginx"});
  if (!service.ok()) return {service.status().ToString()};
  for (const Json& port : kube::At(*service, {"spec", "ports"})) {
    if (port.value("port", 0) != 80) {
      entries[fmt::format("Service/{}", port.value("port", 0))] = port.dump();
    }
  }
  const auto owned = pool::OwnedPorts(*service);
  if (!owned.ok() || !pool::FormatOwnedPorts(*owned).empty()) {
    left.push_back("the Service still owns entries");
  }
  const std::map<std::string, std::string> expected = foreign.entries();
  for (const auto& [key, value] : entries) {
    if (!expected.contains(key)) left.push_back(key + " without a rule: " + value);
  }
  return left;
}

TEST(PortsAndRulesFaultTest, NoPortIsLiveTwiceAndNothingIsLeftWhateverFails) {
  const std::uint64_t seed = FromEnvironment("BERTH_FAULT_SEED", std::random_device{}());
  const std::uint64_t operations = FromEnvironment("BERTH_FAULT_OPERATIONS", kDefaultOperations);
  fmt::print("BERTH_FAULT_SEED={} BERTH_FAULT_OPERATIONS={}\n", seed, operations);
  const auto start = steady_clock::now();

  FaultWorld world(seed);
  PortLedger ledger;
  Tally tally;
  ForeignEntries foreign(world.client(), world.ns(), seed);
  std::vector<Caller> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back(world, ledger, tally, i, seed + 100 + static_cast<std::uint64_t>(i));
  }
  std::atomic<std::uint64_t> next = 0;
  std::atomic<int> running = kCallers + 1;
  {
    std::vector<std::jthread> threads;
    for (Caller& caller : callers) {
      threads.emplace_back([&] {
        while (next++ < operations) caller.Act();
        --running;
      });
    }
    threads.emplace_back([&] {
      while (running > 1) {
        foreign.Edit();
        std::this_thread::sleep_for(milliseconds(200));
      }
      --running;
    });
    std::mt19937_64 random(seed);
    while (running > 0) {
      std::this_thread::sleep_for(milliseconds(500 + random() % 1000));
      world.Fail(random);
    }
  }
  const auto acted = steady_clock::now();
  world.Calm();
  {
    std::vector<std::jthread> threads;
    for (Caller& caller : callers) {
      threads.emplace_back(
          [&] { EXPECT_TRUE(Eventually([&] { return caller.GiveAllBack(); }, seconds(120))); });
    }
  }
  std::vector<std::string> left;
  // Two looks of the repair, 30 s apart, and the TTL of claims whose request was given up.
  EXPECT_TRUE(Eventually(
      [&] {
        std::this_thread::sleep_for(milliseconds(500));
        left = Leftovers(world, foreign);
        return left.empty();
      },
      kTtl + seconds(90)));
  foreign.Check();

  fmt::print("{} operations in {} s, {} claims handed out, {} edits by hand, repaired after {} s\n",
             operations, std::chrono::duration_cast<seconds>(acted - start).count(),
             ledger.handed_out(), foreign.edits(),
             std::chrono::duration_cast<seconds>(steady_clock::now() - acted).count());
  for (const auto& [fault, count] : world.Counts()) fmt::print("{} x {}\n", count, fault);
  fmt::print("{}", tally.Describe());
  for (const char* call : {"Claim", "RenewClaim", "ReleaseClaim", "ApplyRules", "DeleteRule"}) {
    EXPECT_GT(tally.Succeeded(call), 0) << call;
  }
  EXPECT_EQ(ledger.violations(), std::vector<std::string>());
  EXPECT_EQ(foreign.violations(), std::vector<std::string>());
  EXPECT_EQ(tally.unanswered(), std::vector<std::string>());
  EXPECT_EQ(left, std::vector<std::string>());
}

}  // namespace
}  // namespace berth::faults
