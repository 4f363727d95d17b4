#include "common/kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/object.h"
#include "tests/common/kube/fake_clock.h"
#include "tests/common/kube/fake_transport.h"

namespace berth::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::SizeIs;

constexpr char kWebPath[] = "/api/v1/namespaces/shop/services/web";

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    auto transport = std::make_unique<FakeTransport>();
    server_ = transport.get();
    client_ = std::make_unique<Client>(std::move(transport), clock_);
  }

  static Json Web() {
    Json object = NewObject(kServices, {.ns = "shop", .name = "web"});
    object["metadata"]["resourceVersion"] = "7";
    return object;
  }
  void LoseAnswer() { server_->Fail(ConnectionError(SendState::kMaybeSent, "reset")); }
  void FailToSend() { server_->Fail(ConnectionError(SendState::kNotSent, "refused")); }

  ImpatientClock clock_;
  FakeTransport* server_ = nullptr;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, AsksForWhatTheOptionsSay) {
  server_->Reply(200, Web());
  ASSERT_TRUE(client_
                  ->Get(kServices, {"shop", "web"},
                        {.consistency = Consistency::kAny, .form = Form::kMetadata})
                  .ok());
  server_->Reply(200, {{"items", Json::array()}});
  ASSERT_TRUE(client_
                  ->ListPage(kServices, "shop",
                             {.label_selector = "a=b,c!=d", .page_size = 5, .continue_token = "t"})
                  .ok());
  server_->Reply(201, Web());
  ASSERT_TRUE(client_->Create(kServices, Web(), {.effect = Effect::kDryRun}).ok());
  server_->Reply(200, Web());
  ASSERT_TRUE(
      client_->Patch(kServices, {"shop", "web"}, {{"a", 1}}, {.subresource = "status"}).ok());
  server_->Reply(200, {{"kind", "Status"}});
  ASSERT_TRUE(
      client_->Delete(kServices, {"shop", "web"}, {.uid = "u", .resource_version = "7"}).ok());

  const auto requests = server_->requests();
  EXPECT_EQ(requests[0].target, std::string(kWebPath) + "?resourceVersion=0");
  EXPECT_THAT(requests[0].headers, Contains(HasSubstr("as=PartialObjectMetadata;")));
  EXPECT_EQ(requests[1].target,
            "/api/v1/namespaces/shop/services?labelSelector=a%3Db%2Cc%21%3Dd&limit=5&continue=t");
  EXPECT_EQ(requests[2].target, "/api/v1/namespaces/shop/services?dryRun=All");
  EXPECT_EQ(requests[3].target, std::string(kWebPath) + "/status");
  EXPECT_THAT(requests[3].headers, Contains("Content-Type: application/merge-patch+json"));
  EXPECT_EQ(Json::parse(requests[4].body)["preconditions"],
            Json({{"uid", "u"}, {"resourceVersion", "7"}}));
}

TEST_F(ClientTest, NeverSendsACallThatWouldHitAnotherObject) {
  EXPECT_FALSE(client_->Get(kServices, {"shop", ""}).ok());
  EXPECT_FALSE(client_->Get(kServices, {"", "web"}).ok());
  EXPECT_FALSE(client_->Get(kNamespaces, {"shop", "x"}).ok());
  EXPECT_FALSE(client_->Delete(kServices, {"shop", ""}, {}).ok());
  EXPECT_FALSE(client_->Create(kServices, NewObject(kServices, {"", "web"})).ok());
  Json unread = Web();
  unread["metadata"].erase("resourceVersion");
  EXPECT_FALSE(client_->Update(kServices, unread).ok());
  EXPECT_THAT(server_->requests(), SizeIs(0));
}

TEST_F(ClientTest, RepeatsReadsWithGrowingWaitsAndHonoursRetryAfter) {
  FailToSend();
  LoseAnswer();
  server_->Reply(500, KubernetesStatusObject(500, "InternalError"));
  server_->Reply(429, KubernetesStatusObject(429, "TooManyRequests"), {{"retry-after", "3"}});
  server_->Reply(200, Web());
  EXPECT_TRUE(client_->Get(kServices, {"shop", "web"}).ok());
  ASSERT_THAT(clock_.waits(), SizeIs(4));
  EXPECT_THAT(clock_.waits()[0], Le(milliseconds(50)));
  EXPECT_THAT(clock_.waits()[2], Ge(milliseconds(100)));
  EXPECT_EQ(clock_.waits()[3], seconds(3));
}

TEST_F(ClientTest, GivesUpWithinItsTimeoutAndSaysWhatHappened) {
  for (int i = 0; i < 100; ++i) FailToSend();
  const auto read = client_->Get(kServices, {"shop", "web"}, {.call = {.timeout = seconds(5)}});
  EXPECT_TRUE(kube::IsUnavailable(read.status()));
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("get services shop/web: refused"));
  milliseconds waited(0);
  for (const milliseconds wait : clock_.waits()) waited += wait;
  EXPECT_LE(waited, seconds(5));
  EXPECT_GE(waited, seconds(2));
}

TEST_F(ClientTest, GivesUpSoonOnAServerErrorThatStays) {
  for (int i = 0; i < 5; ++i) server_->Reply(500, KubernetesStatusObject(500, "InternalError"));
  EXPECT_FALSE(client_->Get(kServices, {"shop", "web"}).ok());
  EXPECT_THAT(server_->requests(), SizeIs(5));
}

TEST_F(ClientTest, RepeatsNoRefusal) {
  for (const int code : {400, 401, 403, 404, 409, 410, 422}) {
    server_->Reply(code, KubernetesStatusObject(code, "Whatever"));
    EXPECT_FALSE(client_->Get(kServices, {"shop", "web"}).ok());
  }
  EXPECT_THAT(server_->requests(), SizeIs(7));
}

TEST_F(ClientTest, RepeatsAWriteThatWasNeverActedUpon) {
  FailToSend();
  server_->Reply(429, KubernetesStatusObject(429, "TooManyRequests"));
  server_->Reply(409, KubernetesStatusObject(409, "Conflict"));
  const auto patched = client_->Patch(kServices, {"shop", "web"}, {{"spec", {{"a", 1}}}});
  EXPECT_TRUE(kube::IsConflict(patched.status()));
  EXPECT_FALSE(MayHaveBeenApplied(patched.status()));
  EXPECT_THAT(server_->requests(), SizeIs(3));
}

TEST_F(ClientTest, MarksWhatMayBeItsOwnSuccess) {
  LoseAnswer();
  server_->Reply(409, KubernetesStatusObject(409, "AlreadyExists"));
  const auto created = client_->Create(kServices, Web());
  EXPECT_TRUE(kube::IsAlreadyExists(created.status()));
  EXPECT_TRUE(MayHaveBeenApplied(created.status()));

  server_->Reply(504, KubernetesStatusObject(504, "Timeout"));
  server_->Reply(409, KubernetesStatusObject(409, "Conflict"));
  const auto updated = client_->Update(kServices, Web());
  EXPECT_TRUE(kube::IsConflict(updated.status()));
  EXPECT_TRUE(MayHaveBeenApplied(updated.status()));

  LoseAnswer();
  server_->Reply(404, KubernetesStatusObject(404, "NotFound"));
  const absl::Status deleted = client_->Delete(kServices, {"shop", "web"}, {.uid = "u"});
  EXPECT_TRUE(kube::IsNotFound(deleted));
  EXPECT_TRUE(MayHaveBeenApplied(deleted));
}

TEST_F(ClientTest, NeverRepeatsAWriteThatIsNotGuarded) {
  LoseAnswer();
  EXPECT_TRUE(MayHaveBeenApplied(
      client_->Patch(kServices, {"shop", "web"}, {{"spec", {{"a", 1}}}}).status()));
  LoseAnswer();
  EXPECT_TRUE(MayHaveBeenApplied(client_->Delete(kServices, {"shop", "web"}, {})));
  Json generated = NewObject(kServices, {"shop", ""});
  generated["metadata"] = {{"namespace", "shop"}, {"generateName", "web-"}};
  server_->Reply(500, KubernetesStatusObject(500, "InternalError"));
  EXPECT_TRUE(MayHaveBeenApplied(client_->Create(kServices, generated).status()));
  EXPECT_THAT(server_->requests(), SizeIs(3));
}

TEST_F(ClientTest, AWriteWhoseTimeIsUpMayHaveBeenApplied) {
  server_->Fail(absl::DeadlineExceededError("late"));
  const auto updated = client_->Update(kServices, Web());
  EXPECT_EQ(updated.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(MayHaveBeenApplied(updated.status()));
  server_->Fail(absl::DeadlineExceededError("late"));
  EXPECT_FALSE(MayHaveBeenApplied(client_->Get(kServices, {"shop", "web"}).status()));
}

TEST_F(ClientTest, ListsAllPagesAndFillsInTypes) {
  server_->Reply(200, {{"metadata", {{"resourceVersion", "5"}, {"continue", "next"}}},
                       {"items", {{{"metadata", {{"name", "a"}}}}}}});
  server_->Reply(200, {{"metadata", {{"resourceVersion", "5"}}},
                       {"items", {{{"metadata", {{"name", "b"}}}}}}});
  const auto list = client_->List(kServices, "shop");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_THAT(list->items, SizeIs(2));
  EXPECT_EQ(StringAt(list->items[1], {"kind"}), "Service");
  EXPECT_EQ(list->resource_version, "5");
}

TEST_F(ClientTest, BeginsAListAnewInOnePieceWhenItsTokenExpires) {
  server_->Reply(200, {{"metadata", {{"resourceVersion", "5"}, {"continue", "next"}}},
                       {"items", {{{"metadata", {{"name", "old"}}}}}}});
  server_->Reply(410, KubernetesStatusObject(410, "Expired"));
  server_->Reply(200, {{"metadata", {{"resourceVersion", "6"}}},
                       {"items", {{{"metadata", {{"name", "new"}}}}}}});
  const auto list = client_->List(kServices, "shop", {.page_size = 1});
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_THAT(list->items, SizeIs(1));
  EXPECT_EQ(Name(list->items[0]), "new");
  EXPECT_EQ(server_->requests()[2].target, "/api/v1/namespaces/shop/services");
}

TEST_F(ClientTest, AsksForTheTimeOnlyWhenItsSampleIsOld) {
  server_->Reply(200, "ok", {{"date", "Fri, 02 Jan 2026 12:00:00 GMT"}});
  const auto first = client_->ServerTime();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(FormatTime(*first), "2026-01-02T12:00:00Z");
  ASSERT_TRUE(client_->ServerTime().ok());
  EXPECT_THAT(server_->requests(), SizeIs(1));

  Mutex mutex;
  CondVar wake;
  clock_.WaitUntil(mutex, wake, clock_.Now() + seconds(31));
  server_->Reply(403, KubernetesStatusObject(403, "Forbidden"));
  EXPECT_FALSE(client_->ServerTime().ok());
  EXPECT_THAT(server_->requests(), SizeIs(2));
}

TEST_F(ClientTest, StopsBetweenTwoTries) {
  std::stop_source source;
  source.request_stop();
  server_->Reply(503, KubernetesStatusObject(503, "ServiceUnavailable"));
  const auto read =
      client_->Get(kServices, {"shop", "web"}, {.call = {.stop = source.get_token()}});
  EXPECT_EQ(read.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace berth::kube
