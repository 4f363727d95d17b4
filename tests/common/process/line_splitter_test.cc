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

}  // namespace
}  // namespace berth::process
