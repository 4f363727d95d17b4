#include "ingress-service/domain/config_map_entry.h"

#include <gtest/gtest.h>

namespace berth::ingress {
namespace {

TEST(ConfigMapEntryTest, ReadsWhatItWrites) {
  for (const char* text :
       {"shop/web:80", "shop/web:80:PROXY", "shop/web:80:PROXY:PROXY", "shop/web:80::PROXY"}) {
    const std::optional<ConfigMapEntry> entry = ParseConfigMapEntry(text);
    ASSERT_TRUE(entry) << text;
    EXPECT_EQ(FormatConfigMapEntry(entry->target, entry->options, pool::Port::Of<80>()), text);
  }
}

TEST(ConfigMapEntryTest, TellsDecodingFromEncoding) {
  EXPECT_TRUE(ParseConfigMapEntry("shop/web:80:PROXY")->options.decode_proxy_protocol);
  EXPECT_FALSE(ParseConfigMapEntry("shop/web:80:PROXY")->options.encode_proxy_protocol);
  EXPECT_FALSE(ParseConfigMapEntry("shop/web:80::PROXY")->options.decode_proxy_protocol);
  EXPECT_TRUE(ParseConfigMapEntry("shop/web:80::PROXY")->options.encode_proxy_protocol);
}

TEST(ConfigMapEntryTest, ReadsOtherSpellingsAsTheControllerDoes) {
  EXPECT_TRUE(ParseConfigMapEntry("shop/web:80:proxy")->options.decode_proxy_protocol);
  EXPECT_FALSE(ParseConfigMapEntry("shop/web:80:yes")->options.decode_proxy_protocol);
  EXPECT_EQ(ParseConfigMapEntry("shop/web:http")->target.ToString(), "shop/web:http");
}

TEST(ConfigMapEntryTest, ReadsNothingThatTheControllerSkips) {
  for (const char* text :
       {"", ":", "shop/web", "web:80", "a/b/c:80", "shop/:80", "/web:80", "shop/web:", "shop/web:0",
        "shop/web:65536", "shop/web:-1", "shop/web:HTTP", "shop/web:a-name-that-is-too-long",
        "Shop/web:80", "shop/web:80:PROXY:PROXY:more", "shop/web :80", "shop/-web:80"}) {
    EXPECT_FALSE(ParseConfigMapEntry(text)) << text;
  }
}

}  // namespace
}  // namespace berth::ingress
