#include "helm-service/domain/release_catalog.h"

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

std::string OrderKey(const char* ns, const char* name) {
  return ReleaseCatalog::OrderKey({*NamespaceName::Parse(ns), *ReleaseName::Parse(name)});
}

TEST(ReleaseCatalogTest, OrdersByNamespaceAndThenByName) {
  EXPECT_LT(OrderKey("shop", "web"), OrderKey("shop-2", "api"));
  EXPECT_LT(OrderKey("shop", "web"), OrderKey("shop", "web-2"));
  EXPECT_LT(OrderKey("a", "z"), OrderKey("b", "a"));
}

}  // namespace
}  // namespace berth::helm
