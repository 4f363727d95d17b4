#include "common/operation/body_digest.h"

#include <gtest/gtest.h>

#include "berth/helm/v1/helm_service.pb.h"
#include "berth/operation/v1/operation_service.pb.h"

namespace berth::operation {
namespace {

using helm::v1::InstallReleaseRequest;

const IdempotencyKey kKey{.bytes = "0123456789abcdef0123456789abcdef", .id = "k1"};

InstallReleaseRequest Request() {
  InstallReleaseRequest request;
  request.set_namespace_("shop");
  request.set_name("web");
  auto& fields = *request.add_values()->mutable_values()->mutable_fields();
  for (const char* key : {"zebra", "apple", "mango", "kiwi"}) fields[key].set_string_value(key);
  request.mutable_run()->mutable_timeout()->set_seconds(60);
  return request;
}

TEST(BodyDigestTest, IgnoresHowTheCallIsMade) {
  InstallReleaseRequest other = Request();
  other.mutable_run()->set_request_id("r2");
  other.mutable_run()->set_detach(true);
  EXPECT_EQ(DigestOf(kKey, Request()).body, DigestOf(kKey, other).body);
}

TEST(BodyDigestTest, SeesEveryOtherField) {
  InstallReleaseRequest other = Request();
  other.mutable_run()->mutable_timeout()->set_seconds(61);
  EXPECT_NE(DigestOf(kKey, Request()).body, DigestOf(kKey, other).body);
  other = Request();
  (*other.mutable_values(0)->mutable_values()->mutable_fields())["kiwi"].set_string_value("x");
  EXPECT_NE(DigestOf(kKey, Request()).body, DigestOf(kKey, other).body);
}

TEST(BodyDigestTest, DoesNotDependOnTheOrderOfMaps) {
  InstallReleaseRequest other;
  other.set_namespace_("shop");
  other.set_name("web");
  auto& fields = *other.add_values()->mutable_values()->mutable_fields();
  for (const char* key : {"kiwi", "mango", "apple", "zebra"}) fields[key].set_string_value(key);
  other.mutable_run()->mutable_timeout()->set_seconds(60);
  EXPECT_EQ(DigestOf(kKey, Request()).body, DigestOf(kKey, other).body);
}

TEST(BodyDigestTest, IgnoresFieldsOfLaterVersions) {
  std::string bytes = Request().SerializeAsString();
  bytes += std::string("\xFA\x7F\x01x", 4);  // field 2047, of one byte
  InstallReleaseRequest later;
  ASSERT_TRUE(later.ParseFromString(bytes));
  EXPECT_EQ(DigestOf(kKey, Request()).body, DigestOf(kKey, later).body);
}

TEST(BodyDigestTest, NeedsTheKey) {
  const IdempotencyKey other{.bytes = "another key of thirty-two bytes!", .id = "k2"};
  EXPECT_NE(DigestOf(kKey, Request()).body, DigestOf(other, Request()).body);
}

TEST(BodyDigestTest, ComparesOnlyWhatCanBeCompared) {
  const BodyDigest asked{.body = "b", .key_id = "k1", .contract_version = "c1"};
  EXPECT_TRUE(MayBeSameRequest(asked, asked));
  EXPECT_FALSE(MayBeSameRequest({.body = "x", .key_id = "k1", .contract_version = "c1"}, asked));
  EXPECT_TRUE(MayBeSameRequest({.body = "x", .key_id = "k2", .contract_version = "c1"}, asked));
  EXPECT_TRUE(MayBeSameRequest({.body = "x", .key_id = "k1", .contract_version = "c2"}, asked));
  EXPECT_TRUE(MayBeSameRequest({}, asked));
}

TEST(BodyDigestTest, TellsContractsApart) {
  EXPECT_EQ(ContractVersion(*InstallReleaseRequest::descriptor()),
            ContractVersion(*InstallReleaseRequest::descriptor()));
  EXPECT_NE(ContractVersion(*InstallReleaseRequest::descriptor()),
            ContractVersion(*v1::GetOperationRequest::descriptor()));
}

}  // namespace
}  // namespace berth::operation
