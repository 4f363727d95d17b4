#include "port-service/domain/port_usage.h"

#include <gtest/gtest.h>

#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

TEST(PortUsageTest, CountsEveryPortOfTheRangeOnce) {
  pool::PoolState pool{.pool = TestPool()};
  pool.pool.last = pool::Port::Of<20009>();
  pool.pool.reserved = {pool::Port::Of<20009>(), pool::Port::Of<30000>()};
  pool.held_by_others.tcp = {pool::Port::Of<80>(), pool::Port::Of<20001>(), pool::Port::Of<20002>(),
                             pool::Port::Of<20009>()};
  ClaimedPorts claimed;
  claimed.used.tcp = {pool::Port::Of<20002>(), pool::Port::Of<20003>(), pool::Port::Of<40000>()};
  claimed.quarantined.tcp = {pool::Port::Of<20004>()};
  EXPECT_EQ(CountUsage(pool, claimed, pool::Protocol::kTcp),
            (PortUsage{.total = 9, .used = 2, .quarantined = 1, .held_by_others = 1, .free = 5}));
  EXPECT_EQ(CountUsage(pool, claimed, pool::Protocol::kUdp), (PortUsage{.total = 9, .free = 9}));
}

}  // namespace
}  // namespace berth::port
