#include <gtest/gtest.h>

#include "common/kube/client.h"
#include "common/kube/rest_mapper.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"

namespace berth::kube {
namespace {

using harness::ApiServer;

class RestMapperIntegrationTest : public testing::Test {
 protected:
  std::optional<ServedKind> Find(const std::string& group, const std::string& version,
                                 const std::string& kind) {
    const auto found = mapper_.Find(group, version, kind);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(std::nullopt);
  }

  std::unique_ptr<Client> client_ = ApiServer::Shared().MakeClient();
  RestMapper mapper_{*client_, RealClock(), {.max_age_of_absence = std::chrono::milliseconds(0)}};
};

TEST_F(RestMapperIntegrationTest, FindsKindsOfTheCoreOfGroupsAndOfCustomResources) {
  EXPECT_EQ(Find("", "v1", "Secret")->resource(), kSecrets);
  EXPECT_EQ(Find("", "v1", "Namespace")->resource(), kNamespaces);
  EXPECT_EQ(Find("apps", "v1", "Deployment")->resource(), kDeployments);
  EXPECT_EQ(Find("discovery.k8s.io", "v1", "EndpointSlice")->resource(), kEndpointSlices);
  EXPECT_EQ(Find("berth.dev", "v1alpha1", "PortPool")->resource(), kPortPools);
}

TEST_F(RestMapperIntegrationTest, KnowsWhatIsNotServed) {
  EXPECT_FALSE(Find("apps", "v1", "Secret"));
  EXPECT_FALSE(Find("apps", "v1beta1", "Deployment"));
  EXPECT_FALSE(Find("example.org", "v1", "Thing"));
  EXPECT_FALSE(Find("authorization.k8s.io", "v1", "SubjectAccessReview"));  // only to be created
}

TEST_F(RestMapperIntegrationTest, FindsADefinitionThatIsNew) {
  ASSERT_FALSE(Find("rest-mapper.example.org", "v1", "Thing"));
  const Json definition = Json::parse(R"({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.rest-mapper.example.org"},
    "spec": {"group": "rest-mapper.example.org", "scope": "Cluster",
      "names": {"plural": "things", "kind": "Thing"},
      "versions": [{"name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object"}}}]}})");
  ASSERT_TRUE(client_->Create(kCustomResourceDefinitions, definition).ok());
  std::optional<ServedKind> thing;
  ASSERT_TRUE(harness::Eventually([&] {
    thing = Find("rest-mapper.example.org", "v1", "Thing");
    return thing.has_value();
  }));
  EXPECT_EQ(thing->plural, "things");
  EXPECT_EQ(thing->scope, Scope::kCluster);
}

}  // namespace
}  // namespace berth::kube
