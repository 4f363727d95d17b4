#include "gateway/adapters/exposure_json.h"

#include <gtest/gtest.h>

#include <string>

#include "common/kube/object.h"
#include "common/status/status.h"
#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using kube::Json;
using testing::PortOf;
using testing::SpecOf;
using testing::Wish;

ExposureStore::NewExposure NewOne() {
  return {
      .key = testing::Key(),
      .spec = SpecOf({Wish("a", *PortName::Parse("http")), Wish("b", OnlyPort{}, PortOf(20000))},
                     "edge", *ReleaseName::Parse("web")),
      .created_by = "op-1",
      .deployed_release = "web"};
}

/// As the API server would have stored it.
Json Stored() {
  Json object = NewExposureJson(NewOne());
  object["metadata"]["uid"] = "uid-1";
  object["metadata"]["resourceVersion"] = "7";
  object["metadata"]["generation"] = 2;
  object["metadata"]["creationTimestamp"] = "2026-01-02T03:04:05Z";
  return object;
}

TEST(ExposureJsonTest, ReadsWhatItWrote) {
  const auto exposure = ExposureFromJson(Stored());
  ASSERT_TRUE(exposure.ok()) << exposure.status();
  EXPECT_EQ(exposure->key, testing::Key());
  EXPECT_EQ(*exposure->spec, NewOne().spec);
  EXPECT_EQ(exposure->created_by, "op-1");
  EXPECT_EQ(exposure->deployed_release, "web");
  EXPECT_EQ(exposure->generation, 2);
  EXPECT_TRUE(exposure->has_finalizer);
  EXPECT_FALSE(exposure->being_deleted);
}

TEST(ExposureJsonTest, ASpecThatCannotBeReadIsAnErrorOfTheSpecAlone) {
  Json object = Stored();
  object["spec"]["targetRef"]["name"] = "No Such Name";
  const auto exposure = ExposureFromJson(object);
  ASSERT_TRUE(exposure.ok());
  EXPECT_EQ(ReasonOf(exposure->spec.status()), Reason::ERROR_REASON_INVALID_FIELD);
}

TEST(ExposureJsonTest, StatusComesBackAsItWasWritten) {
  Json object = Stored();
  ExposureStatus status{
      .observed_generation = 2,
      .ready_since = Time(std::chrono::seconds(1000)),
      .service = "web",
      .addresses = {*Address::ParseIp("10.0.0.1"), *Address::ParseHostname("lb.example")},
      .ports = {{*EntryName::Parse("a"), Protocol::kTcp, PortOf(20000), "edge.tcp.20000"}}};
  status.conditions[ConditionType::kReady] = {Truth::kTrue, "Ready", "", 2};
  status.conditions[ConditionType::kStalled] = {Truth::kFalse, "Ready", "", 2};
  PutStatus(status, kube::Time{}, object);
  EXPECT_EQ(ExposureFromJson(object)->status, status);
}

TEST(ExposureJsonTest, ConditionsOfOthersStay) {
  Json object = Stored();
  kube::SetCondition(object, {.type = "Approved", .reason = "ByHand"}, kube::Time{});
  kube::SetCondition(object, {.type = "Claimed", .reason = "Claimed"}, kube::Time{});
  PutStatus({}, kube::Time{}, object);
  EXPECT_TRUE(kube::GetCondition(object, "Approved").has_value());
  EXPECT_FALSE(kube::GetCondition(object, "Claimed").has_value());
}

TEST(ExposureJsonTest, ReplacingTheSpecKeepsFieldsItDoesNotKnow) {
  Json object = Stored();
  object["spec"]["fromTheFuture"] = true;
  PutSpec(testing::SimpleSpec(), object);
  EXPECT_EQ(*ExposureFromJson(object)->spec, testing::SimpleSpec());
  EXPECT_TRUE(object["spec"]["fromTheFuture"].get<bool>());
}

}  // namespace
}  // namespace berth::gateway
