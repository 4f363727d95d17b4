#include "port-service/adapters/claim_json.h"

#include <gtest/gtest.h>

#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using kube::Json;

/// The object as the API server answers it.
Json Stored(const Claim& claim) {
  Json object = NewClaimObject(claim, "berth");
  object["metadata"]["uid"] = "u1";
  object["metadata"]["resourceVersion"] = "7";
  return object;
}

Claim WithStoredParts(Claim claim) {
  claim.uid = "u1";
  claim.resource_version = "7";
  return claim;
}

TEST(ClaimJsonTest, ReadsWhatItWritesInEveryState) {
  for (const ClaimState state : {ClaimState::kReserved, ClaimState::kBound, ClaimState::kReleasing,
                                 ClaimState::kQuarantined}) {
    Claim claim = TestClaim(state);
    claim.entry = *EntryName::Parse("web");
    claim.adopted = true;
    claim.exposure = pool::ExposureRef{.ns = "shop", .name = "web", .uid = "e1", .generation = 3};
    const absl::StatusOr<Claim> read = ParseClaim(Stored(claim));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, WithStoredParts(claim)) << ToString(state);
  }
}

TEST(ClaimJsonTest, GivesEveryClaimItsFinalizerAndKeyFromTheStart) {
  const Json object = NewClaimObject(TestClaim(), "berth");
  EXPECT_EQ(kube::NameOf(object).ToString(), "berth/edge.tcp.20500");
  EXPECT_TRUE(kube::HasFinalizer(object, "berth.dev/claim"));
  EXPECT_EQ(kube::Label(object, "berth.dev/claim-key")->size(), 40u);
  EXPECT_FALSE(object["spec"].contains("ruleRef")) << "what is unset is left out";
  EXPECT_FALSE(object["spec"].contains("quarantineEndTime"));
}

TEST(ClaimJsonTest, PatchesATransitionAndKeepsFieldsItDoesNotKnow) {
  Json object = Stored(TestClaim(ClaimState::kReserved));
  object["spec"]["addedLater"] = "kept";
  const Claim claim = *ParseClaim(object);
  const Json patch = ClaimPatch(*Bound(claim, "edge.tcp.20500"));
  EXPECT_EQ(kube::Uid(patch), "u1");
  EXPECT_EQ(kube::ResourceVersion(patch), "7") << "it fails if the object changed";
  object.merge_patch(patch);
  EXPECT_EQ(object["spec"]["addedLater"], "kept");
  EXPECT_FALSE(object["spec"].contains("expireTime"));
  EXPECT_EQ(*ParseClaim(object), *Bound(claim, "edge.tcp.20500"));
}

TEST(ClaimJsonTest, ReturnsAPortAsAnotherClaimOnTheSameObject) {
  Claim resting = TestClaim(ClaimState::kQuarantined);
  resting.exposure = pool::ExposureRef{.ns = "shop", .name = "web", .uid = "e1"};
  resting.labels = {{"team", "shop"}, {"tier", "web"}};
  Json object = Stored(resting);
  const Claim before = *ParseClaim(object);
  Claim wanted = TestClaim();
  wanted.request_id = *RequestId::Parse("request-2");
  wanted.entry = *EntryName::Parse("web");
  wanted.ttl = std::chrono::seconds(30);
  wanted.labels = {{"team", "billing"}};
  const Claim returned = Returned(before, wanted);
  SetReturned(object, returned);
  EXPECT_EQ(kube::Uid(object), "u1") << "the object's";
  EXPECT_EQ(kube::ResourceVersion(object), "7");
  EXPECT_FALSE(kube::Label(object, "tier").has_value()) << "that was the former claim's";
  EXPECT_FALSE(object["spec"].contains("quarantineBeginTime"));
  EXPECT_FALSE(object["spec"].contains("exposureRef"));
  EXPECT_FALSE(kube::Label(object, pool::kExposureUidLabel).has_value());
  EXPECT_EQ(kube::Label(object, kClaimKeyLabel), ClaimKey(wanted));
  Claim expected = returned;
  expected.uid = "u1.1";
  EXPECT_EQ(*ParseClaim(object), expected);
  EXPECT_EQ(kube::Uid(ClaimPatch(expected)), "u1");
}

TEST(ClaimJsonTest, KeepsLabelsApartFromItsOwn) {
  Claim claim = TestClaim();
  claim.labels = {{"team", "shop"}, {"shop.example/tier", ""}};
  claim.exposure = pool::ExposureRef{.ns = "shop", .name = "web", .uid = "e1"};
  const Json object = Stored(claim);
  EXPECT_EQ(kube::Label(object, "team"), "shop");
  EXPECT_EQ(kube::Label(object, kClaimKeyLabel), ClaimKey(claim));
  EXPECT_EQ(kube::Label(object, pool::kExposureUidLabel), "e1");
  EXPECT_EQ(ParseClaim(object)->labels, claim.labels);
}

TEST(ClaimJsonTest, ReadsADeletionAsAWish) {
  Json object = Stored(TestClaim());
  object["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
  EXPECT_TRUE(ParseClaim(object)->deleting);
  EXPECT_FALSE(ParseClaim(object)->alive());
}

TEST(ClaimJsonTest, RefusesWhatBerthCannotHaveWritten) {
  const auto refused = [](const char* pointer, Json value) {
    Json object = Stored(TestClaim());
    object[Json::json_pointer(pointer)] = std::move(value);
    return ReasonOf(ParseClaim(object).status()) == Reason::ERROR_REASON_INTERNAL;
  };
  EXPECT_TRUE(refused("/metadata/name", "edge"));
  EXPECT_TRUE(refused("/spec/state", "GONE"));
  EXPECT_TRUE(refused("/spec/owner", ""));
  EXPECT_TRUE(refused("/spec/requestId", "a b"));
  EXPECT_FALSE(ParseClaim(Json::object()).ok());
}

}  // namespace
}  // namespace berth::port
