#include "common/grpc/page_token.h"

#include <gtest/gtest.h>

#include <string>

#include "common/status/status.h"

namespace berth::rpc {
namespace {

TEST(PageTokenTest, SizesAreCoerced) {
  EXPECT_EQ(ParsePageRequest(0, "", "")->size, 100);
  EXPECT_EQ(ParsePageRequest(1, "", "")->size, 1);
  EXPECT_EQ(ParsePageRequest(500, "", "")->size, 500);
  EXPECT_EQ(ParsePageRequest(1'000'000, "", "")->size, 500);
}

TEST(PageTokenTest, NegativeSizesAreRefused) {
  EXPECT_EQ(ReasonOf(ParsePageRequest(-1, "", "").status()), Reason::ERROR_REASON_INVALID_FIELD);
}

TEST(PageTokenTest, TheFirstPageStartsBeforeEveryKey) {
  EXPECT_EQ(ParsePageRequest(10, "", "pool=main")->after, "");
}

TEST(PageTokenTest, ATokenGivesTheLastKeyBack) {
  const std::string key = "main.tcp.20000";
  EXPECT_EQ(ParsePageRequest(10, NextPageToken(key, "pool=main"), "pool=main")->after, key);
}

TEST(PageTokenTest, TokensStayTheSameBetweenVersions) {
  EXPECT_EQ(NextPageToken("main.tcp.20000", "pool=main"), "JtoE6_uOJgBtYWluLnRjcC4yMDAwMA");
}

TEST(PageTokenTest, ATokenOfAnotherFilterIsRefused) {
  const std::string token = NextPageToken("main.tcp.20000", "pool=main");
  EXPECT_EQ(ReasonOf(ParsePageRequest(10, token, "pool=other").status()),
            Reason::ERROR_REASON_INVALID_PAGE_TOKEN);
}

TEST(PageTokenTest, FilterAndKeyDoNotRunIntoEachOther) {
  EXPECT_NE(NextPageToken("bc", "a"), NextPageToken("c", "ab"));
  EXPECT_FALSE(ParsePageRequest(10, NextPageToken("bc", "a"), "ab").ok());
}

TEST(PageTokenTest, TokensMadeUpByCallersAreRefused) {
  std::string damaged = NextPageToken("main.tcp.20000", "");
  damaged[3] = damaged[3] == 'A' ? 'B' : 'A';
  for (const std::string& token :
       {std::string("main.tcp.20000"), std::string("!"), std::string("AAAAAAAAAAAA"), damaged,
        std::string(100'000, 'A'), std::string("\xff\0", 2)}) {
    EXPECT_EQ(ReasonOf(ParsePageRequest(10, token, "").status()),
              Reason::ERROR_REASON_INVALID_PAGE_TOKEN)
        << token.substr(0, 20);
  }
}

}  // namespace
}  // namespace berth::rpc
