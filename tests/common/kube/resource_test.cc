#include "common/kube/resource.h"

#include <gtest/gtest.h>

namespace berth::kube {
namespace {

TEST(ResourceTest, NamesItsPaths) {
  EXPECT_EQ(kServices.ApiVersion(), "v1");
  EXPECT_EQ(kPortClaims.ApiVersion(), "berth.dev/v1alpha1");
  EXPECT_EQ(kServices.CollectionPath(""), "/api/v1/services");
  EXPECT_EQ(kServices.ObjectPath("shop", "web"), "/api/v1/namespaces/shop/services/web");
  EXPECT_EQ(kPortClaims.ObjectPath("berth", "edge.tcp.20000"),
            "/apis/berth.dev/v1alpha1/namespaces/berth/portclaims/edge.tcp.20000");
  EXPECT_EQ(kNamespaces.ObjectPath("", "shop"), "/api/v1/namespaces/shop");
}

TEST(ResourceTest, KeepsNamesInsideTheirCollection) {
  EXPECT_EQ(kServices.ObjectPath("a", "../secrets"), "/api/v1/namespaces/a/services/..%2Fsecrets");
  EXPECT_EQ(kServices.ObjectPath("..", ".."), "/api/v1/namespaces/%2E%2E/services/%2E%2E");
  EXPECT_EQ(kServices.ObjectPath("a", "x?dryRun=All#y"),
            "/api/v1/namespaces/a/services/x%3FdryRun%3DAll%23y");
}

TEST(ResourceTest, WritesNamesAsUsersKnowThem) {
  EXPECT_EQ((ObjectName{.ns = "shop", .name = "web"}).ToString(), "shop/web");
  EXPECT_EQ((ObjectName{.ns = "", .name = "shop"}).ToString(), "shop");
}

}  // namespace
}  // namespace berth::kube
