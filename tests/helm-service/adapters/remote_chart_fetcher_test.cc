#include "helm-service/adapters/remote_chart_fetcher.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers by URL; 404 to others.
class FakeWeb final : public HttpFetcher {
 public:
  absl::StatusOr<FetchResponse> Get(const FetchRequest& request) override {
    if (absl::Status status = request.may_fetch(request.url); !status.ok()) return status;
    requests.push_back(request);
    const auto found = answers.find(request.url);
    if (found == answers.end()) return FetchResponse{.status = 404};
    return found->second;
  }

  void Serve(const std::string& url, const std::string& body) {
    answers[url] = FetchResponse{.status = 200, .body = body};
  }

  std::map<std::string, FetchResponse> answers;
  std::vector<FetchRequest> requests;
};

class FakeRepositories final : public ChartRepositories {
 public:
  absl::StatusOr<ResolvedChart> Resolve(const RepositoryName&, const ChartName&,
                                        const VersionConstraint&) override {
    return answer;
  }

  absl::StatusOr<ResolvedChart> answer = absl::NotFoundError("no such repository");
};

constexpr char kUrl[] = "https://charts.example/web-1.2.3.tgz";
constexpr char kRegistry[] = "https://registry.example/v2/charts/web/";

class RemoteChartFetcherTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Fetch(Chart chart, const SourcePolicy::Options& options = {}) {
    const auto policy = SourcePolicy::Create(options);
    EXPECT_TRUE(policy.ok()) << policy.status();
    RemoteChartFetcher fetcher({.http = web_, .repositories = repositories_, .policy = *policy},
                               {.ca_pem = "the authorities"});
    auto archive = fetcher.Fetch(std::move(chart), {.deadline = {}, .stop = {}});
    if (!archive.ok()) return archive.status();
    return archive->bytes;
  }

  static Chart At(const std::string& url, std::optional<Sha256> sha256 = std::nullopt) {
    return UrlChart{*ChartUrl::Parse(url), std::move(sha256)};
  }

  static Chart InRegistry(const std::string& reference, const std::string& versions = "") {
    return OciChart{*OciReference::Parse(reference), *VersionConstraint::Parse(versions)};
  }

  static Chart Named() {
    return RepositoryChart{*RepositoryName::Parse("stable"), *ChartName::Parse("web"),
                           *VersionConstraint::Parse("^1")};
  }

  void ServeTag(const std::string& tag, const std::string& archive) {
    const std::string digest = Sha256::Of(archive).ToString();
    web_.Serve(std::string(kRegistry) + "manifests/" + tag,
               R"({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}, "layers": [
                   {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                    "digest": ")" +
                   digest + R"(", "size": )" + std::to_string(archive.size()) + "}]}");
    web_.Serve(std::string(kRegistry) + "blobs/" + digest, archive);
  }

  FakeWeb web_;
  FakeRepositories repositories_;
};

TEST_F(RemoteChartFetcherTest, TakesArchivesIfCallersMaySendThem) {
  EXPECT_EQ(*Fetch(ChartArchive{"bytes"}), "bytes");
  EXPECT_EQ(ReasonOf(Fetch(ChartArchive{"bytes"}, {.allow_archives = false}).status()),
            Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
}

TEST_F(RemoteChartFetcherTest, FetchesFromAWebServerWhatIsOfItsDigest) {
  web_.Serve(kUrl, "chart");
  EXPECT_EQ(*Fetch(At(kUrl)), "chart");
  EXPECT_EQ(web_.requests[0].credentials.ca_pem, "the authorities");
  EXPECT_EQ(*Fetch(At(kUrl, Sha256::Of("chart"))), "chart");
  EXPECT_EQ(ReasonOf(Fetch(At(kUrl, Sha256::Of("other"))).status()),
            Reason::ERROR_REASON_CHART_DIGEST_MISMATCH);
}

TEST_F(RemoteChartFetcherTest, SaysWhyAServerGivesNothing) {
  const std::vector<std::pair<int, Reason>> cases = {
      {401, Reason::ERROR_REASON_CHART_SOURCE_DENIED},
      {403, Reason::ERROR_REASON_CHART_SOURCE_DENIED},
      {404, Reason::ERROR_REASON_CHART_NOT_FOUND},
      {500, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE},
      {418, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE}};
  for (const auto& [status, reason] : cases) {
    web_.answers[kUrl] = FetchResponse{.status = status};
    EXPECT_EQ(ReasonOf(Fetch(At(kUrl)).status()), reason) << status;
  }
}

TEST_F(RemoteChartFetcherTest, AsksThePolicyAboutEverySource) {
  web_.Serve(kUrl, "chart");
  ServeTag("1", "chart");
  const SourcePolicy::Options only_here{
      .allowed_sources = {"https://charts.example", "oci://registry.example/charts"}};
  EXPECT_TRUE(Fetch(At(kUrl), only_here).ok());
  EXPECT_TRUE(Fetch(InRegistry("oci://registry.example/charts/web:1"), only_here).ok());
  for (const Chart& chart :
       {At("https://other.example/web.tgz"), InRegistry("oci://registry.example/other/web:1")}) {
    EXPECT_EQ(ReasonOf(Fetch(chart, only_here).status()),
              Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
  }
}

TEST_F(RemoteChartFetcherTest, ChoosesAmongTheTagsOfARegistry) {
  web_.Serve("https://registry.example/v2/charts/web/tags/list?n=1000",
             R"({"tags": ["latest", "1.2.0", "1.10.0", "1.2.1_b7", "2.0.0-rc.1"]})");
  for (const char* tag : {"1.2.0", "1.10.0", "1.2.1_b7", "2.0.0-rc.1"}) ServeTag(tag, tag);
  EXPECT_EQ(*Fetch(InRegistry("oci://registry.example/charts/web")), "1.10.0");
  EXPECT_EQ(*Fetch(InRegistry("oci://registry.example/charts/web", "~1.2")), "1.2.1_b7");
  EXPECT_EQ(*Fetch(InRegistry("oci://registry.example/charts/web", ">1-0")), "2.0.0-rc.1");
  EXPECT_EQ(ReasonOf(Fetch(InRegistry("oci://registry.example/charts/web", "^3")).status()),
            Reason::ERROR_REASON_CHART_NOT_FOUND);
}

TEST_F(RemoteChartFetcherTest, FetchesWhatARepositoryResolvesWithItsCredentials) {
  const std::string url = std::string(kUrl) + "?token=s3cret";
  web_.Serve(url, "chart");
  ResolvedArchive resolved{.version = "1.2.3", .url = url, .sha256 = Sha256::Of("chart").hex()};
  resolved.credentials = {.authorization = BasicCredentials{"ada", "pass"}, .ca_pem = "its own"};
  repositories_.answer = resolved;
  EXPECT_EQ(*Fetch(Named()), "chart");
  EXPECT_EQ(std::get<BasicCredentials>(web_.requests[0].credentials.authorization).password,
            "pass");
  EXPECT_EQ(web_.requests[0].credentials.ca_pem, "its own");

  resolved.sha256 = Sha256::Of("other").hex();
  repositories_.answer = resolved;
  const absl::Status mismatch = Fetch(Named()).status();
  EXPECT_EQ(ReasonOf(mismatch), Reason::ERROR_REASON_CHART_DIGEST_MISMATCH);
  EXPECT_THAT(std::string(mismatch.message()), Not(HasSubstr("s3cret")));
}

TEST_F(RemoteChartFetcherTest, FetchesFromARepositoryThatIsARegistry) {
  web_.Serve("https://registry.example/v2/charts/web/tags/list?n=1000",
             R"({"tags": ["1.0.0", "2.0.0"]})");
  ServeTag("1.0.0", "chart");
  RegistryChart resolved{.reference = "oci://registry.example/charts/web"};
  resolved.credentials.authorization = BearerToken{"t0ken"};
  repositories_.answer = resolved;
  EXPECT_EQ(*Fetch(Named()), "chart");
  EXPECT_EQ(std::get<BearerToken>(web_.requests[0].credentials.authorization).token, "t0ken");
}

TEST_F(RemoteChartFetcherTest, PassesOnWhatARepositorySays) {
  EXPECT_EQ(Fetch(Named()).status(), absl::NotFoundError("no such repository"));
}

}  // namespace
}  // namespace berth::helm
