#include "helm-service/domain/process_slots.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;

class ProcessSlotsTest : public ::testing::Test {
 protected:
  std::unique_ptr<ProcessSlots::Ticket> Enter(const std::string& ns, const std::string& name) {
    return slots_.Enter(ns, [this, name] { woken_.push_back(name); });
  }

  int waiting_ = 0;
  ProcessSlots slots_{1, [this](int change) { waiting_ += change; }};
  std::vector<std::string> woken_;
};

TEST_F(ProcessSlotsTest, GrantsAFreeSlotAtOnceAndWithoutWaking) {
  EXPECT_TRUE(Enter("a", "a1")->granted());
  EXPECT_TRUE(woken_.empty());
}

TEST_F(ProcessSlotsTest, WakesTheNextWhenASlotFallsFree) {
  auto first = Enter("a", "a1");
  const auto second = Enter("a", "a2");
  EXPECT_FALSE(second->granted());
  first.reset();
  EXPECT_TRUE(second->granted());
  EXPECT_THAT(woken_, ElementsAre("a2"));
}

TEST_F(ProcessSlotsTest, TakesNamespacesInTurnHoweverLongTheLineOfOneIs) {
  auto running = Enter("a", "a1");
  auto a2 = Enter("a", "a2");
  auto a3 = Enter("a", "a3");
  auto b1 = Enter("b", "b1");
  auto c1 = Enter("c", "c1");
  running.reset();
  b1.reset();
  c1.reset();
  a2.reset();
  EXPECT_THAT(woken_, ElementsAre("b1", "c1", "a2", "a3"));
}

TEST_F(ProcessSlotsTest, TellsHowManyWait) {
  auto running = Enter("a", "a1");
  auto second = Enter("a", "a2");
  auto third = Enter("b", "b1");
  EXPECT_EQ(waiting_, 2);
  third.reset();
  EXPECT_EQ(waiting_, 1);
  running.reset();
  EXPECT_EQ(waiting_, 0);
  second.reset();
  EXPECT_EQ(waiting_, 0);
}

TEST_F(ProcessSlotsTest, ForgetsATicketThatLeavesTheLine) {
  auto running = Enter("a", "a1");
  auto leaver = Enter("a", "a2");
  const auto last = Enter("a", "a3");
  leaver.reset();
  running.reset();
  EXPECT_TRUE(last->granted());
  EXPECT_THAT(woken_, ElementsAre("a3"));
}

}  // namespace
}  // namespace berth::helm
