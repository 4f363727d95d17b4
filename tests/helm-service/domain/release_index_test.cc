#include "helm-service/domain/release_index.h"

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/summary_builder.h"

namespace berth::helm {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

steady_clock::time_point Soon() { return steady_clock::now() + seconds(20); }

std::string Describe(const Summary& release) {
  if (release == nullptr) return "-";
  return release->key.name.value() + ":" + std::to_string(release->info.revision) + ":" +
         std::string(ToString(release->info.status)) + ":" +
         (release->facts == nullptr ? "?" : release->facts->chart->name);
}

std::vector<std::string> Describe(const std::vector<Summary>& releases) {
  std::vector<std::string> texts;
  for (const Summary& release : releases) texts.push_back(Describe(release));
  return texts;
}

// Writes down what it hears.
class Listener final : public ReleaseWatcher {
 public:
  void OnSnapshot(const std::vector<Summary>& releases) override {
    std::string text = "all:";
    for (const Summary& release : releases) text += " " + Describe(release);
    Hear(text);
  }
  void OnChange(const Summary& before, const Summary& after) override {
    Hear(Describe(before) + " > " + Describe(after));
  }

  // The next `count` things heard.
  std::vector<std::string> Heard(std::size_t count) {
    const MutexLock lock(mutex_);
    while (heard_.size() < count && more_.WaitUntil(mutex_, Soon())) {
    }
    return std::exchange(heard_, {});
  }

 private:
  void Hear(std::string text) {
    const MutexLock lock(mutex_);
    heard_.push_back(std::move(text));
    more_.NotifyAll();
  }

  Mutex mutex_;
  CondVar more_;
  std::vector<std::string> heard_ ABSL_GUARDED_BY(mutex_);
};

class ReleaseIndexTest : public ::testing::Test {
 protected:
  ReleaseIndexTest() { feed_.Start(); }
  ~ReleaseIndexTest() override { index_.Stop(); }

  void Put(const std::string& name, int revision, std::uint64_t version,
           ReleaseStatus status = ReleaseStatus::kDeployed) {
    index_.Put({.key = MakeKey("shop", name),
                .info = {.revision = revision, .status = status},
                .version = version,
                .labels = {}});
  }
  void Settle(const ReleaseIndex::Wanted& wanted, const std::string& chart = "chart") {
    index_.Settle(wanted, MakeFacts(chart));
  }
  // Reads every body that is wanted, of which there must be one for each name.
  void SettleAll(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) Settle(*index_.TakeWanted());
  }

  ReleaseFeed feed_;
  ReleaseIndex index_{feed_};
};

TEST_F(ReleaseIndexTest, KnowsNewestRevisionsOnceComplete) {
  Put("web", 2, 20);
  Put("web", 1, 10);
  EXPECT_EQ(index_.NewestRevision(MakeKey("shop", "web")), std::nullopt);
  index_.MarkComplete();
  EXPECT_EQ(index_.NewestRevision(MakeKey("shop", "web")), 2);
  EXPECT_EQ(index_.NewestRevision(MakeKey("shop", "api")), 0);
  index_.Remove(MakeKey("shop", "web"), 2);
  EXPECT_EQ(index_.NewestRevision(MakeKey("shop", "web")), 1);
}

TEST_F(ReleaseIndexTest, ShowsNewestRevisionsInOrder) {
  Put("web", 2, 5);
  Put("web", 1, 4, ReleaseStatus::kSuperseded);
  Put("db", 10, 6);
  Put("db", 9, 7, ReleaseStatus::kSuperseded);
  EXPECT_THAT(Describe(index_.List({})), ElementsAre("db:10:deployed:?", "web:2:deployed:?"));
  EXPECT_THAT(index_.List({*NamespaceName::Parse("other")}), IsEmpty());
}

TEST_F(ReleaseIndexTest, FallsBackToTheRevisionBeforeWhenTheNewestIsRemoved) {
  Put("web", 1, 4);
  Put("web", 2, 5, ReleaseStatus::kFailed);
  index_.Remove(MakeKey("shop", "web"), 2);
  EXPECT_THAT(Describe(index_.List({})), ElementsAre("web:1:deployed:?"));
  index_.Remove(MakeKey("shop", "web"), 1);
  index_.Remove(MakeKey("shop", "web"), 1);
  EXPECT_THAT(index_.List({}), IsEmpty());
}

TEST_F(ReleaseIndexTest, WantsTheBodiesOfNewestRevisionsOnly) {
  Put("web", 1, 4);
  Put("web", 2, 5);
  const auto wanted = index_.TakeWanted();
  EXPECT_EQ(wanted->revision, 2);
  EXPECT_EQ(wanted->version, 5);
  Settle(*wanted);
  EXPECT_THAT(Describe(index_.List({})), ElementsAre("web:2:deployed:chart"));
  Put("web", 1, 6, ReleaseStatus::kSuperseded);
  Put("db", 1, 7);
  EXPECT_EQ(index_.TakeWanted()->key.name.value(), "db");
}

TEST_F(ReleaseIndexTest, FactsOfAVersionThatWasReplacedAreNotTaken) {
  Put("web", 1, 4, ReleaseStatus::kPendingInstall);
  const auto old = index_.TakeWanted();
  Put("web", 1, 5);
  Settle(*old, "old");
  EXPECT_THAT(Describe(index_.List({})), ElementsAre("web:1:deployed:?"));
  const auto wanted = index_.TakeWanted();
  EXPECT_EQ(wanted->version, 5);
  Settle(*wanted, "new");
  EXPECT_THAT(Describe(index_.List({})), ElementsAre("web:1:deployed:new"));
}

TEST_F(ReleaseIndexTest, ABodyThatCouldNotBeReadIsWantedAgain) {
  Put("web", 1, 4);
  const auto wanted = index_.TakeWanted();
  index_.GiveBack(*wanted);
  EXPECT_EQ(index_.TakeWanted()->version, 4);
}

TEST_F(ReleaseIndexTest, BodiesThatSomebodyWaitsForAreReadFirst) {
  for (const char* name : {"a", "b", "c"}) Put(name, 1, 4);
  const Summary last = index_.List({}).back();
  auto waiting = std::async([&] { return index_.WithFacts({last}, Soon()); });
  std::vector<ReleaseIndex::Wanted> taken;
  while (taken.empty() || taken.back().key.name.value() != "c") {
    taken.push_back(*index_.TakeWanted());
    if (taken.back().key.name.value() != "c") index_.GiveBack(taken.back());
  }
  Settle(taken.back());
  EXPECT_THAT(Describe(waiting.get().value()), ElementsAre("c:1:deployed:chart"));
}

TEST_F(ReleaseIndexTest, WaitingForBodiesEndsAtTheDeadlineOrWhenReleasesGo) {
  Put("a", 1, 4);
  Put("b", 1, 5);
  const std::vector<Summary> releases = index_.List({});
  const auto late = index_.WithFacts(releases, steady_clock::now());
  EXPECT_EQ(ReasonOf(late.status()), Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE);
  index_.Remove(MakeKey("shop", "a"), 1);
  while (true) {
    const auto wanted = index_.TakeWanted();
    Settle(*wanted);
    if (wanted->key.name.value() == "b") break;
  }
  EXPECT_THAT(Describe(index_.WithFacts(releases, Soon()).value()),
              ElementsAre("b:1:deployed:chart"));
}

TEST_F(ReleaseIndexTest, WaitsUntilNothingOldIsLeftOfARemovedRelease) {
  const ReleaseKey key = MakeKey("shop", "web");
  Put("web", 1, 4);
  Put("web", 2, 5, ReleaseStatus::kUninstalling);
  EXPECT_FALSE(index_.WaitUntilRemoved(key, 6, steady_clock::now()));
  auto waiting = std::async([&] { return index_.WaitUntilRemoved(key, 6, Soon()); });
  index_.Remove(key, 1);
  // Installed anew before this replica heard of the end.
  Put("web", 1, 7);
  index_.Remove(key, 2);
  EXPECT_TRUE(waiting.get());
}

TEST_F(ReleaseIndexTest, WatchersHearOfAllAndThenOfEachChange) {
  auto listener = std::make_shared<Listener>();
  feed_.Watch(listener);
  Put("a", 1, 1);
  Put("b", 1, 2);
  index_.MarkComplete();
  SettleAll(2);
  EXPECT_THAT(listener->Heard(1), ElementsAre("all: a:1:deployed:chart b:1:deployed:chart"));

  Put("a", 2, 3, ReleaseStatus::kPendingUpgrade);
  SettleAll(1);
  EXPECT_THAT(listener->Heard(1), ElementsAre("a:1:deployed:chart > a:2:pending-upgrade:chart"));
  index_.Remove(MakeKey("shop", "b"), 1);
  Put("c", 1, 4);
  SettleAll(1);
  EXPECT_THAT(listener->Heard(2), ElementsAre("b:1:deployed:chart > -", "- > c:1:deployed:chart"));

  auto late = std::make_shared<Listener>();
  feed_.Watch(late);
  EXPECT_THAT(late->Heard(1), ElementsAre("all: a:2:pending-upgrade:chart c:1:deployed:chart"));
}

TEST_F(ReleaseIndexTest, WatchersHearNothingUntilWhatWasThereAtTheStartIsKnown) {
  auto listener = std::make_shared<Listener>();
  feed_.Watch(listener);
  Put("a", 1, 1);
  Put("b", 1, 2);
  index_.MarkComplete();
  SettleAll(1);
  // Nobody will ever read the other one: it goes.
  Put("c", 1, 3);
  const auto wanted = index_.TakeWanted();
  EXPECT_EQ(wanted->key.name.value(), "b");
  index_.Settle(*wanted, nullptr);
  index_.Remove(MakeKey("shop", "b"), 1);
  EXPECT_THAT(listener->Heard(1), ElementsAre("all: a:1:deployed:chart"));
}

TEST_F(ReleaseIndexTest, AnEmptyClusterIsTold) {
  auto listener = std::make_shared<Listener>();
  feed_.Watch(listener);
  index_.MarkComplete();
  EXPECT_THAT(listener->Heard(1), ElementsAre("all:"));
}

TEST_F(ReleaseIndexTest, ReadsBodiesAgainAfterTheClusterWasPutBack) {
  Put("a", 1, 1);
  index_.MarkComplete();
  SettleAll(1);
  index_.ForgetFacts();
  EXPECT_THAT(Describe(index_.List({})), ElementsAre("a:1:deployed:?"));
  Settle(*index_.TakeWanted(), "other");
  EXPECT_THAT(Describe(index_.List({})), ElementsAre("a:1:deployed:other"));
}

}  // namespace
}  // namespace berth::helm
