#include "ingress-service/domain/config_map_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/kube/object.h"
#include "common/pool/owned_ports.h"

namespace berth::ingress {
namespace {

using kube::Json;
using pool::Port;
using pool::Protocol;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Pair;

PortKey Tcp(int port) { return {Protocol::kTcp, *Port::Parse(std::int64_t{port})}; }

Json ConfigMap(const Json& data, const std::string& owned = "") {
  Json object = {{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"namespace", "lb"}, {"name", "tcp"}, {"resourceVersion", "7"}}},
                 {"data", data}};
  if (!owned.empty()) {
    kube::SetAnnotation(object, pool::kOwnedAnnotation, owned);
  }
  return object;
}

EntryWishes Wishes(std::vector<Wish> wishes) { return {.wishes = std::move(wishes)}; }

Merged Merge(const Json& object, const EntryWishes& wishes, MergeScope scope = MergeScope::kAll) {
  return MergeConfigMap(object, Protocol::kTcp, wishes, scope);
}

TEST(ConfigMapMergeTest, AddsAnEntryAndOwnsIt) {
  const Merged merged =
      Merge(ConfigMap({{"9000", "x/y:1"}}), Wishes({{Tcp(20001), "rule", "shop/web:80"}}));

  EXPECT_TRUE(merged.changed);
  EXPECT_EQ(merged.object["data"], Json({{"9000", "x/y:1"}, {"20001", "shop/web:80"}}));
  EXPECT_EQ(kube::Annotation(merged.object, pool::kOwnedAnnotation), "tcp=20001");
  EXPECT_THAT(merged.entries, ElementsAre(Pair(Tcp(20001), "shop/web:80")));
}

TEST(ConfigMapMergeTest, ChangesNothingWhenAllIsThere) {
  const Json object = ConfigMap({{"20001", "shop/web:80"}}, "tcp=20001");
  const Merged merged = Merge(object, Wishes({{Tcp(20001), "rule", "shop/web:80"}}));
  EXPECT_FALSE(merged.changed);
  EXPECT_EQ(merged.object, object);
}

TEST(ConfigMapMergeTest, RemovesAnOwnedEntryWithoutRule) {
  const Merged merged =
      Merge(ConfigMap({{"20001", "shop/web:80"}, {"9000", "x/y:1"}}, "tcp=20001"), Wishes({}));
  EXPECT_EQ(merged.object["data"], Json({{"9000", "x/y:1"}}));
  EXPECT_EQ(kube::Annotation(merged.object, pool::kOwnedAnnotation), std::nullopt);
}

TEST(ConfigMapMergeTest, PutsAnOwnedEntryRight) {
  const Merged merged = Merge(ConfigMap({{"20001", "evil/web:80"}}, "tcp=20001"),
                              Wishes({{Tcp(20001), "rule", "shop/web:80"}}));
  EXPECT_EQ(merged.object["data"]["20001"], "shop/web:80");
}

TEST(ConfigMapMergeTest, LeavesAForeignEntryAndSaysWhoHasThePort) {
  const Json object = ConfigMap({{"20001", "x/y:1"}});
  const Merged merged = Merge(object, Wishes({{Tcp(20001), "rule", "shop/web:80"}}));
  EXPECT_FALSE(merged.changed);
  EXPECT_EQ(merged.object, object);
  EXPECT_THAT(merged.taken, ElementsAre(Pair("rule", "the entry 'x/y:1'")));
  EXPECT_THAT(merged.entries, IsEmpty());
}

TEST(ConfigMapMergeTest, LeavesAForeignEntryEvenIfItSaysWhatTheRuleWants) {
  const Merged merged =
      Merge(ConfigMap({{"20001", "shop/web:80"}}), Wishes({{Tcp(20001), "rule", "shop/web:80"}}));
  EXPECT_FALSE(merged.changed);
  EXPECT_THAT(merged.taken, Contains(Key("rule")));
}

TEST(ConfigMapMergeTest, RecognisesAnUnlistedEntryByTheValueRecordedAsWritten) {
  EntryWishes wishes = Wishes({{Tcp(20001), "rule", "shop/web:81"}});
  wishes.written = {{Tcp(20001), "shop/web:80"}};
  EXPECT_EQ(Merge(ConfigMap({{"20001", "shop/web:80"}}), wishes).object["data"]["20001"],
            "shop/web:81");
  EXPECT_THAT(Merge(ConfigMap({{"20001", "shop/web:800"}}), wishes).taken, Contains(Key("rule")));
}

TEST(ConfigMapMergeTest, TakesAnAnnotationChangedByHandForNone) {
  const Merged merged = Merge(ConfigMap({{"20001", "x/y:1"}}, "all of them"), Wishes({}));
  EXPECT_EQ(merged.object["data"], Json({{"20001", "x/y:1"}}));
}

TEST(ConfigMapMergeTest, OnlyRemovesInThatScope) {
  const Merged merged =
      Merge(ConfigMap({{"20001", "old/web:80"}, {"20002", "shop/web:80"}}, "tcp=20001-20002"),
            Wishes({{Tcp(20001), "a", "new/web:80"}, {Tcp(20003), "b", "shop/web:80"}}),
            MergeScope::kRemove);
  EXPECT_EQ(merged.object["data"], Json({{"20001", "old/web:80"}}));
  EXPECT_EQ(kube::Annotation(merged.object, pool::kOwnedAnnotation), "tcp=20001");
}

TEST(ConfigMapMergeTest, GivesAPlaceToTheFirstWish) {
  const Merged merged =
      Merge(ConfigMap(Json::object()),
            Wishes({{Tcp(20001), "older", "a/b:1"}, {Tcp(20001), "younger", "c/d:1"}}));
  EXPECT_EQ(merged.object["data"]["20001"], "a/b:1");
  EXPECT_THAT(merged.taken, ElementsAre(Pair("younger", "an older rule of another pool")));
}

TEST(ConfigMapMergeTest, KeepsWhatAWishWithoutValueHas) {
  const Wish keep{.key = Tcp(20001), .rule = "rule"};
  const Json object = ConfigMap({{"20001", "shop/web:80"}}, "tcp=20001");
  EXPECT_FALSE(Merge(object, Wishes({keep})).changed);
  EXPECT_FALSE(Merge(ConfigMap(Json::object()), Wishes({keep})).changed);
}

TEST(ConfigMapMergeTest, LeavesTheOtherProtocolAlone) {
  const Json object = ConfigMap({{"20001", "shop/dns:53"}}, "udp=20001");
  const Merged merged =
      Merge(object, Wishes({{{Protocol::kUdp, Port::Of<20002>()}, "r", "a/b:1"}}));
  EXPECT_FALSE(merged.changed);
}

TEST(ConfigMapMergeTest, SeesAPortUnderAnySpellingTheControllerReads) {
  for (const char* key : {"020001", "+20001"}) {
    const Json object = ConfigMap({{key, "x/y:1"}});
    const Merged merged = Merge(object, Wishes({{Tcp(20001), "rule", "shop/web:80"}}));
    EXPECT_FALSE(merged.changed) << key;
    EXPECT_THAT(merged.taken, Contains(Key("rule"))) << key;
  }
}

TEST(ConfigMapMergeTest, LeavesKeysThatAreNoPorts) {
  const Json object = ConfigMap({{"note", "by hand"}, {"70000", "x"}, {"-1", "y"}}, "tcp=20001");
  const Merged merged = Merge(object, Wishes({}));
  EXPECT_EQ(merged.object["data"], object["data"]);
}

TEST(ConfigMapMergeTest, BeginsWithAnObjectThatHasNoData) {
  const Json object = {{"metadata", {{"namespace", "lb"}, {"name", "tcp"}}}};
  EXPECT_FALSE(Merge(object, Wishes({})).changed);
  EXPECT_EQ(Merge(object, Wishes({{Tcp(20001), "r", "a/b:1"}})).object["data"],
            Json({{"20001", "a/b:1"}}));
}

// Whatever is in the object and whatever is wished: everything outside of Berth's entries and
// annotation comes out as it went in, wishes and entries match, and a second merge has nothing to
// do.
TEST(ConfigMapMergeTest, NeverTouchesForeignEntries) {
  std::mt19937 random(20001);
  const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
  for (int round = 0; round < 2000; ++round) {
    Json data = Json::object();
    Json foreign = Json::object();
    pool::PortsByProtocol owned;
    for (int i = below(12); i > 0; --i) {
      const int port = 20000 + below(16);
      const std::string value =
          "ns" + std::to_string(below(3)) + "/svc:" + std::to_string(below(3));
      data[std::to_string(port)] = value;
      if (below(2) == 0) {
        owned.tcp.Insert(*Port::Parse(std::int64_t{port}));
      }
    }
    for (int i = below(4); i > 0; --i) {
      data["key-" + std::to_string(i)] = std::string(below(40), 'x');
    }
    for (const auto& [key, value] : data.items()) {
      const auto port = Port::Parse(key);
      if (!port.ok() || !owned.tcp.Contains(*port)) {
        foreign[key] = value;
      }
    }
    EntryWishes wishes;
    for (int i = below(10); i > 0; --i) {
      wishes.wishes.push_back({Tcp(20000 + below(16)), "rule-" + std::to_string(i), "new/svc:9"});
    }
    Json object = ConfigMap(data, pool::FormatOwnedPorts(owned));
    object["metadata"]["labels"] = {{"round", std::to_string(round)}};
    object["unknown"] = {{"field", below(9)}};

    const Merged merged = Merge(object, wishes);

    Json left = merged.object;
    for (const auto& [key, value] : merged.entries) {
      EXPECT_FALSE(foreign.contains(key.port.ToString()));
      EXPECT_EQ(left["data"][key.port.ToString()], value);
      left["data"].erase(key.port.ToString());
    }
    ASSERT_EQ(left["data"], foreign) << object.dump();
    EXPECT_EQ(merged.object["metadata"]["labels"], object["metadata"]["labels"]);
    EXPECT_EQ(merged.object["unknown"], object["unknown"]);
    for (const Wish& wish : wishes.wishes) {
      EXPECT_TRUE(merged.entries.contains(wish.key) || merged.taken.contains(wish.rule));
    }
    ASSERT_FALSE(Merge(merged.object, wishes).changed) << object.dump();
  }
}

}  // namespace
}  // namespace berth::ingress
