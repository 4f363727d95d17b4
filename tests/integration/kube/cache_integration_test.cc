#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "common/kube/cache.h"
#include "common/kube/object.h"
#include "common/sync/mutex.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/tcp_proxy.h"
#include "tests/integration/kube/objects.h"

namespace berth::kube {
namespace {

using harness::ApiServer;
using harness::TcpProxy;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

steady_clock::time_point Soon() { return steady_clock::now() + seconds(30); }

/// Replays what a listener hears into a map of values, so that it can be compared with the truth.
class Mirror {
 public:
  Cache::Listener Listener() {
    return {.on_change = [this](const Cache::Change& change) { Take(change); },
            .on_synced = [this] { Note([&] { synced_ = true; }); },
            .on_rewound = [this] { Note([&] { ++rewound_; }); }};
  }

  /// Waits until the condition holds; false if it does not within 30 s.
  bool WaitUntil(const std::function<bool(const Mirror&)>& condition) {
    const auto deadline = Soon();
    MutexLock lock(mutex_);
    while (!condition(*this)) {
      if (!changed_.WaitUntil(mutex_, deadline)) return false;
    }
    return true;
  }
  bool WaitForValue(const std::string& name, const std::string& value) {
    return WaitUntil([&](const Mirror& mirror) {
      const auto found = mirror.values_.find(name);
      return found != mirror.values_.end() && found->second == value;
    });
  }
  bool WaitForSize(std::size_t size) {
    return WaitUntil([&](const Mirror& mirror) { return mirror.values_.size() == size; });
  }
  bool WaitForSync() {
    return WaitUntil([](const Mirror& mirror) { return mirror.synced_; });
  }
  bool WaitForRewind() {
    return WaitUntil([](const Mirror& mirror) { return mirror.rewound_ > 0; });
  }
  /// Changes that did not fit what was heard before: must stay empty.
  std::vector<std::string> contradictions() {
    MutexLock lock(mutex_);
    return contradictions_;
  }

 private:
  void Note(const std::function<void()>& change) {
    MutexLock lock(mutex_);
    change();
    changed_.NotifyAll();
  }

  void Take(const Cache::Change& change) {
    Note([&] {
      const Json& object = change.after ? *change.after : *change.before;
      const std::string name = Name(object);
      const bool known = values_.contains(name);
      if (known == (change.kind == Cache::ChangeKind::kAdded)) contradictions_.push_back(name);
      if (change.before && known && values_[name] != ValueOf(*change.before)) {
        contradictions_.push_back(name);
      }
      if (change.after) {
        values_[name] = ValueOf(object);
      } else {
        values_.erase(name);
      }
    });
  }

  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> contradictions_;
  bool synced_ = false;
  int rewound_ = 0;
};

class CacheIntegrationTest : public testing::Test {
 protected:
  ApiServer& server_ = ApiServer::Shared();
  std::unique_ptr<Client> client_ = server_.MakeClient();
  const std::string ns_ = server_.MakeNamespace();

  Cache::Options ConfigMaps() const {
    return {.resource = kConfigMaps, .ns = ns_, .max_backoff = milliseconds(500)};
  }

  Json MustCreate(const Json& object) {
    auto created = client_->Create(kConfigMaps, object);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : Json::object();
  }
  Json MustSet(const std::string& name, const std::string& value) {
    auto patched = client_->Patch(kConfigMaps, {ns_, name}, {{"data", {{"value", value}}}});
    EXPECT_TRUE(patched.ok()) << patched.status();
    return patched.ok() ? *patched : Json::object();
  }
  void MustDelete(const std::string& name) {
    const absl::Status status = client_->Delete(kConfigMaps, {ns_, name}, {});
    EXPECT_TRUE(status.ok()) << status;
  }
};

TEST_F(CacheIntegrationTest, ShowsWhatIsThereAndFollowsEveryChange) {
  MustCreate(ConfigMap(ns_, "a", "1"));
  Cache cache(*client_, ConfigMaps());
  Mirror mirror;
  const auto subscription = cache.AddListener(mirror.Listener());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  ASSERT_TRUE(cache.Get({ns_, "a"}));
  EXPECT_EQ(ValueOf(*cache.Get({ns_, "a"})), "1");
  EXPECT_FALSE(cache.Get({ns_, "a"})->at("metadata").contains("managedFields"));

  MustSet("a", "2");
  MustCreate(ConfigMap(ns_, "b", "1"));
  const Json last = MustSet("b", "2");
  ASSERT_TRUE(cache.WaitForResourceVersion(ResourceVersion(last), Soon()).ok());
  EXPECT_EQ(ValueOf(*cache.Get({ns_, "b"})), "2");
  EXPECT_EQ(cache.resource_version(), ResourceVersion(last));
  MustDelete("a");
  EXPECT_TRUE(mirror.WaitForSize(1));
  EXPECT_TRUE(mirror.WaitForValue("b", "2"));
  EXPECT_TRUE(mirror.WaitForSync());
  EXPECT_EQ(cache.Get({ns_, "a"}), nullptr);
  EXPECT_THAT(mirror.contradictions(), IsEmpty());
  EXPECT_TRUE(cache.health().ok()) << cache.health();
}

TEST_F(CacheIntegrationTest, SelectsByLabelAndForgetsWhatFallsOut) {
  Json chosen = ConfigMap(ns_, "chosen");
  SetLabel(chosen, "berth.dev/pool", "edge");
  MustCreate(chosen);
  MustCreate(ConfigMap(ns_, "other"));
  Cache::Options options = ConfigMaps();
  options.label_selector = "berth.dev/pool";
  options.form = Form::kMetadata;
  options.indexes["pool"] = [](const Json& object) {
    return std::vector<std::string>{Label(object, "berth.dev/pool").value_or("")};
  };
  Cache cache(*client_, options);
  Mirror mirror;
  const auto subscription = cache.AddListener(mirror.Listener());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  ASSERT_THAT(cache.List(), SizeIs(1));
  EXPECT_FALSE(cache.List()[0]->contains("data"));
  EXPECT_THAT(cache.ByIndex("pool", "edge"), SizeIs(1));

  const auto moved = client_->Patch(kConfigMaps, {ns_, "chosen"},
                                    {{"metadata", {{"labels", {{"berth.dev/pool", "core"}}}}}});
  ASSERT_TRUE(cache.WaitForResourceVersion(ResourceVersion(*moved), Soon()).ok());
  EXPECT_THAT(cache.ByIndex("pool", "edge"), IsEmpty());
  EXPECT_THAT(cache.ByIndex("pool", "core"), SizeIs(1));
  ASSERT_TRUE(client_
                  ->Patch(kConfigMaps, {ns_, "chosen"},
                          {{"metadata", {{"labels", {{"berth.dev/pool", nullptr}}}}}})
                  .ok());
  EXPECT_TRUE(mirror.WaitForSize(0));
}

TEST_F(CacheIntegrationTest, TellsALateListenerTheStateFirst) {
  MustCreate(ConfigMap(ns_, "a", "1"));
  Cache cache(*client_, ConfigMaps());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  Mirror mirror;
  const auto subscription = cache.AddListener(mirror.Listener());
  EXPECT_TRUE(mirror.WaitForValue("a", "1"));
  EXPECT_TRUE(mirror.WaitForSync());
  MustSet("a", "2");
  EXPECT_TRUE(mirror.WaitForValue("a", "2"));
  EXPECT_THAT(mirror.contradictions(), IsEmpty());
}

TEST_F(CacheIntegrationTest, SyncsFiveThousandObjectsInAboutASecond) {
  constexpr int kObjects = 5000;
  {
    std::atomic<int> next = 0;
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 32; ++writer) {
      writers.emplace_back([&] {
        for (int i = next++; i < kObjects; i = next++) {
          MustCreate(ConfigMap(ns_, "many-" + std::to_string(i)));
        }
      });
    }
  }
  Cache cache(*client_, ConfigMaps());
  const auto begun = steady_clock::now();
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
  RecordProperty("sync_ms", static_cast<int>(took.count()));
  EXPECT_LT(took, seconds(5));
  EXPECT_THAT(cache.List(), SizeIs(kObjects));
  EXPECT_THAT(cache.ListNamespace(ns_), SizeIs(kObjects));
  EXPECT_THAT(cache.ListNamespace("other"), IsEmpty());
}

TEST_F(CacheIntegrationTest, CatchesUpAfterTheServerRestarted) {
  MustCreate(ConfigMap(ns_, "a", "1"));
  Cache cache(*client_, ConfigMaps());
  Mirror mirror;
  const auto subscription = cache.AddListener(mirror.Listener());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  server_.Kill();
  ASSERT_TRUE(server_.StartAgain().ok());
  const Json changed = MustSet("a", "2");
  ASSERT_TRUE(cache.WaitForResourceVersion(ResourceVersion(changed), Soon()).ok());
  EXPECT_TRUE(mirror.WaitForValue("a", "2"));
  EXPECT_EQ(cache.rewinds(), 0U);
  EXPECT_THAT(mirror.contradictions(), IsEmpty());
}

/// A cache whose connection a test breaks; writes go past the proxy.
class CacheFaultTest : public CacheIntegrationTest {
 protected:
  CacheFaultTest() : proxy_(*TcpProxy::Start(server_.port())) {
    Config config = server_.config();
    config.server = "https://127.0.0.1:" + std::to_string(proxy_->port());
    proxied_ = *Client::Create(config, {});
  }

  std::unique_ptr<TcpProxy> proxy_;
  std::unique_ptr<Client> proxied_;
};

TEST_F(CacheFaultTest, ListsAnewWhenItsRevisionWasCompactedWhileItWasCutOff) {
  MustCreate(ConfigMap(ns_, "stays", "1"));
  MustCreate(ConfigMap(ns_, "goes", "1"));
  Cache cache(*proxied_, ConfigMaps());
  Mirror mirror;
  const auto subscription = cache.AddListener(mirror.Listener());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  ASSERT_TRUE(mirror.WaitForSize(2));

  proxy_->RefuseConnections(true);
  proxy_->CutConnections();
  MustDelete("goes");
  MustSet("stays", "2");
  MustCreate(ConfigMap(ns_, "new", "1"));
  ASSERT_TRUE(server_.CompactStore().ok());
  // Without the restart the server would still know the events.
  server_.Kill();
  ASSERT_TRUE(server_.StartAgain().ok());
  const absl::Status expired = [&] {
    Watch watch = client_->StartWatch(kConfigMaps, ns_, {.resource_version = "1"});
    return watch.Next(seconds(30)).status();
  }();
  EXPECT_TRUE(IsExpired(expired)) << expired;

  proxy_->RefuseConnections(false);
  EXPECT_TRUE(mirror.WaitForValue("stays", "2"));
  EXPECT_TRUE(mirror.WaitForValue("new", "1"));
  EXPECT_TRUE(mirror.WaitForSize(2));
  EXPECT_EQ(cache.Get({ns_, "goes"}), nullptr);
  EXPECT_THAT(mirror.contradictions(), IsEmpty());
}

TEST_F(CacheFaultTest, MissesNothingWhenItsConnectionsAreCutAgainAndAgain) {
  Cache cache(*proxied_, ConfigMaps());
  Mirror mirror;
  const auto subscription = cache.AddListener(mirror.Listener());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  for (int i = 0; i < 100; ++i) {
    MustCreate(ConfigMap(ns_, "cut-" + std::to_string(i), std::to_string(i)));
    if (i % 10 == 5) proxy_->CutConnections();
    if (i % 3 == 0) MustDelete("cut-" + std::to_string(i));
  }
  const Json last = MustSet("cut-1", "last");
  ASSERT_TRUE(cache.WaitForResourceVersion(ResourceVersion(last), Soon()).ok());
  EXPECT_TRUE(mirror.WaitForSize(66));
  EXPECT_TRUE(mirror.WaitForValue("cut-1", "last"));
  EXPECT_THAT(mirror.contradictions(), IsEmpty());
}

TEST_F(CacheFaultTest, SaysWhatKeepsItFromBeingCurrent) {
  proxy_->RefuseConnections(true);
  Cache cache(*proxied_, ConfigMaps());
  cache.Start();
  const absl::Status status = cache.WaitForSync(steady_clock::now() + milliseconds(500));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(cache.health().ok());
  EXPECT_FALSE(cache.synced());
  proxy_->RefuseConnections(false);
  EXPECT_TRUE(cache.WaitForSync(Soon()).ok());
}

TEST_F(CacheFaultTest, StopsWhileItsServerIsSilent) {
  Cache cache(*proxied_, ConfigMaps());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  proxy_->Stall(true);
  const auto begun = steady_clock::now();
  cache.Stop();
  EXPECT_LT(steady_clock::now() - begun, seconds(5));
  EXPECT_EQ(cache.WaitForResourceVersion("999999999", Soon()).code(), absl::StatusCode::kCancelled);
}

TEST_F(CacheIntegrationTest, HearsOfARestoredBackupAndShowsItsState) {
  MustCreate(ConfigMap(ns_, "before", "1"));
  ASSERT_TRUE(server_.SaveStore().ok());
  Cache::Options options = ConfigMaps();
  options.rewind_check_interval = milliseconds(200);
  Cache cache(*client_, options);
  Mirror mirror;
  const auto subscription = cache.AddListener(mirror.Listener());
  cache.Start();
  ASSERT_TRUE(cache.WaitForSync(Soon()).ok());
  MustCreate(ConfigMap(ns_, "after", "1"));
  for (int i = 0; i < 200; ++i) MustSet("before", "later-" + std::to_string(i));
  EXPECT_TRUE(mirror.WaitForValue("before", "later-199"));

  ASSERT_TRUE(server_.RestoreStore().ok());
  EXPECT_TRUE(mirror.WaitForRewind());
  EXPECT_TRUE(mirror.WaitForValue("before", "1"));
  EXPECT_TRUE(mirror.WaitForSize(1));
  EXPECT_EQ(cache.rewinds(), 1U);
  EXPECT_EQ(cache.Get({ns_, "after"}), nullptr);
  MustSet("before", "anew");
  EXPECT_TRUE(mirror.WaitForValue("before", "anew"));
  EXPECT_THAT(mirror.contradictions(), IsEmpty());
}

TEST_F(CacheIntegrationTest, ASubscriptionThatEndedHearsNothingMore) {
  Cache cache(*client_, ConfigMaps());
  std::atomic<int> heard = 0;
  std::optional<Cache::Subscription> subscription =
      cache.AddListener({.on_change = [&](const Cache::Change&) {
        ++heard;
        subscription.reset();
      }});
  Mirror mirror;
  const auto other = cache.AddListener(mirror.Listener());
  cache.Start();
  MustCreate(ConfigMap(ns_, "a"));
  MustCreate(ConfigMap(ns_, "b"));
  EXPECT_TRUE(mirror.WaitForSize(2));
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace berth::kube
