#include "helm-service/adapters/kubeconfig.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

// What our own reader makes of it.
kube::Config RoundTrip(const kube::Config& config) {
  const auto read = kube::ParseKubeconfig(WriteKubeconfig(config), "/");
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? *read : kube::Config{};
}

TEST(WriteKubeconfigTest, CarriesServerAuthorityAndClientCertificate) {
  const kube::Config read = RoundTrip({.server = "https://127.0.0.1:6443",
                                       .ca_pem = "CA",
                                       .client_certificate_pem = "CERTIFICATE",
                                       .client_key_pem = "KEY"});
  EXPECT_EQ(read.server, "https://127.0.0.1:6443");
  EXPECT_EQ(read.ca_pem, "CA");
  EXPECT_EQ(read.client_certificate_pem, "CERTIFICATE");
  EXPECT_EQ(read.client_key_pem, "KEY");
}

TEST(WriteKubeconfigTest, NamesATokenFileRatherThanItsToken) {
  const kube::Config config{
      .server = "https://10.96.0.1", .token = "old", .token_file = "/var/run/token"};
  EXPECT_EQ(RoundTrip(config).token_file, "/var/run/token");
  EXPECT_EQ(WriteKubeconfig(config).find("old"), std::string::npos);
}

TEST(WriteKubeconfigTest, CarriesATokenWhereThereIsNoFile) {
  EXPECT_EQ(RoundTrip({.server = "https://10.96.0.1", .token = "abc"}).token, "abc");
}

}  // namespace
}  // namespace berth::helm
