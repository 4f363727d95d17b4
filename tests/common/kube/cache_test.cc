#include "common/kube/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/kube/object.h"
#include "tests/common/kube/fake_transport.h"

namespace berth::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

steady_clock::time_point Soon() { return steady_clock::now() + seconds(20); }

Json Pool(const std::string& name, const std::string& version) {
  Json object = NewObject(kPortPools, {.ns = "berth", .name = name});
  object["metadata"]["resourceVersion"] = version;
  return object;
}

Json PoolList(const std::string& version, const std::vector<Json>& items,
              const std::string& continue_token = "") {
  return {{"metadata", {{"resourceVersion", version}, {"continue", continue_token}}},
          {"items", items}};
}

Json Event(const std::string& type, const Json& object) {
  return {{"type", type}, {"object", object}};
}

class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    auto transport = std::make_unique<FakeTransport>();
    server_ = transport.get();
    client_ = std::make_unique<Client>(std::move(transport), RealClock());
    cache_ = std::make_unique<Cache>(*client_, Cache::Options{.resource = kPortPools,
                                                              .ns = "berth",
                                                              .page_size = 2,
                                                              .min_backoff = milliseconds(1),
                                                              .max_backoff = milliseconds(2)});
  }

  /// Lists one pool of revision 10 and opens the watch.
  std::shared_ptr<FakeBody> StartWatching() {
    server_->Reply(200, PoolList("10", {Pool("a", "5")}));
    auto watch = server_->ReplyStream();
    cache_->Start();
    EXPECT_TRUE(cache_->WaitForSync(Soon()).ok());
    return watch;
  }

  FakeTransport* server_ = nullptr;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Cache> cache_;
};

TEST_F(CacheTest, ListsInPagesThenWatchesFromTheListsRevision) {
  server_->Reply(200, PoolList("10", {Pool("a", "1"), Pool("b", "2")}, "more"));
  server_->Reply(200, PoolList("10", {Pool("c", "3")}));
  server_->ReplyStream();
  cache_->Start();
  ASSERT_TRUE(cache_->WaitForSync(Soon()).ok());
  EXPECT_THAT(cache_->List(), SizeIs(3));
  EXPECT_EQ(cache_->resource_version(), "10");
  EXPECT_THAT(server_->AwaitRequest(1).target, HasSubstr("continue=more"));
  const std::string watch = server_->AwaitRequest(2).target;
  EXPECT_THAT(watch, HasSubstr("watch=true"));
  EXPECT_THAT(watch, HasSubstr("allowWatchBookmarks=true"));
  EXPECT_THAT(watch, HasSubstr("resourceVersion=10"));
}

TEST_F(CacheTest, DropsTheFirstPagesWhenTheTokenExpires) {
  server_->Reply(200, PoolList("10", {Pool("gone", "1"), Pool("b", "2")}, "more"));
  server_->Reply(410, KubernetesStatusObject(410, "Expired"));
  server_->Reply(200, PoolList("20", {Pool("b", "12")}));
  server_->ReplyStream();
  cache_->Start();
  ASSERT_TRUE(cache_->WaitForSync(Soon()).ok());
  ASSERT_THAT(cache_->List(), SizeIs(1));
  EXPECT_EQ(ResourceVersion(*cache_->List()[0]), "12");
  EXPECT_THAT(server_->AwaitRequest(2).target, Not(HasSubstr("limit")));
}

TEST_F(CacheTest, GoesOnFromABookmarkWhenTheWatchEnds) {
  const auto watch = StartWatching();
  watch->FeedLine(Event("BOOKMARK", {{"metadata", {{"resourceVersion", "50"}}}}));
  ASSERT_TRUE(cache_->WaitForResourceVersion("50", Soon()).ok());
  const auto next = server_->ReplyStream();
  watch->End();
  EXPECT_THAT(server_->AwaitRequest(2).target, HasSubstr("resourceVersion=50"));
  next->FeedLine(Event("ADDED", Pool("b", "60")));
  ASSERT_TRUE(cache_->WaitForResourceVersion("60", Soon()).ok());
  EXPECT_THAT(cache_->List(), SizeIs(2));
}

TEST_F(CacheTest, ListsAnewWhenItsRevisionExpiresAsAnEvent) {
  const auto watch = StartWatching();
  server_->Reply(200, PoolList("90", {Pool("b", "80")}));
  server_->ReplyStream();
  watch->FeedLine(Event("ERROR", KubernetesStatusObject(410, "Expired")));
  ASSERT_TRUE(cache_->WaitForResourceVersion("90", Soon()).ok());
  ASSERT_THAT(cache_->List(), SizeIs(1));
  EXPECT_EQ(Name(*cache_->List()[0]), "b");
}

TEST_F(CacheTest, ListsAnewWhenItsRevisionExpiresAsAnHttpStatus) {
  const auto watch = StartWatching();
  const auto refused = server_->ReplyStream(410);
  refused->Feed(KubernetesStatusObject(410, "Expired").dump());
  refused->End();
  server_->Reply(200, PoolList("90", {Pool("b", "80")}));
  server_->ReplyStream();
  watch->End();
  ASSERT_TRUE(cache_->WaitForResourceVersion("90", Soon()).ok());
}

TEST_F(CacheTest, ChecksForARestoredStoreAfterALostConnection) {
  const auto watch = StartWatching();
  watch->FeedLine(Event("ADDED", Pool("b", "60")));
  ASSERT_TRUE(cache_->WaitForResourceVersion("60", Soon()).ok());
  EXPECT_EQ(cache_->last_seen_resource_version(), 60U);
  server_->Reply(200, PoolList("30", {}));                // the check
  server_->Reply(200, PoolList("31", {Pool("a", "5")}));  // the list that follows
  const auto next = server_->ReplyStream();
  watch->End(ConnectionError(SendState::kMaybeSent, "reset"));
  next->FeedLine(Event("BOOKMARK", {{"metadata", {{"resourceVersion", "32"}}}}));
  while (cache_->resource_version() != "32") {
    ASSERT_TRUE(cache_->WaitForResourceVersion("32", Soon()).ok());
  }
  EXPECT_EQ(cache_->rewinds(), 1U);
  EXPECT_EQ(cache_->last_seen_resource_version(), 32U);
  EXPECT_THAT(cache_->List(), SizeIs(1));
}

TEST_F(CacheTest, TellsWhyItIsNotCurrentWhileItKeepsTrying) {
  server_->Reply(403, KubernetesStatusObject(403, "Forbidden", "may not list"));
  cache_->Start();
  server_->AwaitRequest(1);  // it tries again
  EXPECT_THAT(std::string(cache_->health().message()), HasSubstr("may not list"));
  EXPECT_FALSE(cache_->synced());
  EXPECT_EQ(cache_->WaitForSync(steady_clock::now()).code(), absl::StatusCode::kDeadlineExceeded);
  server_->Reply(200, PoolList("10", {}));
  server_->ReplyStream();
  EXPECT_TRUE(cache_->WaitForSync(Soon()).ok());
}

TEST_F(CacheTest, RefusesToWaitForWhatIsNoRevision) {
  EXPECT_EQ(cache_->WaitForResourceVersion("abc", Soon()).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CacheTest, DropsManagedFieldsAndWhatTheTransformDrops) {
  Json pool = Pool("a", "5");
  pool["metadata"]["managedFields"] = {{{"manager", "x"}}};
  pool["spec"] = {{"keep", 1}, {"drop", 2}};
  Cache cache(*client_, {.resource = kPortPools, .ns = "berth", .transform = [](Json& object) {
                           object["spec"].erase("drop");
                         }});
  server_->Reply(200, PoolList("10", {pool}));
  server_->ReplyStream();
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  const auto stored = cache.Get({"berth", "a"});
  EXPECT_FALSE(stored->at("metadata").contains("managedFields"));
  EXPECT_EQ(stored->at("spec"), Json({{"keep", 1}}));
}

TEST_F(CacheTest, StopsThoughAListenerWasNeverTold) {
  const auto subscription = cache_->AddListener({});
  StartWatching();
  cache_->Stop();
  EXPECT_THAT(cache_->List(), SizeIs(1));
}

TEST_F(CacheTest, WaitsUntilListenersHaveHeardWhatReadsShow) {
  std::atomic<bool> let_go = false;
  std::atomic<int> told = 0;
  const auto subscription = cache_->AddListener({.on_change = [&](const Cache::Change&) {
    while (!let_go) std::this_thread::yield();
    ++told;
  }});
  const auto watch = StartWatching();
  EXPECT_TRUE(absl::IsDeadlineExceeded(cache_->WaitForListeners(steady_clock::now())));
  let_go = true;
  EXPECT_TRUE(cache_->WaitForListeners(Soon()).ok());
  EXPECT_EQ(told, 1);
  cache_->Stop();
  EXPECT_TRUE(cache_->WaitForListeners(steady_clock::now()).ok());
}

}  // namespace
}  // namespace berth::kube
