#include "common/kube/rest_mapper.h"

#include <gtest/gtest.h>

#include "common/kube/errors.h"
#include "tests/common/kube/fake_clock.h"
#include "tests/common/kube/fake_transport.h"

namespace berth::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RestMapperTest : public testing::Test {
 protected:
  static Json Apps() {
    return Json::parse(R"({"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [
      {"name": "deployments", "kind": "Deployment", "namespaced": true, "verbs": ["get", "list"]},
      {"name": "deployments/status", "kind": "Deployment", "namespaced": true, "verbs": ["get"]},
      {"name": "deployments/scale", "kind": "Scale", "namespaced": true, "verbs": ["get"]},
      {"name": "reviews", "kind": "Review", "namespaced": false, "verbs": ["create"]}]})");
  }

  FakeTransport* const transport_ = new FakeTransport;
  FakeClock clock_;
  Client client_{std::unique_ptr<HttpTransport>(transport_), clock_};
  RestMapper mapper_{client_, clock_};
};

TEST_F(RestMapperTest, FindsTheResourceOfAKind) {
  transport_->Reply(200, Apps());
  const auto kind = mapper_.Find("apps", "v1", "Deployment");
  ASSERT_TRUE(kind.ok() && kind->has_value()) << kind.status();
  EXPECT_EQ((*kind)->resource(), kDeployments);
  EXPECT_EQ(transport_->requests()[0].target, "/apis/apps/v1");
}

TEST_F(RestMapperTest, AsksForTheCoreUnderItsOwnPath) {
  transport_->Reply(200, {{"resources",
                           {{{"name", "namespaces"},
                             {"kind", "Namespace"},
                             {"namespaced", false},
                             {"verbs", {"get"}}}}}});
  const auto kind = mapper_.Find("", "v1", "Namespace");
  ASSERT_TRUE(kind.ok() && kind->has_value()) << kind.status();
  EXPECT_EQ((*kind)->resource(), kNamespaces);
  EXPECT_EQ(transport_->requests()[0].target, "/api/v1");
}

TEST_F(RestMapperTest, LeavesOutPartsAndWhatCannotBeRead) {
  transport_->Reply(200, Apps());
  EXPECT_FALSE(mapper_.Find("apps", "v1", "Scale")->has_value());
  EXPECT_FALSE(mapper_.Find("apps", "v1", "Review")->has_value());
  EXPECT_EQ(transport_->requests().size(), 1u);
}

TEST_F(RestMapperTest, RemembersAnAnswerForAWhile) {
  transport_->Reply(200, Apps());
  EXPECT_TRUE(mapper_.Find("apps", "v1", "Deployment")->has_value());
  clock_.Advance(minutes(9));
  EXPECT_TRUE(mapper_.Find("apps", "v1", "Deployment")->has_value());
  EXPECT_EQ(transport_->requests().size(), 1u);

  clock_.Advance(minutes(2));
  transport_->Reply(404, KubernetesStatusObject(404, "NotFound"));
  EXPECT_FALSE(mapper_.Find("apps", "v1", "Deployment")->has_value());
}

TEST_F(RestMapperTest, AsksAgainSoonForAKindThatWasNotThere) {
  transport_->Reply(404, KubernetesStatusObject(404, "NotFound"));
  EXPECT_FALSE(mapper_.Find("apps", "v1", "Deployment")->has_value());
  clock_.Advance(seconds(4));
  EXPECT_FALSE(mapper_.Find("apps", "v1", "Deployment")->has_value());
  EXPECT_EQ(transport_->requests().size(), 1u);

  clock_.Advance(seconds(1));
  transport_->Reply(200, Apps());
  EXPECT_TRUE(mapper_.Find("apps", "v1", "Deployment")->has_value());
}

TEST_F(RestMapperTest, NeverAsksForNamesThatAreNoGroups) {
  for (const char* group : {"../../api", "a/b", "a?x=1", "Apps", "..", "."}) {
    const auto kind = mapper_.Find(group, "v1", "Deployment");
    ASSERT_TRUE(kind.ok());
    EXPECT_FALSE(kind->has_value()) << group;
  }
  EXPECT_FALSE(mapper_.Find("apps", "v1/../x", "Deployment")->has_value());
  EXPECT_FALSE(mapper_.Find("apps", "", "Deployment")->has_value());
  EXPECT_TRUE(transport_->requests().empty());
}

TEST_F(RestMapperTest, PassesFailuresOn) {
  transport_->Reply(403, KubernetesStatusObject(403, "Forbidden"));
  EXPECT_TRUE(IsForbidden(mapper_.Find("apps", "v1", "Deployment").status()));
}

}  // namespace
}  // namespace berth::kube
