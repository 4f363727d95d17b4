#include "port-service/domain/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/status.h"

namespace berth::port {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(LabelsTest, TakesWhatKubernetesTakes) {
  EXPECT_TRUE(CheckLabel("team", "shop").ok());
  EXPECT_TRUE(CheckLabel("team", "").ok());
  EXPECT_TRUE(CheckLabel("shop.example-1.com/Tier_2.x", "A.b-c_d").ok());
  EXPECT_TRUE(
      CheckLabel(
          std::string(253, 'a').replace(63, 1, ".").replace(127, 1, ".").replace(191, 1, ".") +
              "/" + std::string(63, 'k'),
          std::string(63, 'v'))
          .ok());
}

TEST(LabelsTest, RefusesWhatKubernetesRefuses) {
  for (const std::string& key :
       {std::string(), std::string("-a"), std::string("a-"), std::string("a b"), std::string("/a"),
        std::string("a/"), std::string("a/b/c"), std::string("Shop/tier"), std::string("a..b/c"),
        std::string(64, 'a'), std::string(64, 'a') + "/b", std::string("\xc3\xa4")}) {
    EXPECT_EQ(ReasonOf(CheckLabel(key, "v")), Reason::ERROR_REASON_INVALID_FIELD) << key;
  }
  for (const std::string& value :
       {std::string("-a"), std::string("a."), std::string("a/b"), std::string(64, 'a')}) {
    EXPECT_EQ(ReasonOf(CheckLabel("k", value)), Reason::ERROR_REASON_INVALID_FIELD) << value;
  }
}

TEST(LabelsTest, RefusesKeysOfItsOwnDomainAndNoOthers) {
  EXPECT_FALSE(CheckLabel("berth.dev/claim-key", "v").ok());
  EXPECT_FALSE(CheckLabel("x.berth.dev/y", "v").ok());
  EXPECT_TRUE(CheckLabel("notberth.dev/y", "v").ok());
  EXPECT_TRUE(CheckLabel("berth.dev", "v").ok()) << "has no prefix";
}

TEST(LabelsTest, TellsLabelsFromItsOwn) {
  EXPECT_THAT(
      WithoutOwnLabels({{"berth.dev/claim-key", "1"}, {"team", "shop"}, {"a.berth.dev/b", "2"}}),
      ElementsAre(Pair("team", "shop")));
}

TEST(LabelsTest, FindsAllWantedLabelsAmongOthers) {
  const Labels labels = {{"team", "shop"}, {"tier", "web"}};
  EXPECT_TRUE(HasLabels(labels, {}));
  EXPECT_TRUE(HasLabels(labels, {{"tier", "web"}}));
  EXPECT_FALSE(HasLabels(labels, {{"tier", "db"}}));
  EXPECT_FALSE(HasLabels(labels, {{"region", "eu"}}));
}

}  // namespace
}  // namespace berth::port
