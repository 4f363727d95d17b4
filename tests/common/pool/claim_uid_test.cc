#include "common/pool/claim_uid.h"

#include <gtest/gtest.h>

namespace berth::pool {
namespace {

using kube::Json;

TEST(ClaimUidTest, IsTheObjectsUidAsLongAsThePortHasNotComeBack) {
  const Json object = {{"metadata", {{"uid", "u1"}}}, {"spec", {{"port", 20000}}}};
  EXPECT_EQ(ClaimUid(object), "u1");
  EXPECT_EQ(ObjectUid("u1"), "u1");
}

TEST(ClaimUidTest, IsAnotherOneEachTimeThePortComesBackToItsOwner) {
  Json object = {{"metadata", {{"uid", "u1"}}}, {"spec", {{"incarnation", 1}}}};
  EXPECT_EQ(ClaimUid(object), "u1.1");
  object["spec"]["incarnation"] = 12;
  EXPECT_EQ(ClaimUid(object), "u1.12");
  EXPECT_EQ(ObjectUid("u1.12"), "u1");
}

}  // namespace
}  // namespace berth::pool
