#include "helm-service/domain/release_query.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/summary_builder.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using Field = ReleaseOrder::Field;

std::vector<std::string> Names(const std::vector<Summary>& releases) {
  std::vector<std::string> names;
  names.reserve(releases.size());
  for (const Summary& release : releases) {
    names.push_back(release->key.ns.value() + "/" + release->key.name.value());
  }
  return names;
}

// Every page of two, joined.
std::vector<std::string> Paged(const std::vector<Summary>& releases, const ReleaseOrder& order) {
  std::vector<std::string> names;
  std::string after;
  while (true) {
    const ReleasePage page = SelectPage(releases, order, after, 2);
    for (const std::string& name : Names(page.releases)) names.push_back(name);
    if (!page.more_after.has_value()) return names;
    after = *page.more_after;
  }
}

TEST(ReleaseFilterTest, LetsEverythingThroughUnlessItSaysSomething) {
  EXPECT_TRUE(Matches({}, MakeSummary("shop", "web")));
}

TEST(ReleaseFilterTest, WantsEachFieldToFit) {
  const ReleaseSummary release = MakeSummary("shop", "web");
  EXPECT_TRUE(Matches({.namespaces = {*NamespaceName::Parse("shop")}}, release));
  EXPECT_FALSE(Matches({.namespaces = {*NamespaceName::Parse("other")}}, release));
  EXPECT_TRUE(Matches({.statuses = {ReleaseStatus::kFailed, ReleaseStatus::kDeployed}}, release));
  EXPECT_FALSE(Matches({.statuses = {ReleaseStatus::kFailed}}, release));
  EXPECT_TRUE(Matches({.chart_name = "chart"}, release));
  EXPECT_FALSE(Matches({.chart_name = "char"}, release));
  EXPECT_TRUE(Matches({.name = *NamePattern::Parse("w*")}, release));
  EXPECT_FALSE(Matches({.name = *NamePattern::Parse("x*")}, release));
  EXPECT_FALSE(Matches({.chart_name = "chart", .name = *NamePattern::Parse("x*")}, release));
}

TEST(ReleaseFilterTest, SelectsByLabelsOfUsersAndByHelms) {
  ReleaseSummary release = MakeSummary("shop", "web");
  release.labels = {{"team", "red"}};
  EXPECT_TRUE(Matches({.labels = *kube::LabelSelector::Parse("team=red")}, release));
  EXPECT_FALSE(Matches({.labels = *kube::LabelSelector::Parse("team=blue")}, release));
  EXPECT_TRUE(Matches(
      {.labels = *kube::LabelSelector::Parse("owner=helm,name=web,status=deployed,version=1")},
      release));
}

TEST(ReleaseFilterTest, AReleaseWhoseBodyWasNotReadHasNoChart) {
  ReleaseSummary release = MakeSummary("shop", "web");
  release.facts = nullptr;
  EXPECT_FALSE(Matches({.chart_name = "chart"}, release));
  EXPECT_TRUE(NeedsFacts({.chart_name = "chart"}));
  EXPECT_FALSE(NeedsFacts({.name = *NamePattern::Parse("w*")}));
}

TEST(ReleaseOrderTest, OrdersPagesByEachFieldInBothDirections) {
  std::vector<Summary> releases;
  int deployed = 10;
  for (const auto& [ns, name] : std::vector<std::pair<std::string, std::string>>{
           {"shop-2", "b"}, {"shop", "c"}, {"shop", "a"}, {"shop-2", "a"}, {"shop", "a-1"}}) {
    ReleaseSummary release = MakeSummary(ns, name);
    release.facts = MakeFacts("chart", --deployed);
    releases.push_back(Share(release));
  }
  EXPECT_THAT(Paged(releases, {.field = Field::kNamespace}),
              ElementsAre("shop/a", "shop/a-1", "shop/c", "shop-2/a", "shop-2/b"));
  EXPECT_THAT(Paged(releases, {.field = Field::kNamespace, .descending = true}),
              ElementsAre("shop-2/b", "shop-2/a", "shop/c", "shop/a-1", "shop/a"));
  EXPECT_THAT(Paged(releases, {.field = Field::kName}),
              ElementsAre("shop/a", "shop-2/a", "shop/a-1", "shop-2/b", "shop/c"));
  EXPECT_THAT(Paged(releases, {.field = Field::kDeployTime}),
              ElementsAre("shop/a-1", "shop-2/a", "shop/a", "shop/c", "shop-2/b"));
  EXPECT_THAT(Paged(releases, {.field = Field::kDeployTime, .descending = true}),
              ElementsAre("shop-2/b", "shop/c", "shop/a", "shop-2/a", "shop/a-1"));
}

TEST(ReleaseOrderTest, ReleasesOfOneMomentAndThoseNeverDeployedHaveAPlaceEach) {
  std::vector<Summary> releases;
  for (const char* name : {"b", "a", "c"}) releases.push_back(Share(MakeSummary("shop", name)));
  ReleaseSummary unknown = MakeSummary("shop", "z");
  unknown.facts = nullptr;
  releases.push_back(Share(unknown));
  EXPECT_THAT(Paged(releases, {.field = Field::kDeployTime}),
              ElementsAre("shop/z", "shop/a", "shop/b", "shop/c"));
}

TEST(SelectPageTest, SaysOnlyThenThatThereIsMoreWhenThereIs) {
  const std::vector<Summary> releases = {Share(MakeSummary("shop", "a")),
                                         Share(MakeSummary("shop", "b"))};
  EXPECT_FALSE(SelectPage(releases, {}, "", 2).more_after.has_value());
  EXPECT_EQ(SelectPage(releases, {}, "", 1).more_after, "shop a");
  EXPECT_FALSE(SelectPage({}, {}, "", 1).more_after.has_value());
  EXPECT_THAT(Names(SelectPage(releases, {}, "shop a", 1).releases), ElementsAre("shop/b"));
}

}  // namespace
}  // namespace berth::helm
