#include "helm-service/domain/repository_charts.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_repository_store.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;

constexpr char kDigest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

class OneIndex final : public ChartIndexes {
 public:
  explicit OneIndex(ChartIndex index)
      : index_(std::make_shared<const ChartIndex>(std::move(index))) {}
  absl::StatusOr<std::shared_ptr<const ChartIndex>> Get(const ChartRepository&,
                                                        Freshness) override {
    return index_;
  }

 private:
  const std::shared_ptr<const ChartIndex> index_;
};

ChartIndex MakeIndex() {
  ChartIndex::Builder builder(std::size_t{1} << 20);
  const auto add = [&](const char* chart, const char* version, const char* url,
                       const std::string& digest) {
    EXPECT_TRUE(builder.Add(chart, {.version = version, .digest = digest, .url = url}).ok());
  };
  add("web", "1.0.0", "web-1.0.0.tgz", kDigest);
  add("web", "1.1.0", "https://cdn.example.com/web-1.1.0.tgz", std::string("sha256:") + kDigest);
  add("web", "2.0.0-rc.1", "web-2.tgz", "");
  add("elsewhere", "1.0.0", "https://evil.example.com/web.tgz", "");
  add("odd", "1.0.0", "odd.tgz", "md5:1234");
  add("file", "1.0.0", "file:///etc/passwd", "");
  return std::move(builder).Build();
}

class RepositoryChartsTest : public ::testing::Test {
 protected:
  RepositoryChartsTest() {
    store_.Put(MakeRepository("main", "https://charts.example.com/stable"), kLogin);
    store_.Put(MakeRepository("registry", "oci://registry.example.com/charts"), kLogin);
    ChartRepository passing = MakeRepository("passing", "https://charts.example.com/stable");
    passing.pass_credentials = true;
    store_.Put(std::move(passing), kLogin);
  }

  absl::StatusOr<ResolvedChart> Resolve(const std::string& repository, const std::string& chart,
                                        const std::string& versions = "") {
    return charts_.Resolve(*RepositoryName::Parse(repository), *ChartName::Parse(chart),
                           *VersionConstraint::Parse(versions));
  }
  ResolvedArchive Archive(const std::string& repository, const std::string& versions = "") {
    const absl::StatusOr<ResolvedChart> chart = Resolve(repository, "web", versions);
    EXPECT_TRUE(chart.ok()) << chart.status();
    return chart.ok() ? std::get<ResolvedArchive>(*chart) : ResolvedArchive{};
  }
  static bool HasLogin(const HttpCredentials& credentials) {
    return std::holds_alternative<BasicCredentials>(credentials.authorization);
  }

  const HttpCredentials kLogin{.authorization = BasicCredentials{.username = "u", .password = "p"}};
  FakeRepositoryStore store_;
  OneIndex index_{MakeIndex()};
  const SourcePolicy policy_ = *SourcePolicy::Create(
      {.allowed_sources = {"https://charts.example.com", "https://cdn.example.com",
                           "oci://registry.example.com"}});
  RepositoryCharts charts_{store_, index_, policy_};
};

TEST_F(RepositoryChartsTest, ResolvesTheNewestReleaseWithinTheConstraint) {
  EXPECT_EQ(Archive("main").version, "1.1.0");
  EXPECT_EQ(Archive("main", "<1.1").version, "1.0.0");
  EXPECT_EQ(Archive("main", ">=2-0").version, "2.0.0-rc.1");
}

TEST_F(RepositoryChartsTest, SaysWhereTheArchiveIsAndWhatMustCome) {
  const ResolvedArchive archive = Archive("main", "1.0.0");
  EXPECT_EQ(archive.url, "https://charts.example.com/stable/web-1.0.0.tgz");
  EXPECT_EQ(archive.sha256, kDigest);
  EXPECT_EQ(Archive("main", "1.1.0").sha256, kDigest);
  EXPECT_EQ(Archive("main", "2.0.0-rc.1").sha256, "");
}

TEST_F(RepositoryChartsTest, ShowsCredentialsToTheRepositorysOwnServerOnly) {
  EXPECT_TRUE(HasLogin(Archive("main", "1.0.0").credentials));
  EXPECT_FALSE(HasLogin(Archive("main", "1.1.0").credentials));
  EXPECT_FALSE(Archive("main", "1.0.0").credentials_for_redirects);
}

TEST_F(RepositoryChartsTest, ShowsThemToOthersWhenTheRepositorySaysSo) {
  EXPECT_TRUE(HasLogin(Archive("passing", "1.1.0").credentials));
  EXPECT_TRUE(Archive("passing", "1.1.0").credentials_for_redirects);
}

TEST_F(RepositoryChartsTest, LeavesTheVersionsOfARegistryToTheRegistry) {
  const absl::StatusOr<ResolvedChart> chart = Resolve("registry", "web", "^1");
  ASSERT_TRUE(chart.ok()) << chart.status();
  const RegistryChart& found = std::get<RegistryChart>(*chart);
  EXPECT_EQ(found.reference, "oci://registry.example.com/charts/web");
  EXPECT_TRUE(HasLogin(found.credentials));
}

TEST_F(RepositoryChartsTest, SaysWhatIsMissing) {
  EXPECT_EQ(ReasonOf(Resolve("none", "web").status()),
            Reason::ERROR_REASON_CHART_REPOSITORY_NOT_FOUND);
  EXPECT_EQ(ReasonOf(Resolve("main", "none").status()), Reason::ERROR_REASON_CHART_NOT_FOUND);
  const absl::Status status = Resolve("main", "web", "^7").status();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_NOT_FOUND);
  EXPECT_THAT(status.ToString(), HasSubstr("^7"));
}

TEST_F(RepositoryChartsTest, DoesNotFollowAnIndexToASourceThatIsNotAllowed) {
  EXPECT_EQ(ReasonOf(Resolve("main", "elsewhere").status()),
            Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
  EXPECT_EQ(ReasonOf(Resolve("main", "file").status()),
            Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

TEST_F(RepositoryChartsTest, RefusesADigestThatItCannotCheck) {
  EXPECT_EQ(ReasonOf(Resolve("main", "odd").status()),
            Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

}  // namespace
}  // namespace berth::helm
