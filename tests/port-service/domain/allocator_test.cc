#include "port-service/domain/allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using pool::Port;
using pool::Protocol;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PortWish Wish(std::string name = "", std::optional<Port> port = std::nullopt,
              std::vector<Protocol> protocols = {Protocol::kTcp}) {
  return {.name = *EntryName::Parse(name), .protocols = std::move(protocols), .port = port};
}

ClaimRequest Request(const std::string& request_id = "request-1",
                     std::vector<PortWish> wishes = {Wish()}) {
  return {.pool = TestPool().name,
          .owner = *Owner::Parse("team-a/web"),
          .request_id = *RequestId::Parse(request_id),
          .wishes = std::move(wishes)};
}

std::vector<std::string> Names(const std::vector<Claim>& claims) {
  std::vector<std::string> names;
  for (const Claim& claim : claims) {
    names.push_back(claim.name.ToString());
  }
  return names;
}

class AllocatorTest : public testing::Test {
 protected:
  AllocatorTest() { cluster_.Put(pool_.pool); }

  /// A replica of its own: same store, own view.
  struct Replica {
    explicit Replica(AllocatorTest& test)
        : view(test.store_), allocator(test.store_, view, test.cluster_, test.clock_.reader()) {}
    FakeView view;
    Allocator allocator;
  };

  absl::StatusOr<std::vector<Claim>> Allocate(const ClaimRequest& request) {
    return replica_.allocator.Allocate(pool_, request);
  }

  Claim Store(Claim claim) { return *store_.Insert(claim); }

  /// A claim of somebody else.
  Claim StoreForeign(Protocol protocol, Port port, ClaimState state = ClaimState::kBound) {
    Claim claim = TestClaim(state);
    claim.name = pool::ClaimName(pool_.pool.name, protocol, port);
    claim.owner = *Owner::Parse("somebody-else");
    return Store(claim);
  }

  pool::PoolState pool_{.pool = TestPool(), .known = true};
  FakeServerClock clock_;
  FakeStore store_;
  FakeCluster cluster_;
  Replica replica_{*this};
};

TEST_F(AllocatorTest, ReservesAPortAboveTheStaticBand) {
  const auto claims = Allocate(Request());
  ASSERT_TRUE(claims.ok()) << claims.status();
  ASSERT_THAT(*claims, SizeIs(1));
  const Claim& claim = claims->at(0);
  EXPECT_GE(claim.name.port().number(), 20031);
  EXPECT_LE(claim.name.port().number(), 20999);
  EXPECT_EQ(claim.state, ClaimState::kReserved);
  EXPECT_EQ(claim.pool_uid, "pool-1");
  EXPECT_EQ(claim.expire_time, clock_.now + std::chrono::minutes(10));
  EXPECT_EQ(store_.All(), *claims);
}

TEST_F(AllocatorTest, TakesTheTtlOfTheRequestBeforeThePools) {
  ClaimRequest request = Request();
  request.ttl = std::chrono::seconds(30);
  const auto claims = Allocate(request);
  EXPECT_EQ(claims->at(0).ttl, std::chrono::seconds(30));
  EXPECT_EQ(claims->at(0).expire_time, clock_.now + std::chrono::seconds(30));
}

TEST_F(AllocatorTest, HandsOutEveryPortOnceAndThenSaysThatNoneIsLeft) {
  pool_.pool.last = Port::Of<20039>();
  pool_.pool.static_ports = 10;
  pool_.pool.reserved.Insert(Port::Of<20020>());
  pool_.held_by_others.tcp.Insert(Port::Of<20021>());
  std::set<Port> ports;
  for (int i = 0; i < 28; ++i) {
    const auto claims = Allocate(Request("request-" + std::to_string(i)));
    ASSERT_TRUE(claims.ok()) << claims.status();
    ports.insert(claims->at(0).name.port());
  }
  EXPECT_THAT(ports, SizeIs(28));
  EXPECT_EQ(ports.begin()->number(), 20010);
  EXPECT_FALSE(ports.contains(Port::Of<20020>()));
  EXPECT_FALSE(ports.contains(Port::Of<20021>()));

  const absl::Status status = Allocate(Request("one-more")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_POOL_EXHAUSTED);
  EXPECT_EQ(MetadataOf(status, "total"), "39");
  EXPECT_EQ(MetadataOf(status, "used"), "28");
  EXPECT_EQ(MetadataOf(status, "held_by_others"), "1");
}

TEST_F(AllocatorTest, KeepsTheStaticBandForRequestsThatNameAPort) {
  const auto claims = Allocate(Request("request-1", {Wish("", Port::Of<20000>())}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(Names(*claims), ElementsAre("edge.tcp.20000"));
}

TEST_F(AllocatorTest, RefusesPortsThatThePoolDoesNotHandOut) {
  pool_.pool.reserved.Insert(Port::Of<20005>());
  for (const Port port : {Port::Of<19999>(), Port::Of<21000>(), Port::Of<20005>()}) {
    const absl::Status status = Allocate(Request("request-1", {Wish("", port)})).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_PORT_NOT_ALLOWED);
  }
  EXPECT_THAT(store_.All(), IsEmpty());
}

TEST_F(AllocatorTest, DoesNotChooseWhatIsToBeAvoided) {
  const Claim resting = Store(TestClaim(ClaimState::kQuarantined, 20500));
  ClaimRequest request = Request("request-2");
  request.avoid.Insert(Port::Of<20500>());
  const auto claims = Allocate(request);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_NE(claims->at(0).name, resting.name) << "its owner's former port";

  ClaimRequest again = Request("request-4");
  again.owner = *Owner::Parse("other/owner");
  const auto chosen = Allocate(again);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  ASSERT_TRUE(store_.Delete(chosen->at(0)).ok());
  again.avoid.Insert(chosen->at(0).name.port());
  EXPECT_NE(Allocate(again)->at(0).name.port(), chosen->at(0).name.port());
}

TEST_F(AllocatorTest, TakesAPortThatOthersHoldForWhoTakesTheirEntryOver) {
  StoreForeign(Protocol::kTcp, Port::Of<20001>());
  pool_.held_by_others.tcp.Insert(Port::Of<20003>());
  PortWish held = Wish("", Port::Of<20003>());
  held.held_by_others = true;
  const auto claims = Allocate(Request("request-1", {held}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->at(0).name.port(), Port::Of<20003>());
  PortWish claimed = Wish("", Port::Of<20001>());
  claimed.held_by_others = true;
  EXPECT_EQ(ReasonOf(Allocate(Request("request-2", {claimed})).status()),
            Reason::ERROR_REASON_PORT_TAKEN)
      << "a claim is not an entry of others";
}

TEST_F(AllocatorTest, RefusesPortsThatSomebodyHas) {
  StoreForeign(Protocol::kTcp, Port::Of<20001>());
  StoreForeign(Protocol::kTcp, Port::Of<20002>(), ClaimState::kQuarantined);
  pool_.held_by_others.tcp.Insert(Port::Of<20003>());
  for (const Port port : {Port::Of<20001>(), Port::Of<20002>(), Port::Of<20003>()}) {
    const absl::Status status = Allocate(Request("request-1", {Wish("", port)})).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_PORT_TAKEN);
    EXPECT_THAT(std::string(status.message()), testing::Not(testing::HasSubstr("somebody-else")));
  }
  EXPECT_THAT(store_.All(), SizeIs(2));
}

TEST_F(AllocatorTest, GivesTheOtherProtocolOfANumberToSomebodyElse) {
  StoreForeign(Protocol::kUdp, Port::Of<20001>());
  const auto claims = Allocate(Request("request-1", {Wish("", Port::Of<20001>())}));
  EXPECT_TRUE(claims.ok()) << claims.status();
}

TEST_F(AllocatorTest, DoesNotAllocateInAPoolThatIsNotUsable) {
  pool_.usable = absl::FailedPreconditionError("no address");
  EXPECT_EQ(Allocate(Request()).status(), pool_.usable);
  EXPECT_THAT(store_.All(), IsEmpty());
}

TEST_F(AllocatorTest, AllocatesNothingWhileTheServersTimeIsUnknown) {
  clock_.known = false;
  EXPECT_TRUE(absl::IsUnavailable(Allocate(Request()).status()));
  EXPECT_THAT(store_.All(), IsEmpty());
}

TEST_F(AllocatorTest, AnswersARepeatedRequestWithTheSamePort) {
  const auto first = Allocate(Request());
  pool_.usable = absl::FailedPreconditionError("no address any more");
  const auto second = Allocate(Request());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Names(*second), Names(*first));
  EXPECT_THAT(store_.All(), SizeIs(1));
}

TEST_F(AllocatorTest, FindsTheClaimOfARepeatedRequestThatItsViewDoesNotShowYet) {
  Replica late(*this);
  late.view.Freeze();
  const auto first = Allocate(Request());
  const auto second = late.allocator.Allocate(pool_, Request());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Names(*second), Names(*first));
  EXPECT_THAT(store_.All(), SizeIs(1));
}

TEST_F(AllocatorTest, GoesOnToTheNextCandidateWhenItsViewIsLate) {
  replica_.view.Freeze();
  pool_.pool.last = Port::Of<20032>();  // two candidates
  const Port first = Allocate(Request())->at(0).name.port();
  const auto other = Allocate(Request("request-2"));
  const auto third = Allocate(Request("request-3"));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE(other->at(0).name.port(), first);
  EXPECT_EQ(ReasonOf(third.status()), Reason::ERROR_REASON_POOL_EXHAUSTED);
}

TEST_F(AllocatorTest, GivesAnOwnerThatComesBackItsOldPortAsAnotherClaim) {
  Claim resting = TestClaim(ClaimState::kQuarantined);
  resting.adopted = true;
  resting = Store(resting);
  for (const char* request_id : {"request-1", "request-2"}) {
    const auto claims = Allocate(Request(request_id));
    ASSERT_TRUE(claims.ok()) << claims.status();
    const Claim& claim = claims->at(0);
    EXPECT_EQ(claim.name, resting.name);
    EXPECT_NE(claim.uid, resting.uid) << "nothing that was meant for the former claim reaches it";
    EXPECT_EQ(claim.state, ClaimState::kReserved);
    EXPECT_EQ(claim.request_id.value(), request_id);
    EXPECT_EQ(claim.expire_time, clock_.now + std::chrono::minutes(10));
    EXPECT_EQ(claim.rule, std::nullopt);
    EXPECT_FALSE(claim.ever_bound);
    EXPECT_FALSE(claim.adopted);
    EXPECT_EQ(Names(*Allocate(Request(request_id))), Names(*claims)) << "repeated";
    const Claim answered = *store_.Get(claim.name);
    resting =
        *store_.Replace(*Released(answered, QuarantineFrom(clock_.now, std::chrono::minutes(5))));
  }
  EXPECT_THAT(store_.All(), SizeIs(1));
}

TEST_F(AllocatorTest, GivesNoOldPortBackThatSomethingMayBeLeftOn) {
  pool_.pool.driver = pool::Driver::kLoadBalancer;
  cluster_.Put(pool_.pool);
  Store(TestClaim(ClaimState::kQuarantined, 20500));
  const auto early = Allocate(Request("request-2"));
  ASSERT_TRUE(early.ok()) << early.status();
  EXPECT_NE(Names(*early), std::vector<std::string>{"edge.tcp.20500"});
  clock_.now += std::chrono::seconds(35);
  cluster_.list_error = absl::UnavailableError("down");
  const auto unknown = Allocate(Request("request-3"));
  ASSERT_TRUE(unknown.ok()) << unknown.status();
  EXPECT_NE(Names(*unknown), std::vector<std::string>{"edge.tcp.20500"});
  cluster_.list_error = absl::OkStatus();
  EXPECT_THAT(Names(*Allocate(Request("request-4"))), ElementsAre("edge.tcp.20500"));
}

TEST_F(AllocatorTest, GivesEachEntryItsOwnOldPort) {
  Claim web = TestClaim(ClaimState::kQuarantined, 20500);
  web.entry = *EntryName::Parse("web");
  web.quarantine_end = clock_.now + std::chrono::minutes(1);
  Store(web);
  Claim dns = TestClaim(ClaimState::kQuarantined, 20600);
  dns.entry = *EntryName::Parse("dns");
  Store(dns);
  const auto claims = Allocate(
      Request("request-2", {Wish("web"), Wish("dns", {}, {Protocol::kTcp, Protocol::kUdp})}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(Names(*claims), ElementsAre("edge.tcp.20500", "edge.tcp.20600", "edge.udp.20600"));
}

TEST_F(AllocatorTest, GivesAnOwnerTheOldPortThatItAsksFor) {
  Store(TestClaim(ClaimState::kQuarantined, 20001));
  const auto claims = Allocate(Request("request-2", {Wish("", Port::Of<20001>())}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(Names(*claims), ElementsAre("edge.tcp.20001"));
}

TEST_F(AllocatorTest, LeavesInQuarantineWhatItMayNotGiveBack) {
  std::vector<Claim> resting(6, TestClaim(ClaimState::kQuarantined));
  const auto at = [&](int i) -> Claim& {
    resting[i].name =
        pool::ClaimName(pool_.pool.name, Protocol::kTcp, *Port::Parse(std::int64_t{20500 + i}));
    return resting[i];
  };
  at(0).owner = *Owner::Parse("somebody-else");
  at(1).pool_uid = "pool-0";
  at(2).deleting = true;
  cluster_.PutRule(at(3).name);
  pool_.held_by_others.tcp.Insert(at(4).name.port());
  pool_.pool.reserved.Insert(at(5).name.port());
  for (Claim& claim : resting) {
    claim = Store(claim);
  }
  for (int i = 0; i < 6; ++i) {
    const auto claims = Allocate(Request("request-" + std::to_string(i)));
    ASSERT_TRUE(claims.ok()) << claims.status();
    EXPECT_EQ(claims->at(0).incarnation, 0);
  }
  for (const Claim& claim : resting) {
    EXPECT_EQ(*store_.Get(claim.name), claim);
  }
}

TEST_F(AllocatorTest, PutsBackIntoQuarantineWhatItTookOutForARequestThatFails) {
  const Claim resting = Store(TestClaim(ClaimState::kQuarantined, 20500));
  StoreForeign(Protocol::kTcp, Port::Of<20600>());
  const absl::Status status =
      Allocate(Request("request-2", {Wish("a", Port::Of<20500>()), Wish("b", Port::Of<20600>())}))
          .status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_EQ(store_.Get(resting.name)->state, ClaimState::kQuarantined);
  EXPECT_EQ(store_.Get(resting.name)->quarantine_end, clock_.now + std::chrono::minutes(5));
}

TEST_F(AllocatorTest, TakesTheReturnWhoseAnswerWasLostForItsOwn) {
  const Claim resting = Store(TestClaim(ClaimState::kQuarantined));
  int replaces = 0;
  store_.replace_fault = [&](const Claim&) -> std::optional<FakeStore::Fault> {
    if (++replaces > 1) {
      return std::nullopt;
    }
    // The client repeats the write and meets its own success.
    return FakeStore::Fault{.error = absl::AbortedError("changed"), .applied = true};
  };
  const auto claims = Allocate(Request("request-2"));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->at(0).name, resting.name);
  EXPECT_THAT(store_.All(), SizeIs(1));
}

TEST_F(AllocatorTest, GivesAnOldPortToOneOfTheRequestsThatWantIt) {
  // Every request finds all old ports in its late view, and each port goes to one of them.
  std::set<std::string> old_names;
  for (int port = 20500; port < 20510; ++port) {
    old_names.insert(Store(TestClaim(ClaimState::kQuarantined, port)).name.ToString());
  }
  constexpr int kReplicas = 4;
  constexpr int kRequests = 10;
  std::mutex mutex;
  std::multiset<std::string> names;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kReplicas; ++i) {
      threads.emplace_back([&, i] {
        Replica replica(*this);
        replica.view.Freeze();
        for (int j = 0; j < kRequests; ++j) {
          const auto claims = replica.allocator.Allocate(
              pool_, Request("request-" + std::to_string(i) + "-" + std::to_string(j)));
          EXPECT_TRUE(claims.ok()) << claims.status();
          std::lock_guard lock(mutex);
          names.insert(claims.ok() ? Names(*claims).front() : "");
        }
      });
    }
  }
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size()) << "no port twice";
  EXPECT_THAT(names, SizeIs(kReplicas * kRequests));
  for (const std::string& name : old_names) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST_F(AllocatorTest, CountsDeletedClaimsOfARequestAsGone) {
  Claim deleting = TestClaim(ClaimState::kBound, 20501);
  deleting.deleting = true;
  Store(deleting);
  const auto claims = Allocate(Request());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_NE(claims->at(0).name, deleting.name);
}

TEST_F(AllocatorTest, DoesNotTakeAClaimOfADeadPoolForItsOwn) {
  Claim dead = TestClaim(ClaimState::kReserved, 20001);
  dead.pool_uid = "pool-0";
  Store(dead);
  const absl::Status status =
      Allocate(Request("request-1", {Wish("", Port::Of<20001>())})).status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_PORT_TAKEN);
}

TEST_F(AllocatorTest, RefusesARequestIdThatWasUsedForAnotherRequest) {
  ASSERT_TRUE(Allocate(Request("request-1", {Wish("web", Port::Of<20001>())})).ok());
  std::vector<ClaimRequest> others = {
      Request("request-1", {Wish("web", Port::Of<20002>())}),
      Request("request-1", {Wish("web", std::nullopt, {Protocol::kUdp})}),
      Request("request-1", {Wish("web")}),
      Request("request-1", {Wish("web")}),
  };
  others[2].ttl = std::chrono::seconds(1);
  others[3].exposure = pool::ExposureRef{.ns = "shop", .name = "web", .uid = "e1"};
  for (const ClaimRequest& request : others) {
    const absl::Status status = Allocate(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_REQUEST_ID_REUSED);
  }
  EXPECT_THAT(store_.All(), SizeIs(1));
}

TEST_F(AllocatorTest, RefusesARequestIdThatWasUsedInAnotherPool) {
  Claim elsewhere = TestClaim();
  elsewhere.name = *pool::ClaimName::Parse("other.tcp.20500");
  Store(elsewhere);
  EXPECT_EQ(ReasonOf(Allocate(Request()).status()), Reason::ERROR_REASON_REQUEST_ID_REUSED);
}

TEST_F(AllocatorTest, TakesOneNumberForBothProtocols) {
  const auto claims =
      Allocate(Request("request-1", {Wish("dns", std::nullopt, {Protocol::kTcp, Protocol::kUdp})}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  ASSERT_THAT(*claims, SizeIs(2));
  EXPECT_EQ(claims->at(0).name.protocol(), Protocol::kTcp);
  EXPECT_EQ(claims->at(1).name.protocol(), Protocol::kUdp);
  EXPECT_EQ(claims->at(0).name.port(), claims->at(1).name.port());
}

TEST_F(AllocatorTest, LeavesANumberThatItCannotHaveForBothProtocols) {
  replica_.view.Freeze();
  std::optional<Port> stolen;
  store_.after_create = [&](const Claim& created) {
    if (!stolen.has_value()) {
      stolen = created.name.port();
      StoreForeign(Protocol::kUdp, *stolen);
    }
  };
  const auto claims =
      Allocate(Request("request-1", {Wish("dns", std::nullopt, {Protocol::kTcp, Protocol::kUdp})}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_NE(claims->at(0).name.port(), *stolen);
  EXPECT_THAT(store_.All(), SizeIs(3)) << "its first claim was taken back";
}

TEST_F(AllocatorTest, CompletesWhatACrashLeftHalfDone) {
  Claim tcp = TestClaim(ClaimState::kReserved, 20777);
  tcp.entry = *EntryName::Parse("dns");
  Store(tcp);
  const auto claims =
      Allocate(Request("request-1", {Wish("dns", std::nullopt, {Protocol::kTcp, Protocol::kUdp})}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(Names(*claims), ElementsAre("edge.tcp.20777", "edge.udp.20777"));
  EXPECT_TRUE(claims->at(0).adopted);
}

TEST_F(AllocatorTest, PutsWhatACrashLeftIntoQuarantineIfItCannotBeCompleted) {
  Claim tcp = TestClaim(ClaimState::kReserved, 20777);
  tcp.entry = *EntryName::Parse("dns");
  tcp = Store(tcp);
  StoreForeign(Protocol::kUdp, Port::Of<20777>());
  const auto claims =
      Allocate(Request("request-1", {Wish("dns", std::nullopt, {Protocol::kTcp, Protocol::kUdp})}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_NE(claims->at(0).name.port().number(), 20777);
  EXPECT_EQ(store_.Get(tcp.name)->state, ClaimState::kQuarantined);
  EXPECT_EQ(store_.Get(tcp.name)->quarantine_end, clock_.now + std::chrono::minutes(5));
}

TEST_F(AllocatorTest, TakesSeveralPortsInAscendingOrder) {
  std::vector<Port> order;
  store_.before_create = [&](const Claim& wanted) { order.push_back(wanted.name.port()); };
  const auto claims = Allocate(
      Request("request-1", {Wish("c", Port::Of<20030>()), Wish("any"), Wish("a", Port::Of<20010>()),
                            Wish("b", Port::Of<20020>()), Wish("other")}));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(order, SizeIs(5));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(claims->at(0).name.port().number(), 20030) << "answered in the request's order";
  EXPECT_EQ(claims->at(2).name.port().number(), 20010);
}

TEST_F(AllocatorTest, TakesAllPortsOrNone) {
  replica_.view.Freeze();
  StoreForeign(Protocol::kTcp, Port::Of<20020>());
  const absl::Status status =
      Allocate(Request("request-1", {Wish("a", Port::Of<20010>()), Wish("b", Port::Of<20020>())}))
          .status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_THAT(store_.All(), SizeIs(1)) << "only the foreign claim is left";
}

TEST_F(AllocatorTest, TakesBackWhatItCreatedWhenTheStoreFails) {
  int creates = 0;
  store_.create_fault = [&](const Claim&) -> std::optional<FakeStore::Fault> {
    if (++creates == 2) {
      return FakeStore::Fault{.error = absl::UnavailableError("connection lost")};
    }
    return std::nullopt;
  };
  EXPECT_TRUE(absl::IsUnavailable(Allocate(Request("request-1", {Wish("a"), Wish("b")})).status()));
  EXPECT_THAT(store_.All(), IsEmpty());
}

TEST_F(AllocatorTest, AnswersTheClaimWhoseCreationWasNeverAnswered) {
  store_.create_fault = [](const Claim&) {
    return FakeStore::Fault{.error = absl::UnavailableError("answer lost"), .applied = true};
  };
  EXPECT_TRUE(absl::IsUnavailable(Allocate(Request()).status()));
  ASSERT_THAT(store_.All(), SizeIs(1));
  store_.create_fault = nullptr;
  const auto claims = Allocate(Request());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(Names(*claims), ElementsAre(store_.All().at(0).name.ToString()));
}

TEST_F(AllocatorTest, TakesAClaimThatItsOwnLostAnswerCreatedForItsOwn) {
  store_.create_fault = [&](const Claim&) {
    // The client repeats the create and meets its own success.
    return FakeStore::Fault{.error = absl::AlreadyExistsError("exists"), .applied = true};
  };
  const auto claims = Allocate(Request());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(store_.All(), SizeIs(1));
}

TEST_F(AllocatorTest, GivesWayToAnOlderClaimOfTheSameRequest) {
  // Another replica serves the same request at the same time and chooses another port. Each order
  // of the two creates is tried; the other call runs as a whole before or after the create of this
  // one.
  for (const bool other_is_older : {true, false}) {
    FakeStore& store = store_;
    Replica other(*this);
    other.view.Freeze();
    pool::PoolState other_pool = pool_;
    replica_.view.Freeze();
    std::vector<std::string> other_names;
    bool entered = false;
    const auto run_other = [&](const Claim& claim) {
      if (!std::exchange(entered, true)) {
        other_pool.held_by_others.tcp.Insert(claim.name.port());  // so it chooses another port
        const auto claims = other.allocator.Allocate(other_pool, Request());
        ASSERT_TRUE(claims.ok()) << claims.status();
        other_names = Names(*claims);
      }
    };
    (other_is_older ? store.before_create : store.after_create) = run_other;
    const auto claims = Allocate(Request());
    store.before_create = store.after_create = nullptr;
    ASSERT_TRUE(claims.ok()) << claims.status();
    EXPECT_EQ(Names(*claims), other_names);
    ASSERT_THAT(store.All(), SizeIs(1));
    ASSERT_TRUE(store.Delete(store.All().at(0)).ok());
  }
}

TEST_F(AllocatorTest, DoesNotTakeBackAClaimThatAnotherCallAnsweredWith) {
  // This call creates "a" and fails at "b". In between, another call for the same request finds
  // "a", gets "b", which is free for a moment, and answers with both.
  const ClaimRequest request =
      Request("request-1", {Wish("a", Port::Of<20010>()), Wish("b", Port::Of<20020>())});
  Replica other(*this);
  std::vector<Claim> answered;
  int creates = 0;
  store_.create_fault = [&](const Claim&) -> std::optional<FakeStore::Fault> {
    if (++creates != 2) {
      return std::nullopt;
    }
    const auto claims = other.allocator.Allocate(pool_, request);
    EXPECT_TRUE(claims.ok()) << claims.status();
    answered = *claims;
    return FakeStore::Fault{.error = absl::UnavailableError("connection lost")};
  };
  EXPECT_TRUE(absl::IsUnavailable(Allocate(request).status()));
  ASSERT_THAT(answered, SizeIs(2));
  for (const Claim& claim : answered) {
    EXPECT_EQ(store_.Get(claim.name)->uid, claim.uid);
    EXPECT_TRUE(store_.Get(claim.name)->alive());
  }
}

TEST_F(AllocatorTest, BeginsAnewWhenTheClaimItFoundIsTakenBackMeanwhile) {
  Claim abandoned = Store(TestClaim(ClaimState::kReserved, 20700));
  Replica late(*this);
  late.view.Freeze();
  ASSERT_TRUE(store_.Delete(abandoned).ok());
  const auto claims = late.allocator.Allocate(pool_, Request());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(store_.All(), SizeIs(1));
  EXPECT_EQ(store_.All().at(0).uid, claims->at(0).uid);
}

TEST_F(AllocatorTest, TakesAllBackWhenOnePortWouldExceedTheQuota) {
  pool_.pool.quotas.per_namespace = 3;
  const auto first = Allocate(Request("request-1", {Wish("a"), Wish("b")}));
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status status = Allocate(Request("request-2", {Wish("a"), Wish("b")})).status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_QUOTA_EXCEEDED);
  EXPECT_THAT(store_.All(), SizeIs(2));
  EXPECT_TRUE(Allocate(Request("request-3")).ok()) << "one is left";
  EXPECT_EQ(Names(*Allocate(Request("request-1", {Wish("a"), Wish("b")}))), Names(*first))
      << "what was handed out stays";
}

TEST_F(AllocatorTest, KeepsTheQuotaHoweverManyReplicasWithLateViewsCompeteForIt) {
  pool_.pool.quotas.per_namespace = 10;
  constexpr int kReplicas = 4;
  constexpr int kRequests = 20;
  std::atomic<int> granted = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kReplicas; ++i) {
      threads.emplace_back([&, i] {
        Replica replica(*this);
        replica.view.Freeze();
        for (int j = 0; j < kRequests; ++j) {
          const auto claims = replica.allocator.Allocate(
              pool_, Request("request-" + std::to_string(i) + "-" + std::to_string(j)));
          granted += claims.ok() ? 1 : 0;
          EXPECT_TRUE(claims.ok() ||
                      ReasonOf(claims.status()) == Reason::ERROR_REASON_QUOTA_EXCEEDED)
              << claims.status();
        }
      });
    }
  }
  EXPECT_EQ(granted, 10);
  EXPECT_THAT(store_.All(), SizeIs(10));
}

TEST_F(AllocatorTest, GivesOneOldPortToARequestHoweverManyReplicasServeIt) {
  constexpr int kReplicas = 4;
  for (int round = 0; round < 50; ++round) {
    const Claim resting = Store(TestClaim(ClaimState::kQuarantined));
    std::mutex mutex;
    std::set<std::string> answers;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < kReplicas; ++i) {
        threads.emplace_back([&] {
          Replica replica(*this);
          const auto claims = replica.allocator.Allocate(pool_, Request("request-2"));
          EXPECT_TRUE(claims.ok()) << claims.status();
          std::lock_guard lock(mutex);
          answers.insert(claims.ok() ? claims->at(0).name.ToString() + claims->at(0).uid : "");
        });
      }
    }
    EXPECT_THAT(answers, ElementsAre(resting.name.ToString() + resting.uid + ".1"));
    for (const Claim& claim : store_.All()) {
      ASSERT_TRUE(store_.Delete(claim).ok());
    }
  }
}

TEST_F(AllocatorTest, GivesOnePortToEachRequestHoweverManyReplicasServeIt) {
  constexpr int kReplicas = 4;
  constexpr int kRequests = 50;
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> names_by_request;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kReplicas; ++i) {
      threads.emplace_back([&, i] {
        Replica replica(*this);
        for (int j = 0; j < kRequests; ++j) {
          const std::string id = "request-" + std::to_string((j + i) % kRequests);
          const auto claims = replica.allocator.Allocate(
              pool_, Request(id, {Wish("a"), Wish("b", {}, {Protocol::kTcp, Protocol::kUdp})}));
          EXPECT_TRUE(claims.ok()) << claims.status();
          if (claims.ok()) {
            std::lock_guard lock(mutex);
            names_by_request[id].insert(Names(*claims).front() + " " + Names(*claims).back());
          }
        }
      });
    }
  }
  for (const auto& [id, names] : names_by_request) {
    EXPECT_THAT(names, SizeIs(1)) << id;
  }
  EXPECT_THAT(store_.All(), SizeIs(3 * kRequests));
}

TEST_F(AllocatorTest, LabelsClaimsAndTakesOtherLabelsForAnotherRequest) {
  ClaimRequest request = Request();
  request.labels = {{"team", "shop"}, {"tier", "web"}};
  const auto claims = Allocate(request);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(store_.Get((*claims)[0].name)->labels, request.labels);
  request.labels = {{"team", "shop"}};
  EXPECT_EQ(Names(*Allocate(request)), Names(*claims)) << "some of them are enough";
  request.labels = {{"team", "billing"}};
  EXPECT_EQ(ReasonOf(Allocate(request).status()), Reason::ERROR_REASON_REQUEST_ID_REUSED);
}

}  // namespace
}  // namespace berth::port
