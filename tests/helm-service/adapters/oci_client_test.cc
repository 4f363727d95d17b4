#include "helm-service/adapters/oci_client.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "helm-service/adapters/curl_http_fetcher.h"
#include "tests/helm-service/web/certificates.h"
#include "tests/helm-service/web/web_server.h"

namespace berth::helm {
namespace {

using httplib::Request;
using httplib::Response;
using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kChart[] = "the packaged chart";
constexpr char kConfigType[] = "application/vnd.cncf.helm.config.v1+json";
constexpr char kChartType[] = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

// A registry that gives its repository "team/web" to whoever brings the token "t0ken", and that
// token to ada.
class OciClientTest : public ::testing::Test {
 protected:
  OciClientTest() : server_({.authority = &authority_}) {
    Json manifest = {{"config", {{"mediaType", kConfigType}}}, {"layers", Json::array()}};
    manifest["layers"].push_back(
        {{"mediaType", "application/vnd.cncf.helm.chart.provenance.v1.prov"}});
    manifest["layers"].push_back({{"mediaType", kChartType},
                                  {"digest", Sha256::Of(kChart).ToString()},
                                  {"size", sizeof kChart - 1}});
    manifest_ = manifest.dump();
    server_.routes().Get("/token", [](const Request& request, Response& answer) {
      const bool right = request.get_header_value("Authorization") == "Basic YWRhOnMzY3JldA==" &&
                         request.get_param_value("service") == "the registry" &&
                         request.get_param_value("scope") == "repository:team/web:pull";
      answer.status = right ? 200 : 401;
      answer.set_content(R"({"token": "t0ken"})", "application/json");
    });
    Serve("/v2/team/web/manifests/1.2.3_b1", [this] { return manifest_; });
    Serve("/v2/team/web/blobs/" + Sha256::Of(kChart).ToString(), [this] { return blob_; });
  }

  // Serves what `body` returns, to those who have a token.
  template <typename Body>
  void Serve(const std::string& path, Body body) {
    server_.routes().Get(path, [this, body](const Request& request, Response& answer) {
      if (request.get_header_value("Authorization") == "Bearer t0ken") {
        return answer.set_content(body(), "application/octet-stream");
      }
      answer.status = 401;
      answer.set_header("WWW-Authenticate",
                        fmt::format(R"(Bearer realm="{}",service="the registry",)"
                                    R"(scope="repository:team/web:pull")",
                                    realm_.empty() ? server_.Url("/token") : realm_));
    });
  }

  OciClient::Access Access(const std::string& password = "s3cret") const {
    return {.credentials = {.authorization = BasicCredentials{"ada", password},
                            .ca_pem = authority_.certificate_pem()},
            .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20)};
  }

  absl::StatusOr<OciClient::PulledChart> Pull(const std::string& suffix,
                                              const OciClient::Access& access,
                                              OciClient::Options options = {}) {
    if (!started_) server_.Start();
    started_ = true;
    const auto reference = OciReference::Parse("oci://" + server_.address() + "/team/web" + suffix);
    if (!reference.ok()) return reference.status();
    return OciClient(fetcher_, options).Pull(*reference, access);
  }

  Reason PullReason(const std::string& suffix) {
    const absl::Status status = Pull(suffix, Access()).status();
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cret")));
    return ReasonOf(status);
  }

  const Certificate authority_ = Certificate::Authority("test authority");
  WebServer server_;
  std::string manifest_;
  std::string blob_ = kChart;
  std::string realm_;
  bool started_ = false;
  CurlHttpFetcher fetcher_{{}};
  const OciClient client_{fetcher_, {}};
};

TEST_F(OciClientTest, PullsATagWithATokenThatItAsksFor) {
  const auto pulled = Pull(":1.2.3+b1", Access());
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_EQ(pulled->archive, kChart);
  EXPECT_EQ(pulled->digest, Sha256::Of(manifest_));
}

TEST_F(OciClientTest, PullsADigestAndRefusesAnotherManifestInItsPlace) {
  const std::string right = Sha256::Of(manifest_).ToString();
  const std::string other = Sha256::Of("other").ToString();
  Serve("/v2/team/web/manifests/" + right, [this] { return manifest_; });
  Serve("/v2/team/web/manifests/" + other, [this] { return manifest_; });
  const auto pulled = Pull(":any@" + right, Access());
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_EQ(pulled->archive, kChart);
  EXPECT_EQ(PullReason("@" + other), Reason::ERROR_REASON_CHART_DIGEST_MISMATCH);
}

TEST_F(OciClientTest, RefusesAChartThatIsNotOfItsDigest) {
  blob_ = "the packaged Chart";
  EXPECT_EQ(PullReason(":1.2.3_b1"), Reason::ERROR_REASON_CHART_DIGEST_MISMATCH);
}

TEST_F(OciClientTest, RefusesWhatIsNoChart) {
  for (
      const char* manifest :
      {"", "[]", "{}", R"({"config": 1})",
       R"({"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}, "layers": []})",
       R"({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}})",
       R"({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}, "layers": [1, {}]})",
       R"({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}, "layers": [
            {"mediaType": "application/tar+gzip", "digest": "sha256:1", "size": 1}]})"}) {
    manifest_ = manifest;
    EXPECT_EQ(PullReason(":1.2.3_b1"), Reason::ERROR_REASON_CHART_INVALID) << manifest;
  }
}

TEST_F(OciClientTest, FetchesNoChartThatIsTooLarge) {
  const auto pulled = Pull(":1.2.3_b1", Access(), {.largest_chart = sizeof kChart - 2});
  EXPECT_EQ(ReasonOf(pulled.status()), Reason::ERROR_REASON_CHART_INVALID);
}

TEST_F(OciClientTest, SaysWhatIsNotThereAndWhoIsNotLetIn) {
  server_.routes().Get("/v2/team/web/manifests/busy",
                       [](const Request&, Response& answer) { answer.status = 503; });
  EXPECT_EQ(PullReason(":2.0.0"), Reason::ERROR_REASON_CHART_NOT_FOUND);
  EXPECT_TRUE(absl::IsUnavailable(Pull(":busy", Access()).status()));
  EXPECT_EQ(ReasonOf(Pull(":1.2.3_b1", Access("wrong")).status()),
            Reason::ERROR_REASON_CHART_SOURCE_DENIED);
  EXPECT_EQ(PullReason(""), Reason::ERROR_REASON_INVALID_FIELD);
}

TEST_F(OciClientTest, ReadsTagsPageByPage) {
  server_.routes().Get("/v2/team/web/tags/list", [](const Request& request, Response& answer) {
    if (request.has_param("last")) {
      return answer.set_content(R"({"tags": ["c", 1]})", "application/json");
    }
    answer.set_header("Link", R"(</v2/team/web/tags/list?last=b&n=2>; rel="next")");
    answer.set_content(R"({"tags": ["a", "b"]})", "application/json");
  });
  server_.routes().Get("/v2/none/tags/list", [](const Request&, Response& answer) {
    answer.set_content(R"({"tags": null})", "application/json");
  });
  server_.Start();
  const std::string registry = "oci://" + server_.address();
  const auto tags = client_.ListTags(*OciReference::Parse(registry + "/team/web"), Access());
  ASSERT_TRUE(tags.ok()) << tags.status();
  EXPECT_THAT(*tags, ElementsAre("a", "b", "c"));
  EXPECT_THAT(*client_.ListTags(*OciReference::Parse(registry + "/none"), Access()), ElementsAre());
  const OciClient few(fetcher_, {.most_tags = 2});
  EXPECT_EQ(few.ListTags(*OciReference::Parse(registry + "/team/web"), Access()).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(OciClientTest, FollowsABlobToAnotherServerWithoutTheTokenIfThatIsAllowed) {
  WebServer storage({.authority = &authority_});
  std::string shown = "nothing came";
  storage.routes().Get("/blob", [&](const Request& request, Response& answer) {
    shown = request.get_header_value("Authorization");
    answer.set_content(kChart, "application/octet-stream");
  });
  storage.Start();
  const std::string path = "/v2/team/web/manifests/far";
  Serve(path, [this] { return manifest_; });
  server_.routes().set_pre_routing_handler([&](const Request& request, Response& answer) {
    if (!request.path.starts_with("/v2/team/web/blobs/")) {
      return httplib::Server::HandlerResponse::Unhandled;
    }
    answer.set_redirect(storage.Url("/blob"));
    return httplib::Server::HandlerResponse::Handled;
  });
  OciClient::Access access = Access();
  std::vector<std::string> asked;
  access.may_fetch = [&](std::string_view url) {
    asked.emplace_back(url);
    return asked.size() == 1 ? absl::OkStatus() : absl::PermissionDeniedError("not there");
  };
  const auto pulled = Pull(":far", access);
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_EQ(pulled->archive, kChart);
  EXPECT_EQ(shown, "");
  EXPECT_THAT(asked, ElementsAre(storage.Url("/blob")));
  EXPECT_TRUE(absl::IsPermissionDenied(Pull(":far", access).status()));
}

TEST_F(OciClientTest, AsksNobodyForATokenWhomThePolicyDoesNotKnow) {
  realm_ = "https://localhost:1/token";
  OciClient::Access access = Access();
  access.may_fetch = [](std::string_view) { return absl::PermissionDeniedError("not there"); };
  EXPECT_EQ(Pull(":1.2.3_b1", access).status(), absl::PermissionDeniedError("not there"));
}

TEST_F(OciClientTest, SpeaksPlainHttpOnlyWhereAllowed) {
  WebServer plain({});
  plain.routes().Get("/v2/team/web/tags/list", [](const Request&, Response& answer) {
    answer.set_content(R"({"tags": ["a"]})", "application/json");
  });
  plain.Start();
  const auto reference = OciReference::Parse("oci://" + plain.address() + "/team/web");
  OciClient::Access access = Access();
  EXPECT_FALSE(client_.ListTags(*reference, access).ok());
  access.allow_plain_http = true;
  const auto tags = client_.ListTags(*reference, access);
  ASSERT_TRUE(tags.ok()) << tags.status();
  EXPECT_THAT(*tags, ElementsAre("a"));
}

}  // namespace
}  // namespace berth::helm
