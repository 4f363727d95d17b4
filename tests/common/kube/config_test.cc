#include "common/kube/config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace berth::kube {
namespace {

using testing::HasSubstr;

std::string Kubeconfig(const std::string& user, const std::string& cluster = "") {
  return fmt::format(R"(
current-context: main
contexts:
  - {{name: other, context: {{cluster: none, user: none}}}}
  - {{name: main, context: {{cluster: c, user: u, namespace: shop}}}}
clusters:
  - name: c
    cluster: {{server: "https://10.0.0.1:6443/", {}}}
users:
  - name: u
    user: {}
)",
                     cluster, user);
}

TEST(ConfigTest, ReadsInlineCertificates) {
  const auto config =
      ParseKubeconfig(Kubeconfig("{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}",
                                 "certificate-authority-data: Q0E="),
                      "/");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->ca_pem, "CA");
  EXPECT_EQ(config->client_certificate_pem, "CERT");
  EXPECT_EQ(config->client_key_pem, "KEY");
  EXPECT_EQ(config->default_namespace, "shop");
  EXPECT_FALSE(config->insecure_skip_tls_verify);
}

TEST(ConfigTest, ReadsFilesRelativeToTheKubeconfig) {
  std::string folder = testing::TempDir() + "berth-config-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/ca.pem") << "CA from a file";
  std::ofstream(folder + "/config")
      << Kubeconfig("{tokenFile: token}", "certificate-authority: ca.pem");
  const auto config = ReadKubeconfig(folder + "/config");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->ca_pem, "CA from a file");
  EXPECT_EQ(config->token_file, folder + "/token");
  std::filesystem::remove_all(folder);
}

TEST(ConfigTest, ReadsATokenAndSkipsVerificationOnlyWhenToldTo) {
  const auto config =
      ParseKubeconfig(Kubeconfig("{token: secret}", "insecure-skip-tls-verify: true"), "/");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->token, "secret");
  EXPECT_TRUE(config->insecure_skip_tls_verify);
}

TEST(ConfigTest, NeverRunsProgramsAndRefusesWhatItWouldIgnore) {
  for (const char* user : {"{exec: {command: /bin/evil}}", "{auth-provider: {name: x}}",
                           "{username: a, password: b}", "{as: somebody, token: x}"}) {
    const auto config = ParseKubeconfig(Kubeconfig(user), "/");
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << user;
  }
  const auto proxied = ParseKubeconfig(Kubeconfig("{token: x}", "proxy-url: http://p"), "/");
  EXPECT_THAT(std::string(proxied.status().message()), HasSubstr("proxy-url"));
}

TEST(ConfigTest, SaysWhatIsWrong) {
  EXPECT_THAT(std::string(ParseKubeconfig("a: [", "/").status().message()), HasSubstr("YAML"));
  EXPECT_FALSE(ParseKubeconfig("[]", "/").ok());
  EXPECT_THAT(std::string(ParseKubeconfig("{}", "/").status().message()),
              HasSubstr("current-context"));
  EXPECT_THAT(
      std::string(ParseKubeconfig(Kubeconfig("{token: x}"), "/", "other").status().message()),
      HasSubstr("no cluster named 'none'"));
  EXPECT_FALSE(ParseKubeconfig(Kubeconfig("{client-key-data: S0VZ}"), "/").ok());
  EXPECT_FALSE(
      ParseKubeconfig(Kubeconfig("{client-certificate-data: '%%%', client-key-data: S0VZ}"), "/")
          .ok());
  EXPECT_THAT(std::string(ReadKubeconfig("/does/not/exist").status().message()),
              HasSubstr("/does/not/exist"));
}

TEST(ConfigTest, KnowsThatItIsNotInAPod) {
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) GTEST_SKIP() << "this is a pod";
  EXPECT_EQ(InClusterConfig().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(LoadConfig("").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace berth::kube
