#include "helm-service/transport/resources.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "common/kube/clock.h"
#include "common/operation/executor.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_cluster.h"
#include "tests/helm-service/domain/fake_releases.h"

namespace berth::helm {
namespace {

using operation::v1::ObjectStatus;
using ::testing::ElementsAre;

class ResourcesTest : public ::testing::Test {
 protected:
  static std::string ConfigMaps(int count) {
    std::string manifest;
    for (int i = 0; i < count; ++i) {
      manifest += fmt::format("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{}}}\n", i);
    }
    return manifest;
  }

  static v1::ListReleaseResourcesRequest Request() {
    v1::ListReleaseResourcesRequest request;
    request.set_namespace_("shop");
    request.set_name("web");
    return request;
  }

  absl::StatusOr<v1::ListReleaseResourcesResponse> List(
      const v1::ListReleaseResourcesRequest& request) {
    return ListResources(releases_, cluster_, helpers_, request);
  }

  static std::vector<std::string> Names(const v1::ListReleaseResourcesResponse& response) {
    std::vector<std::string> names;
    for (const v1::ReleaseResource& resource : response.resources()) {
      names.push_back(fmt::format("{} {}", resource.status().object().name(),
                                  ObjectStatus::State_Name(resource.status().state())));
    }
    return names;
  }

  FakeCluster cluster_;
  FakeReleases releases_;
  // Not started: the caller then reads in order.
  operation::Executor helpers_{"helpers", 1, kube::RealClock()};
};

TEST_F(ResourcesTest, ListsObjectsAsTheyStandAndWhatIsMissing) {
  releases_.Store(1, ReleaseStatus::kSuperseded, {.manifest = ConfigMaps(9)});
  releases_.Store(2, ReleaseStatus::kDeployed,
                  {.manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n"
                               "apiVersion: v1\nkind: Service\nmetadata: {name: lost}\n---\n"
                               "not: an object\n"});
  cluster_.Put(R"({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {
    "namespace": "shop", "name": "web", "creationTimestamp": "2026-01-02T03:04:05Z"}})");
  const auto response = List(Request());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->revision(), 2);
  EXPECT_THAT(Names(*response), ElementsAre("web STATE_PROGRESSING", "lost STATE_MISSING"));
  const v1::ReleaseResource& web = response->resources(0);
  EXPECT_EQ(web.status().object().group(), "apps");
  EXPECT_EQ(web.status().object().version(), "v1");
  EXPECT_EQ(web.status().object().namespace_(), "shop");
  EXPECT_EQ(web.create_time().seconds(), 1767323045);
  EXPECT_FALSE(response->resources(1).has_create_time());
}

TEST_F(ResourcesTest, PagesStayWithTheRevisionOfTheFirst) {
  releases_.Store(1, ReleaseStatus::kDeployed, {.manifest = ConfigMaps(5)});
  v1::ListReleaseResourcesRequest request = Request();
  request.set_page_size(2);
  std::vector<std::string> names;
  for (int pages = 0; pages < 3; ++pages) {
    const auto response = List(request);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->revision(), 1);
    for (const auto& resource : response->resources()) {
      names.push_back(resource.status().object().name());
    }
    request.set_page_token(response->next_page_token());
    releases_.Store(2, ReleaseStatus::kDeployed, {.manifest = ""});
  }
  EXPECT_THAT(names, ElementsAre("c0", "c1", "c2", "c3", "c4"));
  EXPECT_EQ(request.page_token(), "");
}

TEST_F(ResourcesTest, ListsANamedRevision) {
  releases_.Store(1, ReleaseStatus::kSuperseded, {.manifest = ConfigMaps(1)});
  releases_.Store(2, ReleaseStatus::kDeployed, {.manifest = ""});
  v1::ListReleaseResourcesRequest request = Request();
  request.set_revision(1);
  EXPECT_THAT(Names(*List(request)), ElementsAre("c0 STATE_MISSING"));
}

TEST_F(ResourcesTest, RefusesWhatIsNotThere) {
  EXPECT_EQ(ReasonOf(List(Request()).status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  releases_.Store(1, ReleaseStatus::kDeployed, {.manifest = ConfigMaps(5'001)});
  EXPECT_EQ(ReasonOf(List(Request()).status()), Reason::ERROR_REASON_RELEASE_UNREADABLE);
  v1::ListReleaseResourcesRequest request = Request();
  request.set_revision(-1);
  EXPECT_EQ(ReasonOf(List(request).status()), Reason::ERROR_REASON_INVALID_FIELD);
  request = Request();
  request.set_page_token("x");
  EXPECT_EQ(ReasonOf(List(request).status()), Reason::ERROR_REASON_INVALID_PAGE_TOKEN);
}

TEST_F(ResourcesTest, PassesFailuresOn) {
  releases_.Store(1, ReleaseStatus::kDeployed, {.manifest = ConfigMaps(1)});
  cluster_.Fail(absl::UnavailableError("no answer"));
  EXPECT_EQ(List(Request()).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace berth::helm
