#include "gateway/transport/plan_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::PortOf;
using testing::SpecOf;
using testing::Wish;

DeployPlan FullPlan() {
  DeployPlan plan{.release = *ReleaseName::Parse("web"),
                  .revision_before = 3,
                  .revision_made = 4,
                  .exposure = {.key = testing::Key(),
                               .spec = SpecOf({Wish("a", OnlyPort{}),
                                               Wish("b", *PortName::Parse("http"), PortOf(20000)),
                                               Wish("c", PortOf(53), std::nullopt, Protocol::kUdp)},
                                              "edge", *ReleaseName::Parse("web")),
                               .release = *ReleaseName::Parse("web"),
                               .uid = "uid-1",
                               .generation = 5}};
  plan.exposure.former = ExposePlan::Former{"uid-1", 4, testing::SimpleSpec()};
  plan.back = DeployPlan::Back{DeployPlan::Back::Way::kRollback, 2, 4};
  return plan;
}

TEST(PlanJsonTest, ReadsWhatItWrote) {
  const DeployPlan plan = FullPlan();
  const auto read = DeployPlanFromJson(ToJson(plan, "op-1"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->exposure.spec, plan.exposure.spec);
  EXPECT_EQ(read->exposure.former->spec, plan.exposure.former->spec);
  EXPECT_EQ(read->exposure.former->generation, 4);
  EXPECT_EQ(read->exposure.generation, 5);
  EXPECT_EQ(read->exposure.release, plan.exposure.release);
  EXPECT_EQ(read->revision_before, 3);
  EXPECT_EQ(read->revision_made, 4);
  EXPECT_EQ(read->back->way, DeployPlan::Back::Way::kRollback);
  EXPECT_EQ(read->back->attempt, 2);
  EXPECT_EQ(read->back->expected_revision, 4);
}

TEST(PlanJsonTest, NamesTheChildrenThatMayRun) {
  const nlohmann::json json = ToJson(FullPlan(), "op-1");
  EXPECT_EQ(json["children"], (nlohmann::json{"op-1.upgrade.1", "op-1.back.2"}));
  const UndeployPlan undeploy{*Namespace::Parse("shop"), *ReleaseName::Parse("web"), 3, {"web"}};
  EXPECT_EQ(ToJson(undeploy, "op-1")["children"], nlohmann::json{"op-1.uninstall.3"});
  EXPECT_EQ(UndeployPlanFromJson(ToJson(undeploy, "op-1"))->removed, undeploy.removed);
}

TEST(PlanJsonTest, ARecordHoldsTheLargestPlan) {
  std::vector<PortWish> ports;
  for (int i = 0; i < 16; ++i) {
    ports.push_back(Wish("entry-number-" + std::to_string(10 + i),
                         *PortName::Parse("port-name-15ch"), PortOf(20000 + i)));
  }
  DeployPlan plan = FullPlan();
  plan.release = *ReleaseName::Parse(std::string(53, 'r'));
  plan.exposure.key = {*Namespace::Parse(std::string(63, 'n')),
                       *ExposureName::Parse(std::string(53, 'r'))};
  plan.exposure.spec =
      SpecOf(ports, std::string(63, 'p'), *ReleaseName::Parse(std::string(53, 'r')));
  plan.exposure.former->spec = plan.exposure.spec;
  EXPECT_LE(ToJson(plan, "op-" + std::string(26, 'x')).dump().size(), 3u * 1024);
}

TEST(PlanJsonTest, RefusesWhatNoVersionWrote) {
  nlohmann::json json = ToJson(FullPlan(), "op-1");
  json["exposure"]["spec"]["ports"][0][1] = "SCTP";
  EXPECT_FALSE(DeployPlanFromJson(json).ok());
  EXPECT_FALSE(ExposePlanFromJson(nlohmann::json::object()).ok());
  EXPECT_FALSE(UnexposePlanFromJson({{"namespace", "shop"}, {"name", "web"}, {"uid", 1}}).ok());
}

}  // namespace
}  // namespace berth::gateway
