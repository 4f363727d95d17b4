#include "common/pool/address.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::pool {
namespace {

TEST(AddressTest, SpellsAnIpAddressInOneWay) {
  EXPECT_EQ(Address::ParseIp("10.0.0.1")->host(), "10.0.0.1");
  EXPECT_EQ(*Address::ParseIp("2001:DB8:0:0::1"), *Address::ParseIp("2001:db8::1"));
  EXPECT_EQ(Address::ParseIp("::1")->kind(), Address::Kind::kIpv6);
}

TEST(AddressTest, RefusesWhatIsNoIpAddress) {
  for (const std::string& text :
       {std::string(), std::string("10.0.0"), std::string("010.0.0.1"), std::string("10.0.0.1:80"),
        std::string("[::1]"), std::string("10.0.0.1\0", 9)}) {
    EXPECT_FALSE(Address::ParseIp(text).ok()) << text;
  }
}

TEST(AddressTest, LowersTheCaseOfAHostname) {
  EXPECT_EQ(Address::ParseHostname("LB-1.Example.COM")->host(), "lb-1.example.com");
}

TEST(AddressTest, RefusesWhatIsNoHostname) {
  for (const std::string& text :
       {std::string(), std::string("a..b"), std::string("a."), std::string(".a"), std::string("-a"),
        std::string("a b"), std::string(64, 'x'), std::string("a/b")}) {
    EXPECT_FALSE(Address::ParseHostname(text).ok()) << text;
  }
}

TEST(AddressTest, ReadsAndWritesTheFormOfServices) {
  const kube::Json ip = {{"ip", "10.0.0.1"}, {"ipMode", "VIP"}};
  EXPECT_EQ(Address::FromJson(ip)->ToJson(), (kube::Json{{"ip", "10.0.0.1"}}));
  const kube::Json hostname = {{"hostname", "lb.example.com"}};
  EXPECT_EQ(Address::FromJson(hostname)->ToJson(), hostname);
  EXPECT_FALSE(Address::FromJson(kube::Json::object()).ok());
}

}  // namespace
}  // namespace berth::pool
