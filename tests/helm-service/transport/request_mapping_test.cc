#include "helm-service/transport/request_mapping.h"

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::InstallReleaseRequest MakeInstall() {
  v1::InstallReleaseRequest request;
  request.set_namespace_("shop");
  request.set_name("web");
  request.mutable_chart()->set_archive("bytes");
  return request;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(RequestMappingTest, TakesAnInstallOver) {
  v1::InstallReleaseRequest request = MakeInstall();
  request.set_create_namespace(true);
  request.set_wait(true);
  request.add_values()->set_yaml("a: {b: 1}\n");
  (*request.add_values()->mutable_values()->mutable_fields())["a"]
      .mutable_struct_value()
      ->mutable_fields()
      ->
      operator[]("c")
      .set_string_value("1e3");
  const auto action = ToAction(request);
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(action->release.name.value(), "web");
  EXPECT_TRUE(action->wait);
  const auto& install = std::get<Install>(action->what);
  EXPECT_TRUE(install.create_namespace);
  EXPECT_EQ(std::get<ChartArchive>(install.chart).bytes, "bytes");
  EXPECT_EQ(install.values, nlohmann::json::parse(R"({"a": {"b": 1, "c": "1e3"}})"));
}

TEST(RequestMappingTest, NamesEveryFieldAtFaultInOneAnswer) {
  v1::UpgradeReleaseRequest request;
  request.set_namespace_("../../etc");
  request.set_name("--post-renderer=x");
  request.mutable_chart()->set_reference("./local");
  request.add_values();
  request.add_values()->set_yaml("a: [");
  request.set_create_namespace(true);
  request.set_expected_revision(-1);
  const auto action = ToAction(request);
  EXPECT_EQ(ReasonOf(action.status()), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_THAT(FieldsOf(action.status()),
              ElementsAre("namespace", "name", "chart.reference", "values[0]", "values[1]",
                          "create_namespace", "expected_revision"));
}

TEST(RequestMappingTest, NeedsAChart) {
  v1::InstallReleaseRequest request = MakeInstall();
  request.clear_chart();
  EXPECT_THAT(FieldsOf(ToAction(request).status()), ElementsAre("chart"));
  request.mutable_chart()->set_archive("");
  EXPECT_THAT(FieldsOf(ToAction(request).status()), ElementsAre("chart.archive"));
}

TEST(RequestMappingTest, RefusesValuesAboveTheLimitWithTheLimit) {
  v1::InstallReleaseRequest request = MakeInstall();
  request.add_values()->set_yaml("a: " + std::string(3'000'000, 'x'));
  request.add_values()->set_yaml("b: " + std::string(3'000'000, 'x'));
  const absl::Status status = ToAction(request).status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_REQUEST_TOO_LARGE);
  EXPECT_EQ(MetadataOf(status, "limit_bytes"), "4194304");
}

TEST(RequestMappingTest, RefusesNumbersThatHelmWouldNotKeep) {
  for (const double number : {9007199254740992.0, -1e300, std::nan(""), HUGE_VAL}) {
    v1::InstallReleaseRequest request = MakeInstall();
    (*request.add_values()->mutable_values()->mutable_fields())["a"].set_number_value(number);
    EXPECT_THAT(FieldsOf(ToAction(request).status()), ElementsAre("values[0]")) << number;
  }
  v1::InstallReleaseRequest request = MakeInstall();
  (*request.add_values()->mutable_values()->mutable_fields())["a"].set_number_value(8080);
  EXPECT_EQ(std::get<Install>(ToAction(request)->what).values.dump(), R"({"a":8080})");
}

TEST(RequestMappingTest, NeverRepeatsAValueInAnError) {
  v1::InstallReleaseRequest request = MakeInstall();
  request.add_values()->set_yaml("password: 12345678901234567");
  const absl::Status status = ToAction(request).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("password"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("12345678901234567")));
}

TEST(RequestMappingTest, RollsBackToARevisionFromOneOn) {
  v1::RollbackReleaseRequest request;
  request.set_namespace_("shop");
  request.set_name("web");
  EXPECT_THAT(FieldsOf(ToAction(request).status()), ElementsAre("revision"));
  request.set_revision(2);
  request.set_expected_revision(5);
  const auto action = ToAction(request);
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(std::get<Rollback>(action->what).revision, 2);
  EXPECT_EQ(action->expected_revision, 5);
}

TEST(RequestMappingTest, TakesAnUninstallOver) {
  v1::UninstallReleaseRequest request;
  request.set_namespace_("shop");
  request.set_name("web");
  request.set_allow_missing(true);
  const auto action = ToAction(request);
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_TRUE(std::get<Uninstall>(action->what).allow_missing);
}

}  // namespace
}  // namespace berth::helm
