#include "common/http/header_line.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

TEST(HeaderLineTest, ReadsTheCodeOfAStatusLine) {
  EXPECT_EQ(ParseStatusLine("HTTP/1.1 404 Not Found\r\n"), 404);
  EXPECT_EQ(ParseStatusLine("HTTP/2 200\r\n"), 200);
  EXPECT_EQ(ParseStatusLine("HTTP/2\r\n"), 0);
  EXPECT_EQ(ParseStatusLine("HTTP/2 ok\r\n"), 0);
}

TEST(HeaderLineTest, TellsAStatusLineFromAHeader) {
  EXPECT_EQ(ParseStatusLine("Server: HTTP/1.1 200\r\n"), std::nullopt);
  EXPECT_EQ(ParseStatusLine("\r\n"), std::nullopt);
}

TEST(HeaderLineTest, LowersNamesAndTrimsValues) {
  EXPECT_EQ(ParseHeaderLine("ETag:\t W/\"A b\" \r\n"), (HeaderField{"etag", "W/\"A b\""}));
  EXPECT_EQ(ParseHeaderLine("Location: https://Host/a:b\r\n"),
            (HeaderField{"location", "https://Host/a:b"}));
  EXPECT_EQ(ParseHeaderLine("X-Empty:\r\n"), (HeaderField{"x-empty", ""}));
}

TEST(HeaderLineTest, FindsNoHeaderWhereThereIsNoColon) {
  EXPECT_EQ(ParseHeaderLine("\r\n"), std::nullopt);
  EXPECT_EQ(ParseHeaderLine(""), std::nullopt);
  EXPECT_EQ(ParseHeaderLine("nonsense\r\n"), std::nullopt);
}

}  // namespace
}  // namespace berth::http
