#include "helm-service/transport/release_query_mapping.h"

#include <string>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> BadFields(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(ReleaseQueryMappingTest, AnEmptyRequestAsksForTheFirstPageOfAll) {
  const auto wanted = ToCatalogRequest({});
  ASSERT_TRUE(wanted.ok()) << wanted.status();
  EXPECT_TRUE(wanted->filter.namespaces.empty());
  EXPECT_FALSE(wanted->filter.labels.has_value());
  EXPECT_FALSE(wanted->filter.name.has_value());
  EXPECT_EQ(wanted->order.field, ReleaseOrder::Field::kNamespace);
  EXPECT_FALSE(wanted->order.descending);
  EXPECT_EQ(wanted->after, "");
  EXPECT_EQ(wanted->limit, 100);
  EXPECT_FALSE(wanted->at_least.has_value());
}

TEST(ReleaseQueryMappingTest, CarriesEveryField) {
  v1::ListReleasesRequest request;
  request.set_page_size(7);
  request.set_namespace_("shop");
  request.mutable_filter()->add_namespaces("web");
  request.mutable_filter()->add_statuses(v1::Release::STATUS_FAILED);
  request.mutable_filter()->set_chart_name("chart");
  request.mutable_filter()->set_label_selector("team=red");
  request.mutable_filter()->set_name_pattern("a*");
  request.set_order_by("deploy_time desc");
  request.set_consistency_token(ConsistencyToken{.version = 42}.ToString());
  const auto wanted = ToCatalogRequest(request);
  ASSERT_TRUE(wanted.ok()) << wanted.status();
  EXPECT_EQ(wanted->filter.namespaces.size(), 2);
  EXPECT_THAT(wanted->filter.statuses, ElementsAre(ReleaseStatus::kFailed));
  EXPECT_EQ(wanted->filter.chart_name, "chart");
  EXPECT_TRUE(wanted->filter.labels.has_value());
  EXPECT_TRUE(wanted->filter.name->Matches("abc"));
  EXPECT_EQ(wanted->order.field, ReleaseOrder::Field::kDeployTime);
  EXPECT_TRUE(wanted->order.descending);
  EXPECT_EQ(wanted->limit, 7);
  EXPECT_EQ(wanted->at_least->version, 42);
}

TEST(ReleaseQueryMappingTest, NamesEveryBadField) {
  v1::ListReleasesRequest request;
  request.set_namespace_("Shop");
  request.mutable_filter()->add_namespaces("web");
  request.mutable_filter()->add_namespaces("../etc");
  request.mutable_filter()->add_statuses(v1::Release::STATUS_UNSPECIFIED);
  request.mutable_filter()->set_chart_name(std::string(251, 'a'));
  request.mutable_filter()->set_label_selector("a in");
  request.mutable_filter()->set_name_pattern("[a]");
  request.set_order_by("colour");
  request.set_consistency_token("?");
  EXPECT_THAT(BadFields(ToCatalogRequest(request).status()),
              ElementsAre("filter.namespaces[1]", "filter.statuses[0]", "filter.chart_name",
                          "filter.label_selector", "filter.name_pattern", "namespace", "order_by",
                          "consistency_token"));
  v1::WatchReleasesRequest watch;
  *watch.mutable_filter() = request.filter();
  EXPECT_EQ(BadFields(ToFilter(watch).status()).size(), 5);
}

TEST(ReleaseQueryMappingTest, RefusesMoreNamespacesThanItHolds) {
  v1::ListReleasesRequest request;
  for (int i = 0; i <= 100; ++i) {
    request.mutable_filter()->add_namespaces("n" + std::to_string(i));
  }
  EXPECT_THAT(BadFields(ToCatalogRequest(request).status()), ElementsAre("filter.namespaces"));
}

TEST(ReleaseQueryMappingTest, RefusesOrdersItDoesNotKnow) {
  for (const char* order : {" desc", "desc", "name  desc", "name asc", "name,namespace", "Name"}) {
    v1::ListReleasesRequest request;
    request.set_order_by(order);
    EXPECT_THAT(BadFields(ToCatalogRequest(request).status()), ElementsAre("order_by")) << order;
  }
}

TEST(ReleaseQueryMappingTest, APageTokenBelongsToItsFilterAndOrder) {
  v1::ListReleasesRequest request;
  request.set_page_size(3);
  request.set_order_by("name");
  request.set_page_token(NextPageToken(request, "web shop"));
  EXPECT_EQ(ToCatalogRequest(request)->after, "web shop");
  request.set_page_size(5);
  request.set_consistency_token(ConsistencyToken{.version = 42}.ToString());
  EXPECT_EQ(ToCatalogRequest(request)->after, "web shop");

  v1::ListReleasesRequest other_order = request;
  other_order.set_order_by("name desc");
  EXPECT_EQ(ReasonOf(ToCatalogRequest(other_order).status()),
            Reason::ERROR_REASON_INVALID_PAGE_TOKEN);
  v1::ListReleasesRequest other_filter = request;
  other_filter.mutable_filter()->set_chart_name("chart");
  EXPECT_EQ(ReasonOf(ToCatalogRequest(other_filter).status()),
            Reason::ERROR_REASON_INVALID_PAGE_TOKEN);
}

}  // namespace
}  // namespace berth::helm
