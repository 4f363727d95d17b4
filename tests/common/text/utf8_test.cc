#include "common/text/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace berth {
namespace {

TEST(Utf8Test, LeavesWellFormedTextAlone) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF";
  EXPECT_EQ(ToUtf8(text, 100), text);
}

TEST(Utf8Test, ReplacesEveryIllFormedByte) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(ToUtf8("a\xFF"
                   "b",
                   100),
            "a" + r + "b");
  EXPECT_EQ(ToUtf8("\xC0\x80", 100), r + r);                  // overlong NUL
  EXPECT_EQ(ToUtf8("\xE0\x80\x80", 100), r + r + r);          // overlong
  EXPECT_EQ(ToUtf8("\xED\xA0\x80", 100), r + r + r);          // surrogate
  EXPECT_EQ(ToUtf8("\xF4\x90\x80\x80", 100), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(ToUtf8("x\xE2\x82", 100), "x" + r + r);           // cut off
}

TEST(Utf8Test, CutsAtACharactersBorder) {
  EXPECT_EQ(ToUtf8("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(ToUtf8("\xFF\xFF", 5), "\xEF\xBF\xBD");
}

TEST(Utf8Test, CutsNothingWithoutALimit) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(ToUtf8(text), text);
}

TEST(Utf8Test, TellsTextFromBytes) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("gr\xC3\xBC\xC3\x9F \xF0\x9F\x9A\xA2"));
  for (const char* bytes : {"\xFF", "a\xC3", "\xED\xA0\x80", "\xE2\x82"})
    EXPECT_FALSE(IsUtf8(bytes));
  EXPECT_EQ(Utf8Length(""), 0U);
  EXPECT_EQ(Utf8Length("\xE2\x82\xAC!"), 3U);
}

}  // namespace
}  // namespace berth
