#include "ingress-service/domain/rule_object_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "common/kube/gateway_api.h"
#include "tests/ingress-service/fake_cluster.h"
#include "tests/ingress-service/fake_rule_objects.h"

namespace berth::ingress {
namespace {

using kube::Json;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kName[] = "edge.tcp.20001";

class RuleObjectWriterTest : public testing::Test {
 protected:
  RuleObjectWriterTest() { cluster_.PutRule(LiveRule(kName)); }

  Rule Stored() { return cluster_.rules.at(Named(kName)); }

  static RuleObject Wanted(const std::string& ns = "berth", int port = 80) {
    return {kube::kTcpRoutes, {ns, kName}, {{"spec", {{"port", port}}}}};
  }

  absl::StatusOr<Json> Ensure(const Rule& rule, const RuleObject& wanted) {
    const auto found = objects_.objects.find({std::string(wanted.resource.plural), wanted.name});
    return writer_.Ensure(
        rule, wanted,
        found == objects_.objects.end() ? nullptr : std::make_shared<const Json>(found->second));
  }
  Json MustEnsure(const Rule& rule, const RuleObject& wanted) {
    absl::StatusOr<Json> stored = Ensure(rule, wanted);
    EXPECT_TRUE(stored.ok()) << stored.status();
    return stored.value_or(Json::object());
  }
  Reason WhyNot(const Rule& rule, const RuleObject& wanted) {
    return ReasonOf(Ensure(rule, wanted).status());
  }
  std::set<std::string> Remove(const Rule& rule) {
    const auto gone =
        writer_.Remove({&rule}, {{kube::kTcpRoutes, "berth"}, {kube::kReferenceGrants, ""}});
    EXPECT_TRUE(gone.ok()) << gone.status();
    return gone.value_or(std::set<std::string>());
  }

  FakeCluster cluster_;
  FakeRuleObjects objects_{cluster_};
  FakeRuleStore rules_{cluster_};
  FakeClock clock_;
  RuleObjectWriter writer_{objects_, rules_, "berth", clock_};
};

TEST_F(RuleObjectWriterTest, CreatesAnObjectThatGoesWithItsRule) {
  const Json object = MustEnsure(Stored(), Wanted());
  EXPECT_EQ(object["apiVersion"], "gateway.networking.k8s.io/v1");
  EXPECT_EQ(object["kind"], "TCPRoute");
  EXPECT_EQ(kube::Label(object, "berth.dev/claim-uid"), "claim-edge.tcp.20001");
  EXPECT_EQ(kube::Annotation(object, kRuleAnnotation), "berth/edge.tcp.20001");
  EXPECT_EQ(object["metadata"]["ownerReferences"],
            Json::array({{{"apiVersion", "berth.dev/v1alpha1"},
                          {"kind", "PortRule"},
                          {"name", kName},
                          {"uid", "uid-edge.tcp.20001"}}}));
  EXPECT_FALSE(MustEnsure(Stored(), Wanted("shop"))["metadata"].contains("ownerReferences"))
      << "owners are of the same namespace";
}

TEST_F(RuleObjectWriterTest, WritesForAConfirmedRuleWhoseAcceptanceIsNotStoredYet) {
  Rule rule = Stored();
  rule.status = {};
  cluster_.PutRule(rule);
  EXPECT_EQ(WhyNot(Stored(), Wanted()), Reason::ERROR_REASON_NOT_PROGRAMMED);
  rule = Stored();
  rule.confirmed = true;
  MustEnsure(rule, Wanted());
}

TEST_F(RuleObjectWriterTest, SendsNothingThirtySecondsAfterItReadTheRule) {
  seconds pause{29};
  cluster_.before = [&](const std::string& verb) {
    if (verb == "GET rule") {
      clock_.now += pause;  // frozen right after
    }
    return absl::OkStatus();
  };
  MustEnsure(Stored(), Wanted());
  EXPECT_EQ(objects_.time_for_put, seconds(1));
  objects_.Edit(kube::kTcpRoutes, {"berth", kName})["spec"]["port"] = 81;
  objects_.writes.clear();
  pause = seconds(30);
  EXPECT_EQ(WhyNot(Stored(), Wanted()), Reason::ERROR_REASON_NOT_PROGRAMMED);
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(RuleObjectWriterTest, WritesNothingTwice) {
  MustEnsure(Stored(), Wanted());
  objects_.writes.clear();
  int calls = 0;
  cluster_.before = [&](const auto&) {
    ++calls;
    return absl::OkStatus();
  };
  MustEnsure(Stored(), Wanted());
  EXPECT_EQ(calls, 0) << "what the watch shows is enough";
  const auto stored = writer_.Ensure(Stored(), Wanted(), nullptr);
  EXPECT_TRUE(stored.ok()) << "a watch that lags is not believed";
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(RuleObjectWriterTest, PutsRightWhatSomebodyChanged) {
  MustEnsure(Stored(), Wanted());
  Json& object = objects_.Edit(kube::kTcpRoutes, {"berth", kName});
  object["spec"]["port"] = 81;
  object["spec"]["weight"] = 1;
  object["metadata"].erase("ownerReferences");
  const Json repaired = MustEnsure(Stored(), Wanted());
  EXPECT_EQ(repaired["spec"]["port"], 80);
  EXPECT_TRUE(repaired["metadata"].contains("ownerReferences"));
  EXPECT_EQ(kube::Generation(repaired), 2);
}

TEST_F(RuleObjectWriterTest, LeavesAnObjectOfOthersAlone) {
  Json theirs = kube::NewObject(kube::kTcpRoutes, {"berth", kName});
  theirs["spec"] = {{"port", 1}};
  ASSERT_TRUE(objects_.Put(kube::kTcpRoutes, theirs, seconds(1)).ok());
  objects_.writes.clear();
  EXPECT_EQ(WhyNot(Stored(), Wanted()), Reason::ERROR_REASON_PORT_TAKEN);
  Rule rule = Stored();
  rule.removing = true;
  EXPECT_THAT(Remove(rule), ElementsAre(rule.uid));
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(RuleObjectWriterTest, MakesTheObjectOfAnEarlierClaimAnew) {
  const std::string uid = kube::Uid(MustEnsure(Stored(), Wanted()));
  Rule next = Stored();
  next.uid = "uid-next";
  next.spec.claim_uid = "claim-next";
  cluster_.PutRule(next);
  objects_.writes.clear();
  EXPECT_NE(kube::Uid(MustEnsure(Stored(), Wanted())), uid)
      << "its status would speak of another rule";
  EXPECT_THAT(objects_.writes, ElementsAre("DELETE TCPRoute berth/edge.tcp.20001",
                                           "CREATE TCPRoute berth/edge.tcp.20001"));
}

TEST_F(RuleObjectWriterTest, WritesNothingForARuleThatHasChangedSinceItWasSeen) {
  const Rule seen = Stored();
  Rule changed = seen;
  changed.generation = 2;
  cluster_.PutRule(changed);
  EXPECT_EQ(WhyNot(seen, Wanted()), Reason::ERROR_REASON_NOT_PROGRAMMED);
  changed.removing = true;
  changed.generation = seen.generation;
  cluster_.PutRule(changed);
  EXPECT_EQ(WhyNot(seen, Wanted()), Reason::ERROR_REASON_NOT_PROGRAMMED);
  cluster_.RemoveRule(Named(kName));
  EXPECT_EQ(WhyNot(seen, Wanted()), Reason::ERROR_REASON_NOT_PROGRAMMED);
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(RuleObjectWriterTest, LosesToAWriterThatKnowsANewerRule) {
  MustEnsure(Stored(), Wanted());
  const Rule seen = Stored();
  int writes = 0;
  cluster_.before = [&](const std::string& verb) {
    if (verb == "PUT object" && ++writes == 1) {
      // Between this replica's look at the rule and its write.
      Rule newer = seen;
      newer.generation = 2;
      cluster_.PutRule(newer);
      MustEnsure(newer, Wanted("berth", 82));
    }
    return absl::OkStatus();
  };
  EXPECT_EQ(WhyNot(seen, Wanted("berth", 81)), Reason::ERROR_REASON_NOT_PROGRAMMED);
  EXPECT_EQ(objects_.Edit(kube::kTcpRoutes, {"berth", kName})["spec"]["port"], 82);
}

TEST_F(RuleObjectWriterTest, WaitsForAnObjectThatIsBeingDeleted) {
  MustEnsure(Stored(), Wanted());
  objects_.Edit(kube::kTcpRoutes, {"berth", kName})["metadata"]["deletionTimestamp"] =
      "2026-01-01T00:00:00Z";
  EXPECT_EQ(WhyNot(Stored(), Wanted()), Reason::ERROR_REASON_NOT_PROGRAMMED);
}

TEST_F(RuleObjectWriterTest, RemovesWhatTheClaimHasInAnyNamespace) {
  const Rule rule = Stored();
  MustEnsure(rule, Wanted());
  RuleObject grant = Wanted("shop");
  grant.resource = kube::kReferenceGrants;
  MustEnsure(rule, grant);
  EXPECT_THAT(Remove(rule), ElementsAre(rule.uid));
  EXPECT_THAT(objects_.objects, IsEmpty());
}

TEST_F(RuleObjectWriterTest, IsNotThroughWhileAnObjectStays) {
  const Rule rule = Stored();
  MustEnsure(rule, Wanted());
  int lists = 0;
  cluster_.before = [&](const std::string& verb) {
    // As if a finalizer kept it: it is there again when looked for.
    if (verb == "LIST objects" && ++lists == 2) {
      MustEnsure(rule, Wanted());
    }
    return absl::OkStatus();
  };
  EXPECT_THAT(Remove(rule), IsEmpty());
  EXPECT_THAT(Remove(rule), ElementsAre(rule.uid));
}

TEST_F(RuleObjectWriterTest, RemovesManyRulesByFewLists) {
  std::vector<Rule> rules;
  for (int port = 20001; port <= 20120; ++port) {
    rules.push_back(LiveRule("edge.tcp." + std::to_string(port)));
    cluster_.PutRule(rules.back());
    RuleObject wanted = Wanted();
    wanted.name.name = rules.back().name.ToString();
    MustEnsure(rules.back(), wanted);
  }
  int lists = 0;
  cluster_.before = [&](const std::string& verb) {
    lists += verb == "LIST objects" ? 1 : 0;
    return absl::OkStatus();
  };
  std::vector<const Rule*> pointers;
  for (const Rule& rule : rules) {
    pointers.push_back(&rule);
  }
  EXPECT_EQ(writer_.Remove(pointers, {{kube::kTcpRoutes, "berth"}})->size(), 120U);
  EXPECT_EQ(lists, 6);
  EXPECT_THAT(objects_.objects, IsEmpty());
}

TEST_F(RuleObjectWriterTest, SweepsWhatNoRuleWantsAndNothingThatANewerOneMayWant) {
  const Rule rule = Stored();
  const Json object = MustEnsure(rule, Wanted());
  objects_.writes.clear();
  const auto sweep = [&](const Rule* seen) {
    EXPECT_TRUE(writer_.Sweep(kube::kTcpRoutes, object, seen).ok());
    return !objects_.Has(kube::kTcpRoutes, {"berth", kName});
  };
  EXPECT_FALSE(sweep(nullptr)) << "this replica has not seen the rule yet";
  Rule older = rule;
  older.generation = 0;
  EXPECT_FALSE(sweep(&older));
  EXPECT_THAT(objects_.writes, IsEmpty());
  EXPECT_TRUE(sweep(&rule)) << "it has seen what is stored, and that does not ask for it";
}

TEST_F(RuleObjectWriterTest, SweepsWhatWasWrittenAfterItsRuleWasGone) {
  const Json object = MustEnsure(Stored(), Wanted());
  cluster_.RemoveRule(Named(kName));
  EXPECT_TRUE(writer_.Sweep(kube::kTcpRoutes, object, nullptr).ok());
  EXPECT_THAT(objects_.objects, IsEmpty());
}

}  // namespace
}  // namespace berth::ingress
