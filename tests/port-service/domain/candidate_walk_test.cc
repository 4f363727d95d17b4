#include "port-service/domain/candidate_walk.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

std::vector<int> Order(const pool::Pool& pool, std::uint64_t seed) {
  std::vector<int> order;
  CandidateWalk(pool, seed).Find([&](pool::Port port) {
    order.push_back(port.number());
    return false;
  });
  return order;
}

TEST(CandidateWalkTest, MeetsEveryPortAboveTheStaticBandOnce) {
  pool::Pool pool = TestPool();
  for (const int last : {20031, 20032, 20033, 20060, 20999}) {
    pool.last = *pool::Port::Parse(last);
    for (const std::uint64_t seed : {0ull, 1ull, 0x9e3779b97f4a7c15ull, ~0ull}) {
      const std::vector<int> order = Order(pool, seed);
      const std::set<int> ports(order.begin(), order.end());
      EXPECT_EQ(order.size(), static_cast<std::size_t>(last - 20030));
      EXPECT_EQ(ports.size(), order.size());
      EXPECT_EQ(*ports.begin(), 20031);
      EXPECT_EQ(*ports.rbegin(), last);
    }
  }
}

TEST(CandidateWalkTest, IsTheSameForTheSameSeedAndAnotherForAnother) {
  EXPECT_EQ(Order(TestPool(), 7), Order(TestPool(), 7));
  EXPECT_NE(Order(TestPool(), 7), Order(TestPool(), 8));
}

TEST(CandidateWalkTest, StopsAtTheFirstFreePort) {
  const std::vector<int> order = Order(TestPool(), 7);
  const auto port = CandidateWalk(TestPool(), 7).Find([&](pool::Port candidate) {
    return candidate.number() == order[5];
  });
  EXPECT_EQ(port->number(), order[5]);
}

TEST(CandidateWalkTest, FindsNothingWhenTheStaticBandIsTheWholeRange) {
  pool::Pool pool = TestPool();
  pool.static_ports = 1000;
  EXPECT_TRUE(Order(pool, 7).empty());
}

TEST(CandidateWalkTest, ReachesTheHighestPortThereIs) {
  pool::Pool pool = TestPool();
  pool.first = pool::Port::Of<65535>();
  pool.last = pool::Port::Of<65535>();
  pool.static_ports = 0;
  EXPECT_EQ(Order(pool, 7), std::vector<int>{65535});
}

}  // namespace
}  // namespace berth::port
