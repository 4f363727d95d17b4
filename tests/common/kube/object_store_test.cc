#include "common/kube/object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/object.h"

namespace berth::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Cache::Object Make(const std::string& ns, const std::string& name, const std::string& version,
                   const std::string& owner = "nobody") {
  Json object = NewObject(kPortClaims, {.ns = ns, .name = name});
  object["metadata"]["resourceVersion"] = version;
  SetLabel(object, "owner", owner);
  return std::make_shared<const Json>(std::move(object));
}

std::vector<std::string> Names(const std::vector<Cache::Object>& objects) {
  std::vector<std::string> names;
  for (const auto& object : objects) names.push_back(NameOf(*object).ToString());
  return names;
}

class ObjectStoreTest : public testing::Test {
 protected:
  ObjectStore store_{{{"owner", [](const Json& object) {
                         return std::vector<std::string>{*Label(object, "owner")};
                       }}}};
};

TEST_F(ObjectStoreTest, TellsWhatChanged) {
  const auto added = store_.Put(Make("a", "x", "1"));
  ASSERT_TRUE(added.has_value());
  EXPECT_EQ(added->kind, Cache::ChangeKind::kAdded);
  EXPECT_EQ(added->before, nullptr);
  EXPECT_FALSE(store_.Put(Make("a", "x", "1")).has_value());
  const auto updated = store_.Put(Make("a", "x", "2"));
  ASSERT_TRUE(updated.has_value());
  EXPECT_EQ(updated->kind, Cache::ChangeKind::kUpdated);
  EXPECT_EQ(ResourceVersion(*updated->before), "1");
  EXPECT_EQ(ResourceVersion(*updated->after), "2");
  const auto removed = store_.Remove({"a", "x"});
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(removed->kind, Cache::ChangeKind::kDeleted);
  EXPECT_EQ(removed->after, nullptr);
  EXPECT_FALSE(store_.Remove({"a", "x"}).has_value());
}

TEST_F(ObjectStoreTest, ListsByNamespaceInOrder) {
  for (const char* ns : {"b", "a", "ab"}) {
    store_.Put(Make(ns, "y", "1"));
    store_.Put(Make(ns, "x", "1"));
  }
  EXPECT_THAT(Names(store_.List()), ElementsAre("a/x", "a/y", "ab/x", "ab/y", "b/x", "b/y"));
  EXPECT_THAT(Names(store_.ListNamespace("a")), ElementsAre("a/x", "a/y"));
  EXPECT_THAT(store_.ListNamespace("none"), IsEmpty());
}

TEST_F(ObjectStoreTest, KeepsIndexesInStep) {
  store_.Put(Make("a", "x", "1", "ann"));
  store_.Put(Make("a", "y", "1", "ann"));
  EXPECT_THAT(Names(store_.ByIndex("owner", "ann")), ElementsAre("a/x", "a/y"));
  store_.Put(Make("a", "x", "2", "bob"));
  EXPECT_THAT(Names(store_.ByIndex("owner", "ann")), ElementsAre("a/y"));
  EXPECT_THAT(Names(store_.ByIndex("owner", "bob")), ElementsAre("a/x"));
  store_.Remove({"a", "x"});
  EXPECT_THAT(store_.ByIndex("owner", "bob"), IsEmpty());
}

TEST_F(ObjectStoreTest, ReplacesAllAndTellsOnlyTheDifference) {
  store_.Put(Make("a", "goes", "1"));
  store_.Put(Make("a", "stays", "1"));
  store_.Put(Make("a", "changes", "1"));
  const auto changes = store_.ReplaceAll(
      {Make("a", "stays", "1"), Make("a", "changes", "2"), Make("a", "new", "3")});
  ASSERT_THAT(changes, SizeIs(3));
  EXPECT_EQ(changes[0].kind, Cache::ChangeKind::kDeleted);
  EXPECT_EQ(changes[1].kind, Cache::ChangeKind::kUpdated);
  EXPECT_EQ(changes[2].kind, Cache::ChangeKind::kAdded);
  EXPECT_THAT(Names(store_.List()), ElementsAre("a/changes", "a/new", "a/stays"));
}

TEST_F(ObjectStoreTest, EndsTheProgramForAnIndexThatDoesNotExist) {
  EXPECT_DEATH(store_.ByIndex("none", "x"), "no index 'none'");
}

}  // namespace
}  // namespace berth::kube
