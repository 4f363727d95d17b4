// What becomes of operations when their replica dies or stops.

#include "tests/integration/harness/eventually.h"
#include "tests/integration/operation/replicas_test.h"

namespace berth::operation {
namespace {

using harness::Eventually;

class TakeoverTest : public ReplicasTest {};

TEST_F(TakeoverTest, FinishesTheOperationOfADeadReplica) {
  StartReplicas(kQuick);
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  Watcher there(*b_, name);
  ASSERT_TRUE(there.WaitForPhase("first"));
  a_->Isolate();
  ASSERT_TRUE(work_b_.WaitUntilBegun("r1"));
  EXPECT_TRUE(work_b_.recovered("r1"));
  EXPECT_TRUE(a_->lease_lost());
  EXPECT_FALSE(a_->manager().lease().FreshEnoughToSpawn());
  ASSERT_TRUE(there.WaitForPhase("again"));
  work_b_.Open("r1");
  const auto end = there.WaitForEnd();
  ASSERT_TRUE(end && end->has_result());

  // Numbers never go backwards, and what the dead one may have said is told as lost.
  std::int64_t last = 0;
  bool lost = false;
  for (const v1::OperationUpdate& update : there.updates()) {
    EXPECT_GT(update.sequence(), last);
    last = update.sequence();
    lost = lost || update.has_updates_lost();
  }
  EXPECT_TRUE(lost);
  EXPECT_EQ(Stored(name)->state(), v1::Operation::STATE_SUCCEEDED);
  EXPECT_TRUE(Eventually([&] { return QueueOf("web").empty(); }));
}

TEST_F(TakeoverTest, LetsTheDeadReplicaWriteNothingAnyMore) {
  StartReplicas(kQuick);
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  a_->Isolate();
  ASSERT_TRUE(work_b_.WaitUntilBegun("r1"));
  // The dead one wakes up and would like to succeed.
  work_a_.Behave([](OperationRun& run) -> Progress {
    const absl::Status saved = run.SavePlan({{"from", "the dead"}});
    return saved.ok() ? Progress(Failed{absl::InternalError("wrote as a dead one")})
                      : Progress(Wait{});
  });
  work_a_.Open("r1");
  work_b_.Open("r1");
  ASSERT_TRUE(EventuallyInState(name, v1::Operation::STATE_SUCCEEDED));
  EXPECT_EQ(Stored(name)->holder().pod_name, "b");
  EXPECT_EQ(Stored(name)->plan()["request"], "r1");
}

TEST_F(TakeoverTest, EndsWhatHadNotBegunAsInterrupted) {
  StartReplicas(kQuick);
  Detach(*b_, Request("head"));
  ASSERT_TRUE(work_b_.WaitUntilBegun("head"));
  const std::string waiting = Detach(*a_, Request("waiting"));
  a_->Isolate();
  ASSERT_TRUE(EventuallyInState(waiting, v1::Operation::STATE_FAILED));
  const absl::Status error = Stored(waiting)->outcome().status();
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_INTERRUPTED);
  EXPECT_EQ(MetadataOf(error, "effect"), "none");
  EXPECT_TRUE(Eventually([&] { return QueueOf("web").size() == 1; }));
}

TEST_F(TakeoverTest, HandsOverQuicklyWhenAReplicaStops) {
  StartReplicas();  // patient: nobody would be suspected for 15 s
  const std::string begun = Detach(*a_, Request("begun", "web"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("begun"));
  const std::string waiting = Detach(*a_, Request("waiting", "web"));
  a_->Stop();
  // Inputs are not stored, so what waits cannot be handed over.
  EXPECT_EQ(ReasonOf(Stored(waiting)->outcome().status()), Reason::ERROR_REASON_INTERRUPTED);
  ASSERT_TRUE(work_b_.WaitUntilBegun("begun"));
  EXPECT_TRUE(work_b_.recovered("begun"));
  work_b_.Open("begun");
  EXPECT_TRUE(EventuallyInState(begun, v1::Operation::STATE_SUCCEEDED));
}

TEST_F(TakeoverTest, LeavesTheLivingAlone) {
  StartReplicas(kQuick);
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  std::this_thread::sleep_for(kQuick.lease_duration + kQuick.kill_margin * 3);
  EXPECT_EQ(Stored(name)->holder().pod_name, "a");
  EXPECT_FALSE(a_->lease_lost());
  EXPECT_TRUE(a_->manager().lease().FreshEnoughToSpawn());
}

TEST_F(TakeoverTest, ContinuesAnUndoWithItsCause) {
  StartReplicas(kQuick);
  work_a_.Behave([](OperationRun& run) -> Progress {
    if (!run.BeginEffects({{"step", 1}}).ok()) return Wait{std::chrono::milliseconds(50)};
    if (!run.BeginUndo(Error(absl::StatusCode::kFailedPrecondition,
                             Reason::ERROR_REASON_HELM_FAILED, "step 2 failed"))
             .ok()) {
      return Wait{std::chrono::milliseconds(50)};
    }
    return Wait{};
  });
  std::atomic<bool> saw_undo = false;
  work_b_.Behave([&](OperationRun& run) -> Progress {
    saw_undo = run.recovered() && run.undo() && run.plan()["step"] == 1;
    return Failed{run.undo() ? run.undo()->cause : absl::InternalError("no undo")};
  });
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(EventuallyInState(name, v1::Operation::STATE_UNDOING));
  a_->Isolate();
  ASSERT_TRUE(EventuallyInState(name, v1::Operation::STATE_FAILED));
  EXPECT_TRUE(saw_undo);
  EXPECT_EQ(ReasonOf(Stored(name)->outcome().status()), Reason::ERROR_REASON_HELM_FAILED);
}

TEST_F(TakeoverTest, EndsWhatItsOwnReplicaForgot) {
  StartReplicas(kQuick);
  // A creation of which the replica never learned that it succeeded.
  const Holder holder = [&] {
    Detach(*a_, Request("r1"));
    return Stored(NameOf("r1"))->holder();
  }();
  const Record forgotten = Record::New(kube_namespace_, "helm-service",
                                       {.method = kInstall,
                                        .target_namespace = "shop",
                                        .target_name = "x",
                                        .caller = "tester",
                                        .request_id = "forgotten"},
                                       {}, holder);
  ASSERT_TRUE(client_->Create(kube::kOperations, forgotten.json()).ok());
  EXPECT_TRUE(EventuallyInState(forgotten.name(), v1::Operation::STATE_FAILED));
}

}  // namespace
}  // namespace berth::operation
