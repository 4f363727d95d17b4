// Values are nobody's business but Helm's: a mark planted in them is looked for wherever it must
// not be.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/kube/resource.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/tar_builder.h"
#include "tests/integration/helm/helm_service_test.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kMark[] = "xyzzy-4711-plugh";
constexpr char kValues[] =
    R"({"note": "xyzzy-4711-plugh", "database": {"password": "xyzzy-4711-plugh"}, )";

// Whether a text holds the mark, as it is or as Secrets hold it.
bool Tells(const std::string& text) {
  return text.find(kMark) != std::string::npos ||
         text.find(absl::Base64Escape(std::string(kMark))) != std::string::npos;
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class SecrecyTest : public HelmServiceTest {
 protected:
  // What of a process anyone on the machine, or whoever may look at it, can read.
  static std::string ArgumentsOf(pid_t pid) {
    return Read("/proc/" + std::to_string(pid) + "/cmdline");
  }
  static std::string EnvironmentOf(pid_t pid) {
    return Read("/proc/" + std::to_string(pid) + "/environ");
  }

  template <typename Response>
  void ExpectSilent(const Outcome<Response>& outcome) {
    EXPECT_THAT(outcome.updates, Not(IsEmpty()));
    for (const auto& update : outcome.updates) EXPECT_FALSE(Tells(update.DebugString()));
    EXPECT_FALSE(Tells(outcome.status.ToString())) << outcome.status;
    EXPECT_FALSE(outcome.last.has_value() && Tells(outcome.last->DebugString()));
    EXPECT_FALSE(Tells(Watch(outcome.operation()).last->DebugString()));
  }

  // Everything of Berth's own that is stored, and its log.
  void ExpectSilentBerth() {
    for (const kube::Resource& kind : {kube::kOperations, kube::kReleaseQueues, kube::kLeases,
                                       kube::kSecrets, kube::kConfigMaps, kube::kEvents}) {
      const auto objects = client_->List(kind, berth_);
      ASSERT_TRUE(objects.ok()) << objects.status();
      for (const kube::Json& object : objects->items) EXPECT_FALSE(Tells(object.dump()));
    }
    EXPECT_THAT(service_->Log(), HasSubstr("InstallRelease"));
    EXPECT_FALSE(Tells(service_->Log()));
    EXPECT_THAT(RunFolders(), IsEmpty());
  }
};

INSTANTIATE_TEST_SUITE_P(Helms, SecrecyTest, ::testing::Values("helm", "helm3"),
                         [](const auto& info) { return info.param; });

TEST_P(SecrecyTest, TellsNoValueWhileHelmWorksAndAfterItFailed) {
  v1::InstallReleaseRequest request =
      InstallRequest(std::string(kValues) + "\"deployment\": true}");
  request.set_wait(true);
  request.mutable_run()->mutable_timeout()->set_seconds(6);
  Outcome<v1::InstallReleaseResponse> outcome;
  {
    const std::jthread caller([&] { outcome = Install(request); });
    const pid_t helm = service_->WaitForHelm();
    ASSERT_GT(helm, 0);
    EXPECT_THAT(ArgumentsOf(helm), HasSubstr("install"));
    EXPECT_FALSE(Tells(ArgumentsOf(helm)));
    EXPECT_THAT(EnvironmentOf(helm), HasSubstr("KUBECONFIG="));
    EXPECT_FALSE(Tells(EnvironmentOf(helm)));
    EXPECT_FALSE(Tells(ArgumentsOf(service_->pid())));
    // Values go through a pipe: nothing of the process' private folder holds them either.
    EXPECT_THAT(RunFolders(), Not(IsEmpty()));
    for (const std::string& folder : RunFolders()) {
      EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
      for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        EXPECT_FALSE(entry.is_regular_file() && Tells(Read(entry.path()))) << entry.path();
      }
    }
  }
  EXPECT_FALSE(outcome.status.ok());
  ExpectSilent(outcome);
  // Else the test would prove nothing: the release has them.
  EXPECT_EQ(ConfigMapValue("note"), kMark);
  ExpectSilentBerth();
}

TEST_P(SecrecyTest, TellsNoValueThatAChartPutsIntoItsError) {
  v1::InstallReleaseRequest request = InstallRequest(std::string(kValues) + "\"a\": 1}");
  request.mutable_chart()->set_archive(
      TarBuilder()
          .File("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
          .File("web/templates/a.yaml",
                "{{ fail (printf \"no %s, no %s\" .Values.note (b64enc .Values.note)) }}")
          .Gzip());
  const auto outcome = Install(request);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("no [redacted], no [redacted]"));
  ExpectSilent(outcome);
  ExpectSilentBerth();
}

TEST_P(SecrecyTest, TellsNoValueOfAnUpgradeAndARollback) {
  const std::string values = std::string(kValues) + "\"deployment\": false}";
  ExpectSilent(Install(InstallRequest(values)));
  ExpectSilent(Upgrade(UpgradeRequest(values)));
  ExpectSilent(Rollback(RollbackRequest(1)));
  EXPECT_EQ(ConfigMapValue("note"), kMark);
  ExpectSilentBerth();
}

}  // namespace
}  // namespace berth::helm
