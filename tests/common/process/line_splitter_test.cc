#include "common/process/line_splitter.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::process {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Split(const std::vector<std::string_view>& pieces, std::size_t limit) {
  std::vector<std::string> lines;
  const auto emit = [&](std::string line) { lines.push_back(std::move(line)); };
  LineSplitter splitter(limit);
  for (const std::string_view piece : pieces) splitter.Feed(piece, emit);
  splitter.Finish(emit);
  return lines;
}

TEST(LineSplitterTest, JoinsALineThatArrivesInPieces) {
  EXPECT_THAT(Split({"ab", "c\nde", "", "f\n"}, 100), ElementsAre("abc", "def"));
}

TEST(LineSplitterTest, KeepsEmptyLinesAndALastLineWithoutEnd) {
  EXPECT_THAT(Split({"\n\nlast"}, 100), ElementsAre("", "", "last"));
}

TEST(LineSplitterTest, EmitsNothingForNoInput) { EXPECT_THAT(Split({""}, 100), IsEmpty()); }

TEST(LineSplitterTest, DropsTheCarriageReturnBeforeTheEnd) {
  EXPECT_THAT(Split({"a\r\nb\rc\r", "\n"}, 100), ElementsAre("a", "b\rc"));
}

TEST(LineSplitterTest, CutsALongLineAndGoesOnWithTheNext) {
  EXPECT_THAT(Split({"123456", "789\nab\n"}, 4), ElementsAre("1234", "ab"));
}

TEST(LineSplitterTest, KeepsALineOfJustTheLimit) {
  EXPECT_THAT(Split({"1234\r\n", "1234\n"}, 4), ElementsAre("1234", "1234"));
}

TEST(LineSplitterTest, JoinsACharacterThatArrivesInTwoPieces) {
  EXPECT_THAT(Split({"\xC3", "\xA9\n"}, 100), ElementsAre("\xC3\xA9"));
}

TEST(ToUtf8Test, LeavesWellFormedTextAlone) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF";
  EXPECT_EQ(ToUtf8(text, 100), text);
}

TEST(ToUtf8Test, ReplacesEveryIllFormedByte) {
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

TEST(ToUtf8Test, CutsAtACharactersBorder) {
  EXPECT_EQ(ToUtf8("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(ToUtf8("\xFF\xFF", 5), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace berth::process
