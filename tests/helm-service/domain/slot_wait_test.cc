#include "helm-service/domain/slot_wait.h"

#include <thread>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using std::chrono::milliseconds;

TEST(WaitForSlotTest, TakesAFreeSlotAtOnce) {
  ProcessSlots slots(1);
  EXPECT_TRUE(WaitForSlot(slots, "shop", milliseconds(0)).ok());
  EXPECT_TRUE(WaitForSlot(slots, "shop", milliseconds(0)).ok());  // given back meanwhile
}

TEST(WaitForSlotTest, GivesUpAfterItsPatience) {
  ProcessSlots slots(1);
  const auto taken = WaitForSlot(slots, "shop", milliseconds(0));
  const auto waited = WaitForSlot(slots, "shop", milliseconds(1));
  EXPECT_TRUE(absl::IsUnavailable(waited.status()));
  EXPECT_EQ(ReasonOf(waited.status()), Reason::ERROR_REASON_TOO_MANY_CALLS);
  EXPECT_TRUE(RetryAfterOf(waited.status()).has_value());
}

TEST(WaitForSlotTest, GetsTheSlotThatFallsFree) {
  ProcessSlots slots(1);
  auto taken = WaitForSlot(slots, "shop", milliseconds(0));
  absl::StatusOr<std::unique_ptr<ProcessSlots::Ticket>> got;
  {
    const std::jthread waiter([&] { got = WaitForSlot(slots, "blog", milliseconds(60'000)); });
    taken->reset();
  }
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE((*got)->granted());
  // A wait that was given up has left the line: the slot is not granted to it.
  EXPECT_FALSE(WaitForSlot(slots, "shop", milliseconds(1)).ok());
  got->reset();
  EXPECT_TRUE(WaitForSlot(slots, "shop", milliseconds(0)).ok());
}

}  // namespace
}  // namespace berth::helm
