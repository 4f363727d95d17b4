#include "gateway/transport/requests.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "common/status/status.h"

namespace berth::gateway {
namespace {

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

v1::DeployRequest GoodDeploy() {
  v1::DeployRequest request;
  request.set_namespace_("shop");
  request.set_name("web");
  request.set_pool("edge");
  request.mutable_chart()->set_archive("\x1f\x8b\x08 and so on");
  return request;
}

TEST(RequestsTest, DeployWithoutPortsExposesTheOnlyOneOfTheRelease) {
  const auto wish = ParseDeploy(GoodDeploy());
  ASSERT_TRUE(wish.ok()) << wish.status();
  EXPECT_EQ(wish->exposure.ToString(), "shop/web");
  EXPECT_TRUE(std::holds_alternative<ReleaseName>(wish->spec.target()));
  ASSERT_EQ(wish->spec.ports().size(), 1u);
  EXPECT_TRUE(std::holds_alternative<OnlyPort>(wish->spec.ports()[0].target_port));
}

TEST(RequestsTest, DeployMayNameTheService) {
  v1::DeployRequest request = GoodDeploy();
  request.set_service("front");
  EXPECT_TRUE(std::holds_alternative<ServiceName>(ParseDeploy(request)->spec.target()));
}

TEST(RequestsTest, NamesEveryFieldAtFault) {
  v1::DeployRequest request;
  request.set_namespace_("Shop");
  request.set_name("--post-renderer=x");
  request.mutable_chart()->set_reference("../../etc");
  request.add_ports()->set_port_number(70000);
  request.add_ports()->set_name("b");
  EXPECT_EQ(FieldsOf(ParseDeploy(request).status()),
            (std::vector<std::string>{"namespace", "name", "pool", "ports[0].name",
                                      "ports[0].port_number", "chart.reference"}));
}

TEST(RequestsTest, RefusesChartsOfNoForm) {
  v1::DeployRequest request = GoodDeploy();
  request.mutable_chart()->set_archive("PK not gzip");
  EXPECT_EQ(FieldsOf(ParseDeploy(request).status()), std::vector<std::string>{"chart.archive"});
  request.clear_chart();
  EXPECT_EQ(FieldsOf(ParseDeploy(request).status()), std::vector<std::string>{"chart"});
  for (const char* reference : {"stable/nginx", "http://a/b.tgz", "/tmp/chart", "file:///x"}) {
    request.mutable_chart()->set_reference(reference);
    EXPECT_FALSE(ParseDeploy(request).ok()) << reference;
  }
  request.mutable_chart()->set_reference("oci://charts.example/web");
  EXPECT_TRUE(ParseDeploy(request).ok());
}

TEST(RequestsTest, RefusesValuesBeyondTheLimit) {
  v1::DeployRequest request = GoodDeploy();
  request.add_values()->set_yaml(std::string(5 << 20, 'x'));
  const absl::Status refused = ParseDeploy(request).status();
  EXPECT_EQ(ReasonOf(refused), Reason::ERROR_REASON_REQUEST_TOO_LARGE);
  EXPECT_EQ(MetadataOf(refused, "limit_bytes"), "4194304");
}

TEST(RequestsTest, ExposeDerivesAName) {
  v1::ExposeRequest request;
  request.set_namespace_("shop");
  request.mutable_spec()->mutable_target()->set_service("web");
  request.mutable_spec()->set_pool("edge");
  request.mutable_spec()->add_ports();
  const auto wish = ParseExpose(request);
  ASSERT_TRUE(wish.ok()) << wish.status();
  EXPECT_EQ(wish->key.name, DerivedName(wish->spec));
  EXPECT_EQ(wish->spec.ports()[0].name, DefaultEntryName());
}

TEST(RequestsTest, ExposeNamesFieldsWithinTheSpec) {
  v1::ExposeRequest request;
  request.set_namespace_("shop");
  request.mutable_spec()->add_ports()->set_port(-1);
  EXPECT_EQ(FieldsOf(ParseExpose(request).status()),
            (std::vector<std::string>{"spec.target", "spec.pool", "spec.ports[0].port"}));
  request.mutable_spec()->clear_ports();
  EXPECT_EQ(FieldsOf(ParseExpose(request).status()).back(), "spec.ports");
}

}  // namespace
}  // namespace berth::gateway
