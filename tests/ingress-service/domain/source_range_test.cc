#include "ingress-service/domain/source_range.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace berth::ingress {
namespace {

TEST(SourceRangeTest, ReadsBlocksOfBothFamilies) {
  for (const char* text : {"10.1.0.0/16", "0.0.0.0/0", "192.0.2.7/32", "2001:db8::/32", "::/0",
                           "2001:db8::1/128", "128.0.0.0/1"}) {
    const absl::StatusOr<SourceRange> range = SourceRange::Parse(text);
    ASSERT_TRUE(range.ok()) << range.status();
    EXPECT_EQ(range->ToString(), text);
  }
}

TEST(SourceRangeTest, SpellsEqualBlocksEqually) {
  EXPECT_EQ(SourceRange::Parse("2001:0DB8:0::/32"), SourceRange::Parse("2001:db8::/32"));
  EXPECT_EQ(SourceRange::Parse("10.0.0.0/08")->ToString(), "10.0.0.0/8");
}

TEST(SourceRangeTest, RefusesWhatIsNoBlock) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text :
       {""sv, "10.0.0.0"sv, "/8"sv, "10.0.0.0/"sv, "10.0.0.0/33"sv, "10.0.0.0/-1"sv,
        "10.0.0.0/+8"sv, "10.0.0.0/8 "sv, "10.0.0/8"sv, "::/129"sv, "::/18446744073709551616"sv,
        "example.com/8"sv, "10.0.0.0\0/8"sv, "10.0.0.0/8/8"sv}) {
    EXPECT_EQ(ReasonOf(SourceRange::Parse(text).status()), Reason::ERROR_REASON_INVALID_FIELD)
        << text;
  }
}

TEST(SourceRangeTest, RefusesBitsBehindThePrefix) {
  for (const char* text : {"10.1.2.3/16", "10.0.0.128/24", "2001:db8::1/127", "0.0.0.1/0"}) {
    EXPECT_EQ(ReasonOf(SourceRange::Parse(text).status()), Reason::ERROR_REASON_INVALID_FIELD)
        << text;
  }
}

}  // namespace
}  // namespace berth::ingress
