// Cancelling an operation at every moment of its life.

#include "tests/integration/harness/eventually.h"
#include "tests/integration/operation/replicas_test.h"

namespace berth::operation {
namespace {

using harness::Eventually;

class CancelTest : public ReplicasTest {
 protected:
  static absl::StatusOr<v1::Operation> CancelRequestId(Replica& replica,
                                                       const std::string& request_id) {
    v1::CancelOperationRequest request;
    request.set_method(kInstall);
    request.set_request_id(request_id);
    return Cancel(replica, request);
  }
  static absl::StatusOr<v1::Operation> CancelName(Replica& replica, const std::string& name) {
    v1::CancelOperationRequest request;
    request.set_name(name);
    return Cancel(replica, request);
  }

 private:
  static absl::StatusOr<v1::Operation> Cancel(Replica& replica,
                                              const v1::CancelOperationRequest& request) {
    grpc::ClientContext context;
    v1::CancelOperationResponse response;
    const grpc::Status status = replica.operations().CancelOperation(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response.operation();
  }
};

TEST_F(CancelTest, StopsARunningOperationFromTheOtherReplica) {
  StartReplicas();
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  const auto cancelled = CancelName(*b_, name);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_TRUE(cancelled->cancel_requested());
  EXPECT_TRUE(EventuallyInState(name, v1::Operation::STATE_CANCELLED));
  EXPECT_EQ(Stored(name)->outcome().status().message(), "stopped as asked");
}

TEST_F(CancelTest, EndsAWaitingOperationWithoutRunningIt) {
  StartReplicas();
  Detach(*a_, Request("head"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("head"));
  const std::string waiting = Detach(*a_, Request("waiting"));
  ASSERT_TRUE(CancelRequestId(*b_, "waiting").ok());
  EXPECT_TRUE(EventuallyInState(waiting, v1::Operation::STATE_CANCELLED));
  EXPECT_THAT(work_a_.begun(), testing::ElementsAre("head"));
  EXPECT_TRUE(Eventually([&] { return QueueOf("web").size() == 1; }));
}

TEST_F(CancelTest, StopsACallThatComesLate) {
  StartReplicas();
  const auto unseen = CancelRequestId(*b_, "r1");
  ASSERT_TRUE(unseen.ok()) << unseen.status();
  EXPECT_EQ(unseen->state(), v1::Operation::STATE_CANCELLED);
  const Heard late = Install(*a_, Request("r1"));
  EXPECT_EQ(ReasonOf(late.status), Reason::ERROR_REASON_CANCELLED);
  EXPECT_TRUE(late.messages.front().update().accepted().joined());
  EXPECT_TRUE(work_a_.begun().empty());
}

TEST_F(CancelTest, LeavesAnEndedOperationUnchanged) {
  StartReplicas();
  work_a_.Open("r1");
  ASSERT_TRUE(Install(*a_, Request("r1")).status.ok());
  const auto again = CancelName(*b_, NameOf("r1"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->state(), v1::Operation::STATE_SUCCEEDED);
  EXPECT_FALSE(again->cancel_requested());
}

TEST_F(CancelTest, HasOneEndWhateverComesFirst) {
  StartReplicas();
  for (int round = 0; round < 20; ++round) {
    const std::string id = "r" + std::to_string(round);
    const std::string name = Detach(*a_, Request(id));
    ASSERT_TRUE(work_a_.WaitUntilBegun(id));
    Watcher watcher(*b_, name);
    std::jthread canceller([&] { EXPECT_TRUE(CancelName(*b_, name).ok()); });
    work_a_.Open(id);
    const auto end = watcher.WaitForEnd();
    ASSERT_TRUE(end);
    canceller.join();
    const State state = Stored(name)->state();
    EXPECT_EQ(state,
              end->has_result() ? v1::Operation::STATE_SUCCEEDED : v1::Operation::STATE_CANCELLED);
    EXPECT_EQ(Stored(name)->state(), state);
  }
}

TEST_F(CancelTest, CannotStopAnUndo) {
  StartReplicas();
  std::atomic<bool> finish = false;
  work_a_.Behave([&](OperationRun& run) -> Progress {
    if (!run.BeginEffects({}).ok()) return Wait{std::chrono::milliseconds(20)};
    const absl::Status cause =
        Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_EXPOSURE_CHANGED, "changed");
    if (!run.BeginUndo(cause).ok()) return Wait{std::chrono::milliseconds(20)};
    if (!finish) return Wait{std::chrono::milliseconds(20)};
    return Failed{run.undo()->cause};
  });
  const std::string name = Detach(*a_, Request("r1"));
  ASSERT_TRUE(EventuallyInState(name, v1::Operation::STATE_UNDOING));
  ASSERT_TRUE(CancelName(*b_, name).ok());
  finish = true;
  EXPECT_TRUE(EventuallyInState(name, v1::Operation::STATE_FAILED));
}

TEST_F(CancelTest, IsRefusedWithoutANameOrARequest) {
  StartReplicas();
  EXPECT_EQ(ReasonOf(CancelName(*a_, "").status()), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(ReasonOf(CancelName(*a_, "op-aaaaaaaaaaaaaaaaaaaaaaaaaa").status()),
            Reason::ERROR_REASON_OPERATION_NOT_FOUND);
}

}  // namespace
}  // namespace berth::operation
