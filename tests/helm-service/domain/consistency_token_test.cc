#include "helm-service/domain/consistency_token.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(ConsistencyTokenTest, ReadsWhatItWrote) {
  const ConsistencyToken written{.version = 123456789012};
  EXPECT_EQ(ConsistencyToken::Parse(written.ToString()).value(), written);
  const ConsistencyToken removed{
      .version = 7,
      .removed = ReleaseKey{*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}};
  EXPECT_EQ(ConsistencyToken::Parse(removed.ToString()).value(), removed);
}

TEST(ConsistencyTokenTest, RefusesWhatItDidNotWrite) {
  for (const char* text : {"", "0", "-1", "x", "1 ", "1 shop", "1 shop ", "1 shop Web", "1shop web",
                           "1 ../x web", "99999999999999999999"}) {
    EXPECT_FALSE(ConsistencyToken::Parse(absl::WebSafeBase64Escape(text)).ok()) << text;
  }
  EXPECT_FALSE(ConsistencyToken::Parse("not base64!").ok());
}

}  // namespace
}  // namespace berth::helm
