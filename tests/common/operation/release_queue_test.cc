#include "common/operation/release_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/kube/clock.h"
#include "common/status/status.h"
#include "tests/common/kube/fake_transport.h"

namespace berth::operation {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

kube::Json QueueOf(const std::vector<std::string>& operations) {
  return {{"metadata", {{"namespace", "berth"}, {"name", "rq-1"}, {"resourceVersion", "5"}}},
          {"spec", {{"operations", operations}}}};
}

class ReleaseQueuesTest : public testing::Test {
 protected:
  ReleaseQueuesTest() {
    auto transport = std::make_unique<kube::FakeTransport>();
    server_ = transport.get();
    client_ = std::make_unique<kube::Client>(std::move(transport), kube::RealClock());
    queues_ = std::make_unique<ReleaseQueues>(*client_, "berth");
  }

  void ReplyThatItExists() {
    server_->Reply(409, kube::KubernetesStatusObject(409, "AlreadyExists"));
  }

  const ReleaseKey web_{.release_namespace = "shop", .release_name = "web"};
  kube::FakeTransport* server_ = nullptr;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<ReleaseQueues> queues_;
};

TEST_F(ReleaseQueuesTest, BeginsAQueueWithOneRequest) {
  server_->Reply(201, QueueOf({"a"}));
  EXPECT_EQ(queues_->Append(web_, "a").value(), 1);
  ASSERT_THAT(server_->requests(), SizeIs(1));
  EXPECT_EQ(kube::Json::parse(server_->requests()[0].body)["spec"]["operations"],
            kube::Json({"a"}));
}

TEST_F(ReleaseQueuesTest, GoesBehindThoseThatWait) {
  ReplyThatItExists();
  server_->Reply(200, QueueOf({"a", "b"}));
  server_->Reply(200, QueueOf({"a", "b", "c"}));
  EXPECT_EQ(queues_->Append(web_, "c").value(), 3);
  EXPECT_EQ(kube::Json::parse(server_->requests()[2].body)["spec"]["operations"],
            kube::Json({"a", "b", "c"}));
}

TEST_F(ReleaseQueuesTest, LeavesAnEntryWhereItIs) {
  ReplyThatItExists();
  server_->Reply(200, QueueOf({"a", "b"}));
  EXPECT_EQ(queues_->Append(web_, "a").value(), 1);
  EXPECT_THAT(server_->requests(), SizeIs(2));
}

TEST_F(ReleaseQueuesTest, BeginsAQueueThatEndedJustNow) {
  ReplyThatItExists();
  server_->Reply(404, kube::KubernetesStatusObject(404, "NotFound"));
  server_->Reply(201, QueueOf({"a"}));
  EXPECT_EQ(queues_->Append(web_, "a").value(), 1);
}

TEST(ReleaseQueueTest, KeepsTheOrderOfArrival) {
  std::vector<std::string> queue = *Appended({}, "a");
  queue = *Appended(queue, "b");
  EXPECT_THAT(queue, ElementsAre("a", "b"));
  EXPECT_EQ(PositionOf(queue, "a"), 1);
  EXPECT_EQ(PositionOf(queue, "b"), 2);
  EXPECT_EQ(PositionOf(queue, "c"), 0);
}

TEST(ReleaseQueueTest, TakesAnOperationOnce) {
  EXPECT_THAT(*Appended({"a", "b"}, "a"), ElementsAre("a", "b"));
}

TEST(ReleaseQueueTest, RefusesTheHundredAndFirst) {
  std::vector<std::string> queue;
  for (int i = 0; i < 100; ++i) queue = *Appended(queue, std::to_string(i));
  EXPECT_EQ(ReasonOf(Appended(queue, "new").status()), Reason::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(Appended(queue, "99").ok());
}

TEST(ReleaseQueueTest, RemovesFromAnywhere) {
  EXPECT_THAT(Without({"a", "b", "c"}, "b"), ElementsAre("a", "c"));
  EXPECT_THAT(Without({"a"}, "x"), ElementsAre("a"));
}

TEST(ReleaseQueueTest, ReadsAQueueObject) {
  EXPECT_THAT(OperationsOf(kube::Json::parse(R"({"spec":{"operations":["a","b"]}})")),
              ElementsAre("a", "b"));
  EXPECT_THAT(OperationsOf(kube::Json::parse(R"({"spec":{"operations":7}})")), ElementsAre());
}

}  // namespace
}  // namespace berth::operation
