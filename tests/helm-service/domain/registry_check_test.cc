#include "helm-service/domain/registry_check.h"

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_repository_store.h"

namespace berth::helm {
namespace {

using ::testing::SizeIs;

TEST(RegistryCheckTest, WritesAStateOnlyWhenItIsAnother) {
  FakeRepositoryStore store;
  const SourcePolicy policy = *SourcePolicy::Create({});
  ChartRepository registry = MakeRepository("registry", "oci://registry.example.com/charts");
  EXPECT_TRUE(CheckRegistry(store, policy, registry).ok());
  ASSERT_THAT(store.written(), SizeIs(1));
  EXPECT_EQ(store.written()[0].ready, true);
  EXPECT_EQ(store.written()[0].reason, "NoIndex");
  registry.state = store.written()[0];
  EXPECT_TRUE(CheckRegistry(store, policy, registry).ok());
  EXPECT_THAT(store.written(), SizeIs(1));
}

TEST(RegistryCheckTest, SaysWhyARegistryMayNotBeUsed) {
  FakeRepositoryStore store;
  const SourcePolicy policy =
      *SourcePolicy::Create({.allowed_sources = {"oci://registry.example.com/charts"}});
  const absl::Status status =
      CheckRegistry(store, policy, MakeRepository("other", "oci://other.example.com/charts"));
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
  ASSERT_THAT(store.written(), SizeIs(1));
  EXPECT_EQ(store.written()[0].ready, false);
  EXPECT_EQ(store.written()[0].reason, "ChartSourceNotAllowed");
}

}  // namespace
}  // namespace berth::helm
