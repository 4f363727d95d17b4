// Our reading of version constraints, beside that of the real Helm.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "helm-service/domain/version_constraint.h"
#include "tests/integration/harness/child.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/program_path.h"
#include "tests/integration/helm/chart_server.h"

namespace berth::helm {
namespace {

// From the newest.
const std::vector<std::string>& Versions() {
  static const std::vector<std::string> kVersions = {
      "3.0.0-rc.1", "2.1.0", "2.0.0", "1.10.0", "1.3.0-beta", "1.2.4", "1.2.3", "1.2.0",
      "1.2.0-rc.1", "1.0.0", "0.3.1", "0.2.5",  "0.2.3",      "0.0.4", "0.0.3", "0.0.0"};
  return kVersions;
}

class VersionConstraintWithHelmTest : public ::testing::TestWithParam<const char*> {
 protected:
  // One server for all: it changes nothing.
  static void SetUpTestSuite() {
    server_ = std::make_unique<ChartServer>(WebServer::Options{});
    server_->SetIndex(IndexOf(Versions()));
  }
  static void TearDownTestSuite() { server_ = nullptr; }

  // The version that Helm takes; none if it finds none, or refuses the constraint.
  std::optional<std::string> HelmsChoice(const std::string& constraint) const {
    const std::string output = (folder_ / "output").string();
    absl::StatusOr<harness::Child> child =
        harness::Child::Start({harness::ProgramPath("helm"), "show", "chart", "web",
                               "--repo=" + server_->url(), "--version=" + constraint},
                              output);
    EXPECT_TRUE(child.ok()) << child.status();
    EXPECT_TRUE(harness::Eventually([&] { return !child->IsRunning(); }));
    std::ifstream file(output);
    for (std::string line; std::getline(file, line);) {
      constexpr std::string_view kKey = "version: ";
      if (line.starts_with(kKey)) return line.substr(kKey.size());
    }
    return std::nullopt;
  }

  static std::optional<std::string> OurChoice(const std::string& constraint) {
    const auto parsed = VersionConstraint::Parse(constraint);
    if (!parsed.ok()) return std::nullopt;
    const auto chosen =
        parsed->Choose(std::vector<std::string_view>(Versions().begin(), Versions().end()));
    return chosen.has_value() ? std::optional(Versions()[*chosen]) : std::nullopt;
  }

  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-helm-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    setenv("HELM_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    setenv("HELM_CONFIG_HOME", (folder_ / "config").c_str(), 1);
    setenv("HELM_DATA_HOME", (folder_ / "data").c_str(), 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static inline std::unique_ptr<ChartServer> server_;
  std::filesystem::path folder_;
};

TEST_P(VersionConstraintWithHelmTest, MeansTheSameToBoth) {
  EXPECT_EQ(OurChoice(GetParam()), HelmsChoice(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    Constraints, VersionConstraintWithHelmTest,
    ::testing::Values("*", "1.2.3", " 1.2.3 ", "v1.2.3", "=1.2.3", "1.2.3+built", "1.2", "1.2.x",
                      "1.*.7", "=1", "!=2 >=1", "!=1.2.x >=1.2.0-0 <1.2.3", ">1.2 <2", ">1 <2",
                      "<1.2", "<=1.2", "<=1", "=<0.0.3", "=>2", ">= 1.2.3, < 1.10", "1 ,<1.2",
                      "~1.2.3", "~>1.2", "~1", "~*", "~0.0.0", "^1.2.3", "^v1.2", "^1", "^0.2.3",
                      "^0.2", "^0.0.3", "^0.0", "^0", "^*", ">*", "<*", "<=*", "!=*", "1.2 - 1.10",
                      "v1 - v1.2", ">1 - 2", "1.2.3 || ^0.2", "9||0.0.3", ">=3-0", ">0.0.0-0 <2",
                      "^1.2.0-0 <1.2.3", "1.3.0-beta", "3", "9", "1.2 ||", "1,", "==1", "1|2",
                      "1.2.3-", "latest"));

}  // namespace
}  // namespace berth::helm
