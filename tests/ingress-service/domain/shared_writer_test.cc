#include "ingress-service/domain/shared_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

using kube::Json;

// Entries as a plain list of the live rules' names.
Merged ListRules(const Json& object, const RuleSnapshot& rules) {
  Merged merged{.object = object};
  Json names = Json::array();
  for (const auto& rule : rules.rules) {
    if (rule->IsLive()) {
      names.push_back(rule->name.ToString());
    }
  }
  merged.object["entries"] = names;
  merged.changed = merged.object != object;
  return merged;
}

class SharedWriterTest : public testing::Test {
 protected:
  Json Entries() { return cluster_.objects.at(kTcpEntries)["entries"]; }
  std::uint64_t Fence() { return FenceOf(cluster_.objects.at(kTcpEntries)).value_or(0); }
  void StoreObject(std::optional<std::uint64_t> fence, Json entries = Json::array()) {
    Json object = {{"entries", std::move(entries)}};
    if (fence) {
      RaiseFence(object, *fence);
    }
    cluster_.PutObject(kTcpEntries, object);
    cluster_.puts = 0;
  }
  // Runs `act` right before the next access of this kind.
  void Before(const std::string& verb, std::function<void()> act) {
    act_ = std::move(act);
    cluster_.before = [this, verb](const std::string& now) {
      if (now == verb && act_) {
        std::exchange(act_, nullptr)();
      }
      return absl::OkStatus();
    };
  }

  FakeCluster cluster_;
  FakeRuleSource source_{cluster_};
  FakeObjects objects_{cluster_};
  SharedWriter writer_{objects_, source_};
  SharedWrite write_{.ref = kTcpEntries, .merge = ListRules};
  std::function<void()> act_;
};

TEST_F(SharedWriterTest, WritesWithTheRevisionOfTheRulesAsFence) {
  StoreObject(1);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  const std::uint64_t revision = cluster_.revision();
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(Entries(), Json({"edge.tcp.20001"}));
  EXPECT_EQ(Fence(), revision);
  EXPECT_EQ(cluster_.lists, 0);
}

TEST_F(SharedWriterTest, WritesNothingWhenNothingChanges) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  StoreObject(1, {"edge.tcp.20001"});
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(cluster_.puts, 0);
}

TEST_F(SharedWriterTest, ListsConsistentlyWhenItsCacheIsBehindTheFence) {
  source_.applied = cluster_.revision();
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  StoreObject(cluster_.revision());
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(cluster_.lists, 1);
  EXPECT_EQ(Entries(), Json({"edge.tcp.20001"}));
}

TEST_F(SharedWriterTest, ListsConsistentlyWhenItsCacheIsBehindTheCaller) {
  source_.applied = cluster_.revision();
  StoreObject(1);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  write_.seen = cluster_.revision();
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(Entries(), Json({"edge.tcp.20001"}));
}

TEST_F(SharedWriterTest, ListsConsistentlyWithoutFence) {
  source_.applied = cluster_.revision();
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  StoreObject(std::nullopt);
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(cluster_.lists, 1);
  EXPECT_EQ(Entries(), Json({"edge.tcp.20001"}));
}

TEST_F(SharedWriterTest, NeverLowersTheFence) {
  StoreObject(9'000'000);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(Fence(), 9'000'000U);
}

TEST_F(SharedWriterTest, StartsOverOnConflict) {
  StoreObject(1);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Before("PUT " + kTcpEntries.ToString(), [&] {
    Json object = cluster_.objects.at(kTcpEntries);
    object["foreign"] = "kept";
    cluster_.PutObject(kTcpEntries, object);
  });
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(Entries(), Json({"edge.tcp.20001"}));
  EXPECT_EQ(cluster_.objects.at(kTcpEntries)["foreign"], "kept");
}

TEST_F(SharedWriterTest, GivesUpWhenOthersAreAlwaysFaster) {
  StoreObject(1);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.before = [&](const std::string& verb) {
    if (verb.starts_with("PUT")) {
      cluster_.PutObject(kTcpEntries, cluster_.objects.at(kTcpEntries));
    }
    return absl::OkStatus();
  };
  const absl::Status status = writer_.Write(write_).status();
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_KUBERNETES_CONFLICT);
}

TEST_F(SharedWriterTest, RaisesTheFenceForARemovalEvenIfTheEntryIsAbsent) {
  StoreObject(1);
  Rule rule = LiveRule("edge.tcp.20001");
  rule.removing = true;
  cluster_.PutRule(rule);
  write_.removals = cluster_.revision();
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(cluster_.puts, 1);
  EXPECT_GE(Fence(), write_.removals);

  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_EQ(cluster_.puts, 1) << "the fence stands already";
}

TEST_F(SharedWriterTest, CreatesAMissingObjectForARemoval) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.removing = true;
  cluster_.PutRule(rule);
  write_.removals = cluster_.revision();
  write_.if_missing = Json::object();
  ASSERT_TRUE(writer_.Write(write_).ok());
  EXPECT_GE(Fence(), write_.removals);
}

TEST_F(SharedWriterTest, LeavesAMissingObjectAloneWhenTold) {
  const auto written = writer_.Write(write_);
  ASSERT_TRUE(written.ok());
  EXPECT_FALSE(written->exists);
  EXPECT_TRUE(cluster_.objects.empty());
}

// The case that the fence is for: a writer whose cache lags computed its entries before a removal,
// and its PUT arrives after the removal is through.
TEST_F(SharedWriterTest, AStaleWriterCannotBringARemovedEntryBack) {
  StoreObject(1);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  FakeRuleSource stale_source(cluster_);
  stale_source.applied = cluster_.revision();
  SharedWriter stale(objects_, stale_source);

  Before("PUT " + kTcpEntries.ToString(), [&] {
    Rule rule = LiveRule("edge.tcp.20001");
    rule.removing = true;
    cluster_.PutRule(rule);
    SharedWrite removal = write_;
    removal.removals = cluster_.revision();
    ASSERT_TRUE(writer_.Write(removal).ok());
    cluster_.RemoveRule(Named("edge.tcp.20001"));
  });
  ASSERT_TRUE(stale.Write(write_).ok());

  EXPECT_EQ(Entries(), Json::array());
}

TEST_F(SharedWriterTest, AStaleWriterThatReadsAfterTheRemovalHeedsItsFence) {
  StoreObject(1);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  FakeRuleSource stale_source(cluster_);
  stale_source.applied = cluster_.revision();
  SharedWriter stale(objects_, stale_source);
  Rule rule = LiveRule("edge.tcp.20001");
  rule.removing = true;
  cluster_.PutRule(rule);
  write_.removals = cluster_.revision();
  ASSERT_TRUE(writer_.Write(write_).ok());
  cluster_.RemoveRule(Named("edge.tcp.20001"));

  write_.removals = 0;
  ASSERT_TRUE(stale.Write(write_).ok());

  EXPECT_EQ(Entries(), Json::array());
}

}  // namespace
}  // namespace berth::ingress
