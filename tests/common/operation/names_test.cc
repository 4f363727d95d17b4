#include "common/operation/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::operation {
namespace {

TEST(NamesTest, NamesTheServiceOfAMethod) {
  EXPECT_EQ(ServiceOfMethod("berth.helm.v1.HelmService/InstallRelease"),
            "berth.helm.v1.HelmService");
}

TEST(NamesTest, GivesOneCallOneName) {
  EXPECT_EQ(OperationName("ann", "s", "r"), OperationName("ann", "s", "r"));
  EXPECT_NE(OperationName("ann", "s", "r"), OperationName("bob", "s", "r"));
  EXPECT_NE(OperationName("ann", "s", "r"), OperationName("ann", "t", "r"));
  EXPECT_NE(OperationName("ann", "s", "r"), OperationName("ann", "s", "q"));
}

TEST(NamesTest, DoesNotConfuseCallsWhosePartsRunTogether) {
  EXPECT_NE(OperationName("ab", "c", "d"), OperationName("a", "bc", "d"));
  EXPECT_NE(QueueName("shop-1", "web"), QueueName("shop", "1-web"));
}

TEST(NamesTest, MakesNamesThatKubernetesTakes) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(OperationName("ann", "s", std::to_string(i)),
                testing::MatchesRegex("op-[a-z2-7]{26}"));
  }
}

TEST(NamesTest, MakesRequestIdsUp) {
  EXPECT_NE(NewRequestId(), NewRequestId());
  EXPECT_EQ(NewRequestId().size(), 32u);
}

}  // namespace
}  // namespace berth::operation
