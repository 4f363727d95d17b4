#include "port-service/domain/quota.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

class QuotaTest : public testing::Test {
 protected:
  QuotaTest() { pool_.quotas = {.per_namespace = 2, .by_namespace = {{"big", 3}, {"none", 0}}}; }

  /// A claim of a request of its own, stored at `revision`.
  static Claim StoredAt(int revision, ClaimState state = ClaimState::kReserved) {
    Claim claim = TestClaim(state, 20500 + revision);
    claim.request_id = *RequestId::Parse("request-" + std::to_string(revision));
    claim.uid = "claim-" + std::to_string(revision);
    claim.resource_version = std::to_string(revision);
    return claim;
  }

  Reason Check(const std::vector<Claim>& claims, const Claim& claim) {
    return ReasonOf(CheckQuota(pool_, claims, claim));
  }

  pool::Pool pool_ = TestPool();
};

TEST_F(QuotaTest, CountsAClaimForTheNamespaceOfItsExposureOrElseOfItsOwner) {
  Claim claim = TestClaim();
  EXPECT_EQ(QuotaNamespace(claim), "team-a");
  claim.owner = *Owner::Parse("portal");
  EXPECT_EQ(QuotaNamespace(claim), "portal");
  claim.exposure = pool::ExposureRef{.ns = "shop", .name = "web", .uid = "e1"};
  EXPECT_EQ(QuotaNamespace(claim), "shop");
}

TEST_F(QuotaTest, LetsOnlyTheFirstOfThoseThatCompeteStay) {
  const std::vector<Claim> claims = {StoredAt(9), StoredAt(10), StoredAt(11)};
  EXPECT_TRUE(CheckQuota(pool_, claims, claims[0]).ok());
  EXPECT_TRUE(CheckQuota(pool_, claims, claims[1]).ok());
  const absl::Status status = CheckQuota(pool_, claims, claims[2]);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_QUOTA_EXCEEDED);
  EXPECT_EQ(MetadataOf(status, "limit"), "2");
  EXPECT_EQ(MetadataOf(status, "namespace"), "team-a");
}

TEST_F(QuotaTest, CountsWhatWasAnsweredAsEarlierWhateverItsRevision) {
  Claim adopted = StoredAt(30);
  adopted.adopted = true;
  const Claim claim = StoredAt(5);
  EXPECT_EQ(Check({claim, adopted, StoredAt(31, ClaimState::kBound)}, claim),
            Reason::ERROR_REASON_QUOTA_EXCEEDED);
  EXPECT_EQ(Check({claim, adopted, StoredAt(31, ClaimState::kReleasing)}, claim),
            Reason::ERROR_REASON_QUOTA_EXCEEDED);
}

TEST_F(QuotaTest, LeavesOutWhatIsNobodysAnyMore) {
  Claim taken_back = StoredAt(1);
  taken_back.deleting = true;
  const Claim claim = StoredAt(9);
  EXPECT_TRUE(CheckQuota(pool_,
                         {taken_back, StoredAt(2, ClaimState::kQuarantined), StoredAt(3), claim},
                         claim)
                  .ok());
}

TEST_F(QuotaTest, CountsDuplicatesOfOneEntryOnceAndItsOwnNever) {
  Claim duplicate = StoredAt(2);
  duplicate.request_id = StoredAt(1).request_id;
  Claim own_duplicate = StoredAt(3);
  const Claim claim = StoredAt(9);
  own_duplicate.request_id = claim.request_id;
  EXPECT_TRUE(CheckQuota(pool_, {StoredAt(1), duplicate, own_duplicate, claim}, claim).ok());
}

TEST_F(QuotaTest, CountsBothProtocolsOfANumber) {
  Claim udp = StoredAt(2);
  udp.name = pool::ClaimName(pool_.name, pool::Protocol::kUdp, udp.name.port());
  Claim tcp = StoredAt(1);
  tcp.request_id = udp.request_id;
  const Claim claim = StoredAt(9);
  EXPECT_EQ(Check({tcp, udp, claim}, claim), Reason::ERROR_REASON_QUOTA_EXCEEDED);
}

TEST_F(QuotaTest, GoesByTheNamespacesOwnLimitWhereThereIsOne) {
  const auto of = [](const char* owner, Claim claim) {
    claim.owner = *Owner::Parse(owner);
    return claim;
  };
  const Claim third = of("big/web", StoredAt(3));
  EXPECT_TRUE(
      CheckQuota(pool_, {of("big/a", StoredAt(1)), of("big/b", StoredAt(2)), third}, third).ok());
  const Claim first = of("none/web", StoredAt(1));
  EXPECT_EQ(Check({first}, first), Reason::ERROR_REASON_QUOTA_EXCEEDED);
  pool_.quotas = {};
  EXPECT_TRUE(CheckQuota(pool_, {first}, first).ok()) << "no limit";
}

}  // namespace
}  // namespace berth::port
