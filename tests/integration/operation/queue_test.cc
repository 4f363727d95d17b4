// Operations on one release take turns.

#include "tests/integration/harness/eventually.h"
#include "tests/integration/operation/replicas_test.h"

namespace berth::operation {
namespace {

using harness::Eventually;
using testing::ElementsAre;

class QueueTest : public ReplicasTest {
 protected:
  void StoreQueue(const std::vector<std::string>& operations) {
    kube::Json queue =
        kube::NewObject(kube::kReleaseQueues, {kube_namespace_, QueueName("shop", "web")});
    queue["spec"] = {
        {"releaseNamespace", "shop"}, {"releaseName", "web"}, {"operations", operations}};
    ASSERT_TRUE(client_->Create(kube::kReleaseQueues, queue).ok());
  }

  // A parent at work on release "web", as the gateway has it.
  Record StoreParent(const kube::Json& plan) {
    Record parent = Record::New(kube_namespace_, "gateway",
                                {.method = "berth.gateway.v1.GatewayService/Deploy",
                                 .target_namespace = "shop",
                                 .target_name = "web",
                                 .caller = "tester",
                                 .request_id = "parent"},
                                {}, {.lease = "gateway.x.y"});
    parent.set_plan(plan);
    return Record(*client_->Create(kube::kOperations, parent.json()));
  }
};

TEST_F(QueueTest, RunsOneAtATimeInTheOrderOfArrivalOverAllReplicas) {
  StartReplicas();
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    ids.push_back("r" + std::to_string(i));
    Detach(i % 2 == 0 ? *a_ : *b_, Request(ids.back()));
  }
  EXPECT_EQ(QueueOf("web").size(), 8u);
  for (int i = 0; i < 8; ++i) {
    GatedHandler& work = i % 2 == 0 ? work_a_ : work_b_;
    ASSERT_TRUE(work.WaitUntilBegun(ids[i])) << ids[i];
    EXPECT_EQ(work_a_.begun().size() + work_b_.begun().size(), static_cast<std::size_t>(i) + 1);
    work.Open(ids[i]);
  }
  EXPECT_TRUE(EventuallyInState(NameOf("r7"), v1::Operation::STATE_SUCCEEDED));
  EXPECT_TRUE(Eventually([&] { return QueueOf("web").empty(); }));
}

TEST_F(QueueTest, LetsReleasesRunBesideEachOther) {
  StartReplicas();
  Detach(*a_, Request("r1", "one"));
  Detach(*a_, Request("r2", "two"));
  EXPECT_TRUE(work_a_.WaitUntilBegun("r1"));
  EXPECT_TRUE(work_a_.WaitUntilBegun("r2"));
  EXPECT_EQ(work_a_.most_at_once(), 2);
}

TEST_F(QueueTest, TellsThePlaceAndWhoIsAhead) {
  StartReplicas();
  const std::string head = Detach(*a_, Request("head"));
  const std::string second = Detach(*b_, Request("second"));
  Watcher watcher(*a_, second);
  EXPECT_TRUE(watcher.WaitFor([&](const v1::OperationUpdate& update) {
    return update.queued().position() == 2 && update.queued().blocked_by() == head;
  }));
  EXPECT_TRUE(Eventually([&] { return Stored(second)->state_recorded(); }));
  EXPECT_EQ(Stored(second)->state(), v1::Operation::STATE_QUEUED);
}

TEST_F(QueueTest, RemovesAHeadThatNobodyRemoved) {
  const Record ended = [&] {
    Record record(*client_->Create(
        kube::kOperations,
        Record::New(kube_namespace_, "gateway", {.method = "s/m", .caller = "x", .request_id = "1"},
                    {}, {.lease = "gone"})
            .json()));
    record.set_ended(absl::AbortedError("x"), 0, kube::Time());
    return Record(*client_->UpdateStatus(kube::kOperations, record.json()));
  }();
  StoreQueue({ended.name(), "op-absentabsentabsentabsentabs"});
  StartReplicas();
  Detach(*a_, Request("r1"));
  EXPECT_TRUE(work_a_.WaitUntilBegun("r1"));
  EXPECT_THAT(QueueOf("web"), ElementsAre(NameOf("r1")));
}

TEST_F(QueueTest, RefusesTheHundredAndFirst) {
  std::vector<std::string> full;
  for (int i = 0; i < 100; ++i) full.push_back("op-" + std::to_string(i));
  StoreQueue(full);
  StartReplicas();
  const Heard heard = Install(*a_, Request("r1"));
  EXPECT_EQ(ReasonOf(heard.status), Reason::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(heard.messages.empty());
  EXPECT_TRUE(EventuallyInState(NameOf("r1"), v1::Operation::STATE_FAILED));
}

TEST_F(QueueTest, RunsAStepOfTheOperationAtTheHead) {
  const Record parent = StoreParent({{"children", {"r1"}}});
  StoreQueue({parent.name()});
  StartReplicas();
  helm::v1::InstallReleaseRequest request = Request("r1");
  request.mutable_run()->set_parent_operation(parent.name());
  work_a_.Open("r1");
  EXPECT_TRUE(Install(*a_, request).status.ok());
  EXPECT_THAT(QueueOf("web"), ElementsAre(parent.name()));
}

TEST_F(QueueTest, RefusesAStepThatThePlanDoesNotName) {
  const Record parent = StoreParent({{"children", {"other"}}});
  StoreQueue({parent.name()});
  StartReplicas();
  helm::v1::InstallReleaseRequest request = Request("r1");
  request.mutable_run()->set_parent_operation(parent.name());
  EXPECT_EQ(ReasonOf(Install(*a_, request).status), Reason::ERROR_REASON_NOT_AT_HEAD);
}

TEST_F(QueueTest, RefusesAStepOfAnOperationThatIsNotAtTheHead) {
  const Record parent = StoreParent({{"children", {"r1"}}});
  StoreQueue({"op-someoneelse", parent.name()});
  StartReplicas();
  helm::v1::InstallReleaseRequest request = Request("r1");
  request.mutable_run()->set_parent_operation(parent.name());
  EXPECT_EQ(ReasonOf(Install(*a_, request).status), Reason::ERROR_REASON_NOT_AT_HEAD);
  EXPECT_TRUE(work_a_.begun().empty());
}

}  // namespace
}  // namespace berth::operation
