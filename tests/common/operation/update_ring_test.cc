#include "common/operation/update_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace berth::operation {
namespace {

using testing::ElementsAre;

v1::OperationUpdate Line(const std::string& text) {
  v1::OperationUpdate update;
  update.mutable_line()->set_text(text);
  return update;
}

v1::OperationUpdate Phase(const std::string& name) {
  v1::OperationUpdate update;
  update.mutable_phase()->set_phase(name);
  return update;
}

// What a reader sees: "3:line", "4=PHASE", "lost 1-2".
std::vector<std::string> ReadAll(const UpdateRing& ring, UpdateRing::Cursor& cursor) {
  std::vector<std::string> seen;
  while (const auto update = ring.Next(cursor)) {
    if (update->has_line()) {
      seen.push_back(std::to_string(update->sequence()) + ":" + update->line().text());
    } else if (update->has_phase()) {
      seen.push_back(std::to_string(update->sequence()) + "=" + update->phase().phase());
    } else {
      EXPECT_EQ(update->sequence(), update->updates_lost().to());
      seen.push_back("lost " + std::to_string(update->updates_lost().from()) + "-" +
                     std::to_string(update->updates_lost().to()));
    }
  }
  return seen;
}

std::vector<std::string> ReadAfter(const UpdateRing& ring, std::int64_t after) {
  UpdateRing::Cursor cursor{.after = after};
  return ReadAll(ring, cursor);
}

TEST(UpdateRingTest, NumbersUpdatesFromOne) {
  UpdateRing ring(0, 1000, {});
  EXPECT_EQ(ring.Append(Line("a")), 1);
  EXPECT_EQ(ring.Append(Phase("P")), 2);
  EXPECT_THAT(ReadAfter(ring, 0), ElementsAre("1:a", "2=P"));
  EXPECT_THAT(ReadAfter(ring, 1), ElementsAre("2=P"));
  EXPECT_THAT(ReadAfter(ring, 2), ElementsAre());
  EXPECT_THAT(ReadAfter(ring, 99), ElementsAre());
}

TEST(UpdateRingTest, ShowsNothingBeforeItsNumberIsReserved) {
  UpdateRing ring(0, 1, {});
  ring.Append(Line("a"));
  ring.Append(Line("b"));
  UpdateRing::Cursor cursor;
  EXPECT_THAT(ReadAll(ring, cursor), ElementsAre("1:a"));
  ring.Reserve(1001);
  EXPECT_THAT(ReadAll(ring, cursor), ElementsAre("2:b"));
}

TEST(UpdateRingTest, WantsNumbersReservedInTime) {
  UpdateRing ring(0, 1000, {});
  for (int i = 0; i < 500; ++i) ring.Append(Line("x"));
  EXPECT_FALSE(ring.wanted_reservation().has_value());
  ring.Append(Line("x"));
  EXPECT_EQ(ring.wanted_reservation(), 1501);
  ring.Reserve(1501);
  EXPECT_FALSE(ring.wanted_reservation().has_value());
}

TEST(UpdateRingTest, SaysWhatFellOut) {
  UpdateRing ring(0, 1000, {}, {.updates = 2, .bytes = 1000});
  for (const char* text : {"a", "b", "c", "d"}) ring.Append(Line(text));
  EXPECT_THAT(ReadAfter(ring, 0), ElementsAre("lost 1-2", "3:c", "4:d"));
  EXPECT_THAT(ReadAfter(ring, 1), ElementsAre("lost 2-2", "3:c", "4:d"));
}

TEST(UpdateRingTest, IsBoundedInBytes) {
  UpdateRing ring(0, 1000, {}, {.updates = 100, .bytes = 250});
  for (int i = 0; i < 10; ++i) ring.Append(Line(std::string(100, 'x')));
  EXPECT_EQ(ReadAfter(ring, 0).size(), 3u);  // lost 1-8, 9, 10
}

TEST(UpdateRingTest, TellsThePhasesOfALostTime) {
  UpdateRing ring(0, 1000, {}, {.updates = 1, .bytes = 1000});
  ring.Append(Phase("A"));
  ring.Append(Line("l"));
  ring.Append(Phase("B"));
  ring.Append(Line("end"));
  EXPECT_THAT(ReadAfter(ring, 0), ElementsAre("1=A", "3=B", "lost 2-3", "4:end"));
}

TEST(UpdateRingTest, LosesNothingWhereEveryLostUpdateWasAPhase) {
  UpdateRing ring(0, 1000, {}, {.updates = 1, .bytes = 1000});
  ring.Append(Phase("A"));
  ring.Append(Phase("B"));
  ring.Append(Line("end"));
  EXPECT_THAT(ReadAfter(ring, 0), ElementsAre("1=A", "2=B", "3:end"));
}

TEST(UpdateRingTest, GoesOnBehindTheNumbersOfAPredecessor) {
  UpdateRing before(0, 1000, {});
  before.Append(Phase("A"));
  before.Append(Line("l"));
  UpdateRing after(1000, 1000, before.phases());
  EXPECT_EQ(after.Append(Phase("B")), 1001);
  EXPECT_THAT(ReadAfter(after, 0), ElementsAre("1=A", "lost 2-1000"));
  after.Reserve(*after.wanted_reservation());
  EXPECT_THAT(ReadAfter(after, 0), ElementsAre("1=A", "lost 2-1000", "1001=B"));
  EXPECT_THAT(ReadAfter(after, 2), ElementsAre("lost 3-1000", "1001=B"));
}

TEST(UpdateRingTest, NeverNamesUnreservedNumbersAsLost) {
  UpdateRing ring(0, 2, {}, {.updates = 1, .bytes = 1000});
  for (const char* text : {"a", "b", "c", "d", "e"}) ring.Append(Line(text));
  EXPECT_THAT(ReadAfter(ring, 0), ElementsAre("lost 1-2"));
}

TEST(UpdateRingTest, SurvivesAReaderThatComesBackInTheMiddleOfAGap) {
  UpdateRing ring(0, 1000, {}, {.updates = 1, .bytes = 1000});
  ring.Append(Line("l"));
  ring.Append(Phase("A"));
  UpdateRing::Cursor cursor;
  ring.Append(Line("m"));
  EXPECT_EQ(ring.Next(cursor)->phase().phase(), "A");
  ring.Append(Line("n"));  // "m" falls out while the reader is in the gap
  EXPECT_THAT(ReadAll(ring, cursor), ElementsAre("lost 1-3", "4:n"));
}

}  // namespace
}  // namespace berth::operation
