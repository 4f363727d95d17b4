#include "helm-service/domain/release_diff.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = ObjectChange::Kind;

std::vector<ManifestObject> Render(const ReleaseContent& content) {
  absl::StatusOr<std::vector<ManifestObject>> objects = RenderedObjects(content);
  EXPECT_TRUE(objects.ok()) << objects.status();
  return objects.ok() ? *std::move(objects) : std::vector<ManifestObject>();
}

std::vector<ObjectChange> Compare(const ReleaseContent& before, const ReleaseContent& after,
                                  SecretValues secrets = SecretValues::kMasked,
                                  std::size_t fields = 100) {
  return CompareRenderings(Render(before), Render(after),
                           {.release_namespace = "shop",
                            .labels = {"revision 1", "revision 2"},
                            .secrets = secrets,
                            .fields = fields});
}

// "KIND name" of each.
std::vector<std::string> Summary(const std::vector<ObjectChange>& changes) {
  std::vector<std::string> texts;
  for (const ObjectChange& change : changes) {
    const char* const kind = change.kind == Kind::kAdded     ? "added "
                             : change.kind == Kind::kRemoved ? "removed "
                             : change.kind == Kind::kChanged ? "changed "
                                                             : "unchanged ";
    texts.push_back(kind + change.object.name);
  }
  return texts;
}

std::string ConfigMap(const std::string& name, const std::string& value) {
  return "---\n# Source: web/templates/config.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n"
         "  name: " +
         name + "\ndata:\n  key: " + value + "\n";
}

TEST(CompareRenderingsTest, MatchesObjectsAndSaysWhatBecomesOfEach) {
  const auto changes = Compare(
      {.manifest = ConfigMap("gone", "x") + ConfigMap("same", "x") + ConfigMap("other", "x")},
      {.manifest = ConfigMap("new", "x") + ConfigMap("other", "z") + ConfigMap("same", "x")});
  EXPECT_THAT(Summary(changes),
              ElementsAre("added new", "changed other", "unchanged same", "removed gone"));
  EXPECT_THAT(changes[0].text, HasSubstr("+++ revision 2\n@@ -0,0 +1,6 @@\n+apiVersion: v1\n"));
  EXPECT_THAT(changes[1].text, HasSubstr("-  key: x\n+  key: z\n"));
  ASSERT_THAT(changes[1].fields, SizeIs(1));
  EXPECT_EQ(changes[1].fields[0].path, "/data/key");
  EXPECT_EQ(changes[2].text, "");
  EXPECT_THAT(changes[3].text, HasSubstr("-  name: gone\n"));
  EXPECT_EQ(changes[3].object.source, "web/templates/config.yaml");
}

TEST(CompareRenderingsTest, IgnoresNotationVersionsOfTheApiAndTheReleasesOwnNamespace) {
  const auto changes = Compare(
      {.manifest = "# one\napiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: a}\n"},
      {.manifest = "kind: Deployment\napiVersion: apps/v1\nmetadata:\n  name: a # two\n"
                   "  namespace: shop\n"});
  EXPECT_THAT(Summary(changes), ElementsAre("changed a"));
  ASSERT_THAT(changes[0].fields, SizeIs(2));
  EXPECT_EQ(changes[0].fields[0].path, "/apiVersion");
  EXPECT_EQ(changes[0].fields[1].path, "/metadata/namespace");
  EXPECT_THAT(Summary(Compare({.manifest = "# one\nkind: A\nmetadata: {name: a}\n"},
                              {.manifest = "metadata:\n  name: 'a'\nkind: A # two\n"})),
              ElementsAre("unchanged a"));
}

TEST(CompareRenderingsTest, TellsNamespacesGroupsAndRepetitionsApart) {
  EXPECT_THAT(Summary(Compare({.manifest = "kind: A\nmetadata: {name: a, namespace: x}\n"},
                              {.manifest = "kind: A\nmetadata: {name: a, namespace: y}\n"})),
              ElementsAre("added a", "removed a"));
  EXPECT_THAT(Summary(Compare({.manifest = "apiVersion: a/v1\nkind: A\nmetadata: {name: a}\n"},
                              {.manifest = "apiVersion: b/v1\nkind: A\nmetadata: {name: a}\n"})),
              ElementsAre("added a", "removed a"));
  const std::string twice = ConfigMap("a", "x") + ConfigMap("a", "z");
  EXPECT_THAT(Summary(Compare({.manifest = twice}, {.manifest = twice})),
              ElementsAre("unchanged a", "unchanged a"));
}

TEST(CompareRenderingsTest, ComparesHooksAsObjectsOfTheirOwn) {
  const auto hook = [](const std::string& value) {
    return "kind: ConfigMap\nmetadata:\n  name: a\n  annotations: {helm.sh/hook: pre-install}\n"
           "data: {key: " +
           value + "}\n";
  };
  const auto changes =
      Compare({.manifest = ConfigMap("a", "x"), .hooks = {{.manifest = hook("x")}}},
              {.manifest = ConfigMap("a", "x"), .hooks = {{.manifest = hook("z")}}});
  EXPECT_THAT(Summary(changes), ElementsAre("unchanged a", "changed a"));
  EXPECT_THAT(changes[1].object.hook_events, ElementsAre("pre-install"));
}

std::string Secret(const std::string& data) {
  return "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {" + data + "}\n";
}

TEST(CompareRenderingsTest, ShowsThatASecretChangedAndNotHow) {
  const auto changes = Compare({.manifest = Secret("password: hunter2, user: admin")},
                               {.manifest = Secret("password: hunter3, user: admin")});
  EXPECT_THAT(Summary(changes), ElementsAre("changed db"));
  EXPECT_THAT(changes[0].text, HasSubstr("-  password: \"[masked, before]\"\n"
                                         "+  password: \"[masked, after]\"\n"
                                         "   user: \"[masked]\"\n"));
  ASSERT_THAT(changes[0].fields, SizeIs(1));
  EXPECT_EQ(changes[0].fields[0].path, "/stringData/password");
  EXPECT_EQ(changes[0].fields[0].before, "[masked, before]");
  EXPECT_EQ(changes[0].fields[0].after, "[masked, after]");
}

TEST(CompareRenderingsTest, MasksSecretsThatAreNewOrGone) {
  for (const auto& changes : {Compare({}, {.manifest = Secret("password: hunter2")}),
                              Compare({.manifest = Secret("password: hunter2")}, {})}) {
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_THAT(changes[0].text, HasSubstr("password: \"[masked]\""));
    EXPECT_EQ(changes[0].object.text, "");
  }
}

TEST(CompareRenderingsTest, ShowsSecretsWhenAsked) {
  const auto changes = Compare({.manifest = Secret("password: hunter2")},
                               {.manifest = Secret("password: hunter3")}, SecretValues::kShown);
  EXPECT_THAT(changes[0].text, HasSubstr("-  password: hunter2\n+  password: hunter3\n"));
}

TEST(CompareRenderingsTest, HidesWhatItCannotReadAndMayBeASecret) {
  const auto changes = Compare({.manifest = "# Source: a\nkind: Secret\nx: [hunter2\n"},
                               {.manifest = "# Source: a\nkind: Secret\nxy: [hunter3\n"});
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].kind, Kind::kChanged);
  EXPECT_THAT(changes[0].text, Not(HasSubstr("hunter")));
  EXPECT_THAT(changes[0].fields, IsEmpty());
}

TEST(CompareRenderingsTest, SaysWhenThereAreMoreFields) {
  const ReleaseContent before{.manifest = "kind: A\nl: [1, 2, 3]\n"};
  const ReleaseContent after{.manifest = "kind: A\nl: [4, 5, 6]\n"};
  const auto some = Compare(before, after, SecretValues::kMasked, 2);
  EXPECT_THAT(some[0].fields, SizeIs(2));
  EXPECT_TRUE(some[0].more_fields);
  EXPECT_FALSE(Compare(before, after, SecretValues::kMasked, 3)[0].more_fields);
}

TEST(MaskObjectsTest, MasksObjectsAndHooks) {
  std::vector<ManifestObject> objects =
      Render({.manifest = Secret("password: hunter2") + "---\nkind: A # as it was\n",
              .hooks = {{.manifest = Secret("password: hunter2")}}});
  MaskObjects(objects);
  ASSERT_THAT(objects, SizeIs(3));
  EXPECT_THAT(objects[0].text, HasSubstr("password: \"[masked]\"\n"));
  EXPECT_EQ(objects[1].text, "kind: A # as it was\n");
  EXPECT_THAT(objects[2].text, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace berth::helm
