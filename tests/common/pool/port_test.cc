#include "common/pool/port.h"

#include <gtest/gtest.h>

#include "common/status/status.h"

namespace berth::pool {
namespace {

TEST(PortTest, AcceptsBothEndsOfTheRange) {
  EXPECT_EQ(Port::Parse(1)->number(), 1);
  EXPECT_EQ(Port::Parse(65535)->number(), 65535);
}

TEST(PortTest, RefusesNumbersThatAreNoPorts) {
  for (const std::int64_t number : {-1L, 0L, 65536L, 70000L}) {
    EXPECT_EQ(ReasonOf(Port::Parse(number).status()), Reason::ERROR_REASON_INVALID_FIELD) << number;
  }
}

TEST(PortTest, ReadsOnlyPlainDecimalDigits) {
  EXPECT_EQ(Port::Parse("20001")->number(), 20001);
  for (const char* text :
       {"", "0", "01", "+1", "-1", " 1", "1 ", "0x10", "1.0", "99999999999999999999"}) {
    EXPECT_FALSE(Port::Parse(text).ok()) << text;
  }
}

TEST(ProtocolTest, ReadsBothSpellingsAndNothingElse) {
  EXPECT_EQ(ParseProtocol("TCP"), Protocol::kTcp);
  EXPECT_EQ(ParseProtocol("udp"), Protocol::kUdp);
  EXPECT_EQ(ParseProtocol("SCTP"), std::nullopt);
  EXPECT_EQ(ParseProtocol("Tcp"), std::nullopt);
}

}  // namespace
}  // namespace berth::pool
