#include "helm-service/domain/manifest.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

std::vector<ManifestObject> Split(std::string_view manifest) {
  absl::StatusOr<std::vector<ManifestObject>> objects = SplitManifest(manifest);
  EXPECT_TRUE(objects.ok()) << objects.status();
  return objects.ok() ? *std::move(objects) : std::vector<ManifestObject>();
}

constexpr char kManifest[] = R"(---
# Source: web/templates/config.yaml
# A comment of the chart's own.
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  namespace: shop
data:
  script: |
    begin
    # Source: not a comment of Helm's
     --- not a separator
    end
---
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
)";

TEST(SplitManifestTest, TellsSourceKindAndNameOfEachObject) {
  const std::vector<ManifestObject> objects = Split(kManifest);
  ASSERT_THAT(objects, SizeIs(2));
  EXPECT_EQ(objects[0].source, "web/templates/config.yaml");
  EXPECT_EQ(objects[0].api_version, "v1");
  EXPECT_EQ(objects[0].kind, "ConfigMap");
  EXPECT_EQ(objects[0].ns, "shop");
  EXPECT_EQ(objects[0].name, "web");
  EXPECT_THAT(objects[0].text, HasSubstr("# A comment of the chart's own.\napiVersion: v1\n"));
  EXPECT_EQ(objects[1].source, "web/templates/deployment.yaml");
  EXPECT_EQ(objects[1].api_version, "apps/v1");
  EXPECT_EQ(objects[1].kind, "Deployment");
  EXPECT_EQ(objects[1].ns, "");
  EXPECT_EQ(objects[1].text, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n");
}

TEST(SplitManifestTest, ReadsAnObjectOnDemand) {
  const absl::StatusOr<Json> object = Split(kManifest)[0].Read();
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ((*object)["data"]["script"],
            "begin\n# Source: not a comment of Helm's\n --- not a separator\nend\n");
}

TEST(SplitManifestTest, LeavesOutDocumentsWithoutContent) {
  EXPECT_THAT(Split(""), SizeIs(0));
  EXPECT_THAT(Split("---\n---\n# Source: a.yaml\n# only this\n\n--- \nkind: A\n---"), SizeIs(1));
}

TEST(SplitManifestTest, TakesTheSourceOfTheFileForAllItsDocuments) {
  const std::vector<ManifestObject> objects =
      Split("---\n# Source: web/crds/all.yaml\nkind: A\n---\nkind: B\n---\n# Source: b\nkind: C\n");
  ASSERT_THAT(objects, SizeIs(3));
  EXPECT_EQ(objects[1].source, "web/crds/all.yaml");
  EXPECT_EQ(objects[2].source, "b");
}

TEST(SplitManifestTest, LetsAChartNotPretendAnotherSource) {
  const std::vector<ManifestObject> objects =
      Split("---\n# Source: web/templates/a.yaml\n# Source: other/b.yaml\nkind: A\n");
  ASSERT_THAT(objects, SizeIs(1));
  EXPECT_EQ(objects[0].source, "web/templates/a.yaml");
}

TEST(SplitManifestTest, TakesSeparatorsOfEveryForm) {
  EXPECT_THAT(Split("kind: A\r\n---\r\nkind: B\r\n--- # next\nkind: C\n--- {kind: D}\n"),
              SizeIs(4));
  EXPECT_EQ(Split("--- {kind: D}\n")[0].kind, "D");
}

TEST(SplitManifestTest, MakesTheItemsOfAListObjectsOfTheirOwn) {
  const std::vector<ManifestObject> objects = Split(R"(# Source: web/templates/list.yaml
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: a}}
- {apiVersion: v1, kind: Service, metadata: {name: b}}
---
apiVersion: v1
kind: ConfigMapList
items: [{metadata: {name: c}}]
)");
  ASSERT_THAT(objects, SizeIs(3));
  EXPECT_EQ(objects[1].source, "web/templates/list.yaml");
  EXPECT_EQ(objects[1].kind, "Service");
  EXPECT_EQ(objects[1].name, "b");
  EXPECT_EQ(objects[1].Read()->at("metadata"), Json({{"name", "b"}}));
  EXPECT_EQ(objects[2].kind, "ConfigMap");
  EXPECT_EQ(objects[2].api_version, "v1");
}

TEST(SplitManifestTest, KnowsHooksByHelmsAnnotation) {
  const std::vector<ManifestObject> objects = Split(
      "kind: Job\nmetadata: {annotations: {helm.sh/hook: 'pre-install, post-upgrade'}}\n"
      "---\nkind: Job\nmetadata: {annotations: {other: x}}\n");
  EXPECT_THAT(objects[0].hook_events, ElementsAre("pre-install", "post-upgrade"));
  EXPECT_THAT(objects[1].hook_events, SizeIs(0));
}

TEST(SplitManifestTest, LetsTheLaterOfTwoEqualKeysCountAsKubernetesDoes) {
  const std::vector<ManifestObject> objects = Split("kind: A\nmetadata: {name: a, name: b}\n");
  ASSERT_THAT(objects, SizeIs(1));
  EXPECT_EQ(objects[0].name, "b");
}

TEST(SplitManifestTest, KeepsWhatItCannotReadAsText) {
  const std::vector<ManifestObject> objects =
      Split("---\n# Source: a.yaml\nkind: A\npassword: [hunter2\n---\nkind: B\n");
  ASSERT_THAT(objects, SizeIs(2));
  EXPECT_EQ(objects[0].kind, "");
  EXPECT_EQ(objects[0].source, "a.yaml");
  EXPECT_EQ(objects[0].text, "kind: A\npassword: [hunter2\n");
  const absl::Status status = objects[0].Read().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hunter2")));
  EXPECT_EQ(objects[1].kind, "B");
}

TEST(SplitManifestTest, RefusesMoreThanItsLimits) {
  const ManifestLimits few{.objects = 2};
  EXPECT_TRUE(SplitManifest("a: 1\n---\na: 2\n", few).ok());
  EXPECT_TRUE(
      absl::IsResourceExhausted(SplitManifest("a: 1\n---\na: 2\n---\na: 3\n", few).status()));
  EXPECT_TRUE(
      absl::IsResourceExhausted(SplitManifest("kind: List\nitems: [{}, {}, {}]\n", few).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(SplitManifest("a: 12", {.bytes = 4}).status()));
}

}  // namespace
}  // namespace berth::helm
