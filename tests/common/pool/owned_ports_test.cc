#include "common/pool/owned_ports.h"

#include <gtest/gtest.h>

namespace berth::pool {
namespace {

PortsByProtocol Sample() {
  return {.tcp = {Port::Of<20000>(), Port::Of<20001>(), Port::Of<20002>(), Port::Of<20007>()},
          .udp = {Port::Of<20001>()}};
}

TEST(OwnedPortsTest, WritesRangesInAscendingOrder) {
  EXPECT_EQ(FormatOwnedPorts(Sample()), "tcp=20000-20002,20007;udp=20001");
  EXPECT_EQ(FormatOwnedPorts({.udp = {Port::Of<65535>(), Port::Of<1>()}}), "udp=1,65535");
  EXPECT_EQ(FormatOwnedPorts({}), "");
}

TEST(OwnedPortsTest, ReadsWhatItWrites) {
  EXPECT_EQ(*ParseOwnedPorts("tcp=20000-20002,20007;udp=20001"), Sample());
  EXPECT_TRUE(ParseOwnedPorts("")->empty());
}

TEST(OwnedPortsTest, KeepsTheWholeRangeOfPorts) {
  const absl::StatusOr<PortsByProtocol> all = ParseOwnedPorts("tcp=1-65535;udp=1-65535");
  EXPECT_EQ(all->tcp.size(), 65535u);
  EXPECT_EQ(FormatOwnedPorts(*all), "tcp=1-65535;udp=1-65535");
}

TEST(OwnedPortsTest, DoesNotMindOrderAndOverlap) {
  EXPECT_EQ(*ParseOwnedPorts("udp=20001;tcp=20007,20001-20002,20000-20001"), Sample());
}

TEST(OwnedPortsTest, RefusesTextThatIsNotAListOfPorts) {
  for (const char* text : {"tcp", "tcp=", "=1", "sctp=1", "tcp=0", "tcp=70000", "tcp=5-3", "tcp=1-",
                           "tcp=-1", "tcp=1,,2", "tcp=1 ", ";tcp=1", "all"}) {
    EXPECT_FALSE(ParseOwnedPorts(text).ok()) << text;
  }
}

TEST(OwnedPortsTest, ReadsTheAnnotationOfAnObject) {
  const kube::Json with = {{"metadata", {{"annotations", {{"berth.dev/owned", "tcp=20001"}}}}}};
  EXPECT_TRUE(OwnedPorts(with)->tcp.Contains(Port::Of<20001>()));
  EXPECT_TRUE(OwnedPorts(kube::Json::object())->empty());
}

}  // namespace
}  // namespace berth::pool
