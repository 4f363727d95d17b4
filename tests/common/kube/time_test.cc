#include "common/kube/time.h"

#include <gtest/gtest.h>

namespace berth::kube {
namespace {

using std::chrono::microseconds;

TEST(TimeTest, ReadsRfc3339InAllItsForms) {
  const auto zulu = ParseTime("2026-01-02T03:04:05Z");
  ASSERT_TRUE(zulu.ok());
  EXPECT_EQ(FormatTime(*zulu), "2026-01-02T03:04:05Z");
  EXPECT_EQ(*ParseTime("2026-01-02T05:04:05+02:00"), *zulu);
  EXPECT_EQ(*ParseTime("2026-01-01T21:34:05-05:30"), *zulu);
  EXPECT_EQ(*ParseTime("2026-01-02T03:04:05.000006Z"), *zulu + microseconds(6));
  EXPECT_EQ(*ParseTime("2026-01-02T03:04:05.5Z"), *zulu + microseconds(500'000));
  EXPECT_EQ(*ParseTime("2026-01-02T03:04:05.1234567890123Z"), *zulu + microseconds(123'456));
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
        "2026-02-30T03:04:05Z", "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+2:00",
        "-026-01-02T03:04:05Z", "2026-01-02 03:04:05Z"}) {
    EXPECT_FALSE(ParseTime(text).ok()) << text;
  }
}

TEST(TimeTest, FormatsWhatItReads) {
  const auto time = ParseTime("1999-12-31T23:59:59.000120Z");
  ASSERT_TRUE(time.ok());
  EXPECT_EQ(FormatMicroTime(*time), "1999-12-31T23:59:59.000120Z");
  EXPECT_EQ(FormatTime(*time), "1999-12-31T23:59:59Z");
  EXPECT_EQ(FormatMicroTime(Time(microseconds(-1))), "1969-12-31T23:59:59.999999Z");
}

TEST(TimeTest, ReadsTheDateHeader) {
  const auto date = ParseHttpDate("Fri, 02 Jan 2026 03:04:05 GMT");
  ASSERT_TRUE(date.ok());
  EXPECT_EQ(FormatTime(*date), "2026-01-02T03:04:05Z");
  for (const char* text : {"", "Fri, 02 Jan 2026 03:04:05 CET", "Fri, 02 Foo 2026 03:04:05 GMT",
                           "Friday, 02-Jan-26 03:04:05 GMT", "Fri, 42 Jan 2026 03:04:05 GMT"}) {
    EXPECT_FALSE(ParseHttpDate(text).ok()) << text;
  }
}

}  // namespace
}  // namespace berth::kube
