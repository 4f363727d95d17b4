#include "common/pool/claim_name.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::pool {
namespace {

TEST(PoolNameTest, IsADnsLabelSoThatItCannotHoldDots) {
  EXPECT_TRUE(PoolName::Parse("a").ok());
  EXPECT_TRUE(PoolName::Parse("edge-1").ok());
  EXPECT_TRUE(PoolName::Parse(std::string(63, 'x')).ok());
  for (const std::string& text : {std::string(), std::string(64, 'x'), std::string("a.b"),
                                  std::string("-a"), std::string("a-"), std::string("A"),
                                  std::string("../etc"), std::string("--post-renderer=x")}) {
    EXPECT_FALSE(PoolName::Parse(text).ok()) << text;
  }
}

TEST(ClaimNameTest, FormatsAndReadsBack) {
  const ClaimName name(*PoolName::Parse("edge"), Protocol::kUdp, Port::Of<20001>());
  EXPECT_EQ(name.ToString(), "edge.udp.20001");
  EXPECT_EQ(*ClaimName::Parse("edge.udp.20001"), name);
}

TEST(ClaimNameTest, HasOneSpellingForEachPort) {
  for (const char* text :
       {"", "edge", "edge.tcp", "edge.tcp.", "edge..1", ".tcp.1", "edge.TCP.1", "edge.sctp.1",
        "edge.tcp.01", "edge.tcp.70000", "a.b.tcp.1", "edge.tcp.1.", "edge.tcp.1 "}) {
    EXPECT_FALSE(ClaimName::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace berth::pool
