// Following an operation from anywhere.

#include "tests/integration/operation/replicas_test.h"

namespace berth::operation {
namespace {

class WatchTest : public ReplicasTest {
 protected:
  void Say(GatedHandler& work, const std::string& text) {
    work.ReporterOf("r1")->Line("helm", v1::OutputLine::STREAM_STDOUT, text);
  }
};

TEST_F(WatchTest, BringsEveryLineInOrderFromTheOtherReplica) {
  StartReplicas();
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  Watcher here(*a_, name);
  Watcher there(*b_, name);
  Say(work_a_, "line 0");
  for (Watcher* watcher : {&here, &there}) ASSERT_TRUE(watcher->WaitForLine("line 0"));
  for (int i = 1; i < 300; ++i) Say(work_a_, "line " + std::to_string(i));
  work_a_.Open("r1");
  for (Watcher* watcher : {&here, &there}) {
    const auto end = watcher->WaitForEnd();
    ASSERT_TRUE(end && end->has_result());
    EXPECT_TRUE(watcher->status().ok());
    const std::vector<v1::OperationUpdate> updates = watcher->updates();
    ASSERT_EQ(updates.size(), 301u);
    for (std::size_t i = 0; i < updates.size(); ++i) {
      EXPECT_EQ(updates[i].sequence(), static_cast<std::int64_t>(i) + 1);
    }
    EXPECT_EQ(updates.back().line().text(), "line 299");
  }
}

TEST_F(WatchTest, BringsOnlyWhatComesAfterASequence) {
  StartReplicas();
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  for (int i = 2; i <= 10; ++i) Say(work_a_, std::to_string(i));
  Watcher there(*b_, name, 7);
  ASSERT_TRUE(there.WaitForLine("10"));
  EXPECT_EQ(there.updates().front().line().text(), "8");
}

TEST_F(WatchTest, ReservesNumbersForManyLines) {
  StartReplicas();
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  Watcher there(*b_, name);
  for (int i = 0; i < 1900; ++i) Say(work_a_, std::to_string(i));
  ASSERT_TRUE(there.WaitForLine("1899"));
  EXPECT_GE(Stored(name)->sequence_reserved(), 1901);
  EXPECT_EQ(there.updates().size(), 1901u);
}

TEST_F(WatchTest, TellsPhasesAndLossAfterTheEndWhereItDidNotRun) {
  StartReplicas();
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  Say(work_a_, "only the holder knows");
  work_a_.Open("r1");
  ASSERT_TRUE(EventuallyInState(name, v1::Operation::STATE_SUCCEEDED));

  Watcher here(*a_, name);
  ASSERT_TRUE(here.WaitForEnd());
  EXPECT_EQ(here.updates().back().line().text(), "only the holder knows");

  Watcher there(*b_, name);
  const auto end = there.WaitForEnd();
  ASSERT_TRUE(end && end->has_result());
  const std::vector<v1::OperationUpdate> updates = there.updates();
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_EQ(updates[0].phase().phase(), "WORKING");
  EXPECT_EQ(updates[1].updates_lost().from(), 2);
  EXPECT_EQ(updates[1].updates_lost().to(), 2);
}

TEST_F(WatchTest, IsRefusedForWhatDoesNotExist) {
  StartReplicas();
  Watcher missing(*b_, "op-aaaaaaaaaaaaaaaaaaaaaaaaaa");
  missing.WaitForEnd();
  EXPECT_EQ(ReasonOf(missing.status()), Reason::ERROR_REASON_OPERATION_NOT_FOUND);
  Watcher malformed(*b_, "../secrets");
  malformed.WaitForEnd();
  EXPECT_EQ(ReasonOf(malformed.status()), Reason::ERROR_REASON_INVALID_FIELD);
}

TEST_F(WatchTest, BreaksWhenItsReplicaStops) {
  StartReplicas();
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  Watcher there(*b_, name);
  ASSERT_TRUE(there.WaitForPhase("first"));
  b_->Stop();
  there.WaitForEnd();
  EXPECT_EQ(ReasonOf(there.status()), Reason::ERROR_REASON_SHUTTING_DOWN);
}

}  // namespace
}  // namespace berth::operation
