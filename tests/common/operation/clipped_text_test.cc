#include "common/operation/clipped_text.h"

#include <gtest/gtest.h>

#include "berth/operation/v1/operation.pb.h"

namespace berth::operation {
namespace {

TEST(ClippedTextTest, LeavesShortUtf8Alone) {
  EXPECT_EQ(ClippedText("Zürich \xF0\x9F\x9A\xA2", 100), "Zürich \xF0\x9F\x9A\xA2");
  EXPECT_EQ(ClippedText("", 0), "");
  EXPECT_EQ(ClippedText("exact", 5), "exact");
}

TEST(ClippedTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(ClippedText("abcdefgh", 6), "abc…");
  EXPECT_EQ(ClippedText("ab\xC3\xBC\xC3\xBC\xC3\xBC", 6), "ab…");
}

TEST(ClippedTextTest, DropsTheEllipsisWhereNotEvenThatFits) {
  EXPECT_EQ(ClippedText("abc", 2), "");
}

TEST(ClippedTextTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(ClippedText("a\xFFz", 100), "a\xEF\xBF\xBDz");
  EXPECT_EQ(ClippedText("\xC3", 100), "\xEF\xBF\xBD");
  EXPECT_EQ(ClippedText("\xC0\x80", 100), "\xEF\xBF\xBD\xEF\xBF\xBD");           // overlong
  EXPECT_EQ(ClippedText("\xED\xA0\x80", 100).substr(0, 3), "\xEF\xBF\xBD");      // surrogate
  EXPECT_EQ(ClippedText("\xF4\x90\x80\x80", 100).substr(0, 3), "\xEF\xBF\xBD");  // beyond 10FFFF
}

TEST(ClippedTextTest, ClipsTextsWithinMessages) {
  v1::OperationUpdate update;
  update.mutable_hook()->mutable_object()->set_name("migrate\xFF");
  update.mutable_hook()->add_events("pre-install");
  update.mutable_hook()->set_message("a long story");
  ClipTexts(update, 10);
  EXPECT_EQ(update.hook().object().name(), "migrate\xEF\xBF\xBD");
  EXPECT_EQ(update.hook().events(0), "pre-ins…");
  EXPECT_EQ(update.hook().message(), "a long …");
}

}  // namespace
}  // namespace berth::operation
