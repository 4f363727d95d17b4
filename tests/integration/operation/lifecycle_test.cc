// How one call becomes an operation, runs and ends.

#include "tests/integration/harness/eventually.h"
#include "tests/integration/operation/replicas_test.h"

namespace berth::operation {
namespace {

using harness::Eventually;
using testing::IsEmpty;

class LifecycleTest : public ReplicasTest {};

TEST_F(LifecycleTest, StreamsUpdatesAndThenTheResult) {
  StartReplicas();
  work_a_.Open("r1");
  const Heard heard = Install(*a_, Request("r1"));
  EXPECT_TRUE(heard.status.ok()) << heard.status;
  ASSERT_GE(heard.messages.size(), 3u);
  EXPECT_EQ(heard.messages.front().update().operation(), NameOf("r1"));
  EXPECT_TRUE(heard.messages.front().update().has_accepted());
  EXPECT_FALSE(heard.messages.front().update().accepted().joined());
  EXPECT_EQ(heard.messages[1].update().phase().phase(), "WORKING");
  EXPECT_EQ(heard.messages.back().result().release().name(), "web");

  const std::optional<Record> record = Stored(NameOf("r1"));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->state(), v1::Operation::STATE_SUCCEEDED);
  EXPECT_EQ(record->plan()["request"], "r1");
  ASSERT_EQ(record->phases().size(), 1u);
  EXPECT_TRUE(Eventually([&] { return QueueOf("web").empty(); }));
}

TEST_F(LifecycleTest, EndsTheStreamWithTheOperationsError) {
  StartReplicas();
  work_a_.Behave([](OperationRun&) {
    return Failed{Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_HELM_FAILED,
                        "helm said no")};
  });
  const Heard heard = Install(*a_, Request("r1"));
  EXPECT_EQ(ReasonOf(heard.status), Reason::ERROR_REASON_HELM_FAILED);
  ASSERT_FALSE(heard.messages.empty());
  EXPECT_EQ(ReasonOf(FromRpcStatus(heard.messages.back().error())),
            Reason::ERROR_REASON_HELM_FAILED);
  // To watch a failed operation is no failure.
  Watcher watcher(*a_, NameOf("r1"));
  ASSERT_TRUE(watcher.WaitForEnd());
  EXPECT_TRUE(watcher.status().ok());
}

TEST_F(LifecycleTest, OnlyChecksWhenAskedToValidate) {
  StartReplicas();
  helm::v1::InstallReleaseRequest request = Request("r1");
  request.mutable_run()->set_validate_only(true);
  const Heard heard = Install(*a_, request);
  EXPECT_TRUE(heard.status.ok());
  EXPECT_THAT(heard.messages, IsEmpty());
  EXPECT_FALSE(Stored(NameOf("r1")));

  request.mutable_run()->mutable_timeout()->set_seconds(100'000);
  EXPECT_EQ(FieldViolationsOf(Install(*a_, request).status).front().field, "run.timeout");
}

TEST_F(LifecycleTest, GoesOnWhenTheCallerHangsUp) {
  StartReplicas();
  {
    grpc::ClientContext context;
    const auto reader = a_->installs().InstallRelease(&context, Request("r1"));
    helm::v1::InstallReleaseResponse response;
    ASSERT_TRUE(reader->Read(&response));
    context.TryCancel();
    reader->Finish();
  }
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  work_a_.Open("r1");
  EXPECT_TRUE(EventuallyInState(NameOf("r1"), v1::Operation::STATE_SUCCEEDED));
}

TEST_F(LifecycleTest, JoinsTheSameRequestOnEveryReplica) {
  StartReplicas();
  const std::string name = Detach(*a_, Request("r1"));
  for (Replica* replica : {a_.get(), b_.get()}) {
    helm::v1::InstallReleaseRequest again = Request("r1");
    again.mutable_run()->set_detach(true);
    const Heard heard = Install(*replica, again);
    ASSERT_EQ(heard.messages.size(), 1u);
    EXPECT_EQ(heard.messages[0].update().operation(), name);
    EXPECT_TRUE(heard.messages[0].update().accepted().joined());
  }
  helm::v1::InstallReleaseRequest other = Request("r1");
  other.set_wait(true);
  for (Replica* replica : {a_.get(), b_.get()}) {
    const Heard heard = Install(*replica, other);
    EXPECT_EQ(ReasonOf(heard.status), Reason::ERROR_REASON_REQUEST_ID_REUSED);
    EXPECT_THAT(heard.messages, IsEmpty());
  }
}

TEST_F(LifecycleTest, RunsOnceHoweverManyAskAtOnce) {
  StartReplicas();
  work_a_.Open("r1");
  work_b_.Open("r1");
  std::vector<Heard> heard(24);
  {
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      callers.emplace_back([&, i] { heard[i] = Install(i % 2 == 0 ? *a_ : *b_, Request("r1")); });
    }
  }
  int created = 0;
  for (const Heard& one : heard) {
    EXPECT_TRUE(one.status.ok()) << one.status;
    ASSERT_FALSE(one.messages.empty());
    if (!one.messages.front().update().accepted().joined()) ++created;
    EXPECT_TRUE(one.messages.back().has_result());
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(work_a_.begun().size() + work_b_.begun().size(), 1u);
}

TEST_F(LifecycleTest, EndsAtItsDeadline) {
  StartReplicas();
  helm::v1::InstallReleaseRequest request = Request("r1");
  request.mutable_run()->mutable_timeout()->set_seconds(1);
  const Heard heard = Install(*a_, request);
  EXPECT_EQ(ReasonOf(heard.status), Reason::ERROR_REASON_OPERATION_TIMEOUT);
  EXPECT_EQ(heard.status.message(), "out of time");
}

TEST_F(LifecycleTest, EndsAnOperationWhoseHandlerDoesNot) {
  StartReplicas();
  work_a_.Behave([](OperationRun&) { return Wait{}; });
  helm::v1::InstallReleaseRequest request = Request("r1");
  request.mutable_run()->mutable_timeout()->set_seconds(1);
  const auto begun = std::chrono::steady_clock::now();
  const Heard heard = Install(*a_, request);
  EXPECT_EQ(ReasonOf(heard.status), Reason::ERROR_REASON_OPERATION_TIMEOUT);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
}

TEST_F(LifecycleTest, GetsAndListsOnEveryReplica) {
  StartReplicas();
  Detach(*a_, Request("r1", "web"));
  Detach(*b_, Request("r2", "shop"));
  Detach(*b_, Request("r3", "web"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));

  v1::GetOperationRequest get;
  get.set_name(NameOf("r3"));
  grpc::ClientContext context;
  v1::GetOperationResponse got;
  ASSERT_TRUE(a_->operations().GetOperation(&context, get, &got).ok());
  EXPECT_EQ(got.operation().state(), v1::Operation::STATE_QUEUED);
  EXPECT_EQ(got.operation().queue_position(), 2);

  v1::ListOperationsRequest list;
  list.set_target_name("web");
  list.set_page_size(1);
  std::vector<std::string> names;
  ASSERT_TRUE(Eventually([&] { return a_->manager().List({})->operations_size() == 3; }));
  do {
    grpc::ClientContext list_context;
    v1::ListOperationsResponse page;
    ASSERT_TRUE(a_->operations().ListOperations(&list_context, list, &page).ok());
    for (const v1::Operation& operation : page.operations()) names.push_back(operation.name());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(names, testing::UnorderedElementsAre(NameOf("r1"), NameOf("r3")));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));

  get.set_name("op-aaaaaaaaaaaaaaaaaaaaaaaaaa");
  grpc::ClientContext missing;
  EXPECT_EQ(ReasonOf(FromGrpcStatus(a_->operations().GetOperation(&missing, get, &got))),
            Reason::ERROR_REASON_OPERATION_NOT_FOUND);
}

TEST_F(LifecycleTest, SurvivesAnApiServerThatRestarts) {
  StartReplicas();
  Detach(*a_, Request("r1"));
  ASSERT_TRUE(work_a_.WaitUntilBegun("r1"));
  Watcher watcher(*b_, NameOf("r1"));
  ASSERT_TRUE(watcher.WaitForPhase("first"));
  api_server_.Kill();
  work_a_.ReporterOf("r1")->Line("helm", v1::OutputLine::STREAM_STDOUT, "still here");
  EXPECT_TRUE(watcher.WaitForLine("still here"));
  work_a_.Open("r1");
  ASSERT_TRUE(api_server_.StartAgain().ok());
  const auto end = watcher.WaitForEnd();
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->has_result());
  EXPECT_TRUE(EventuallyInState(NameOf("r1"), v1::Operation::STATE_SUCCEEDED));
  EXPECT_FALSE(a_->lease_lost());
}

}  // namespace
}  // namespace berth::operation
