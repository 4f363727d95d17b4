#include "port-service/domain/claim_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace berth::port {
namespace {

std::string Key(const char* pool, const char* owner, const char* request_id, const char* entry) {
  return ClaimKey(*pool::PoolName::Parse(pool), *Owner::Parse(owner), *RequestId::Parse(request_id),
                  *EntryName::Parse(entry));
}

TEST(ClaimKeyTest, StaysTheSameForEver) {
  // Stored in labels: another value would lose the claims of requests that are repeated during an
  // upgrade.
  EXPECT_EQ(Key("edge", "team-a/web", "request-1", "web"),
            "632042cbb2c7349531d4ff1daec4da5f0dd485df");
  EXPECT_EQ(WalkSeed(*pool::PoolName::Parse("edge"), *Owner::Parse("team-a/web"),
                     *RequestId::Parse("request-1")),
            14374638283459244461ull);
}

TEST(ClaimKeyTest, DiffersWhereAnyPartDiffers) {
  const std::set<std::string> keys = {
      Key("edge", "a", "b", "c"),  Key("edge2", "a", "b", "c"), Key("edge", "ab", "b", "c"),
      Key("edge", "a", "bb", "c"), Key("edge", "a", "b", ""),   Key("edge", "ab", "c", ""),
      Key("edge", "a", "bc", ""),
  };
  EXPECT_EQ(keys.size(), 7u);
}

TEST(ClaimKeyTest, IsALabelValue) {
  const std::string key = Key("edge", "a", "b", "c");
  EXPECT_EQ(key.size(), 40u);
  EXPECT_EQ(key.find_first_not_of("0123456789abcdef"), std::string::npos);
}

}  // namespace
}  // namespace berth::port
