#include "helm-service/adapters/curl_http_fetcher.h"

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/web/certificates.h"
#include "tests/helm-service/web/web_server.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CurlHttpFetcherTest : public ::testing::Test {
 protected:
  FetchRequest Request(const std::string& url) const {
    return {.url = url,
            .credentials = {.ca_pem = authority_.certificate_pem()},
            .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20)};
  }

  FetchRequest WithPassword(FetchRequest request) const {
    request.credentials.authorization = BasicCredentials{"ada", "s3cret"};
    return request;
  }

  // Answers with the Authorization and X-Extra headers that came.
  static void ServeHeaders(WebServer& server) {
    server.routes().Get("/headers", [](const httplib::Request& request, httplib::Response& answer) {
      answer.set_content(
          request.get_header_value("Authorization") + "|" + request.get_header_value("X-Extra"),
          "text/plain");
    });
  }

  static void Redirect(WebServer& server, const std::string& from, const std::string& to) {
    server.routes().Get(from, [to](const httplib::Request&, httplib::Response& answer) {
      answer.set_redirect(to);
    });
  }

  const Certificate authority_ = Certificate::Authority("test authority");
  CurlHttpFetcher fetcher_{{}};
};

TEST_F(CurlHttpFetcherTest, ReadsWithTheServersOwnAuthorityAndCredentials) {
  WebServer server({.authority = &authority_});
  ServeHeaders(server);
  server.Start();
  FetchRequest request = WithPassword(Request(server.Url("/headers")));
  request.headers = {"X-Extra: more"};
  const auto basic = fetcher_.Get(request);
  ASSERT_TRUE(basic.ok()) << basic.status();
  EXPECT_EQ(basic->status, 200);
  EXPECT_EQ(basic->body, "Basic YWRhOnMzY3JldA==|more");
  EXPECT_EQ(basic->final_url, server.Url("/headers"));

  request.credentials.authorization = BearerToken{"t0ken"};
  EXPECT_EQ(fetcher_.Get(request)->body, "Bearer t0ken|more");
}

TEST_F(CurlHttpFetcherTest, RefusesAServerOfAnUnknownAuthority) {
  WebServer server({.authority = &authority_});
  server.Start();
  FetchRequest request = Request(server.Url("/"));
  request.credentials.ca_pem = Certificate::Authority("another").certificate_pem();
  const absl::Status status = fetcher_.Get(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

TEST_F(CurlHttpFetcherTest, ShowsAClientCertificate) {
  WebServer server({.authority = &authority_, .client_authority = &authority_});
  ServeHeaders(server);
  server.Start();
  FetchRequest request = Request(server.Url("/headers"));
  EXPECT_FALSE(fetcher_.Get(request).ok());
  const Certificate client = authority_.Issue("client");
  request.credentials.client_certificate_pem = client.certificate_pem();
  request.credentials.client_key_pem = client.key_pem();
  const auto answer = fetcher_.Get(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
}

TEST_F(CurlHttpFetcherTest, KeepsCredentialsFromAnotherServerUnlessAsked) {
  WebServer elsewhere({.authority = &authority_});
  ServeHeaders(elsewhere);
  elsewhere.Start();
  WebServer server({.authority = &authority_});
  Redirect(server, "/near", "/again");
  Redirect(server, "/again", "headers");
  Redirect(server, "/far", elsewhere.Url("/headers"));
  ServeHeaders(server);
  server.Start();
  FetchRequest request = WithPassword(Request(server.Url("/near")));
  request.headers = {"X-Extra: more"};
  EXPECT_EQ(fetcher_.Get(request)->body, "Basic YWRhOnMzY3JldA==|more");
  request.url = server.Url("/far");
  const auto far = fetcher_.Get(request);
  ASSERT_TRUE(far.ok()) << far.status();
  EXPECT_EQ(far->body, "|");
  EXPECT_EQ(far->final_url, elsewhere.Url("/headers"));
  request.credentials_for_redirects = true;
  EXPECT_EQ(fetcher_.Get(request)->body, "Basic YWRhOnMzY3JldA==|more");
}

TEST_F(CurlHttpFetcherTest, FollowsNoRedirectToPlainHttpAndNoEndlessOnes) {
  WebServer plain({});
  ServeHeaders(plain);
  plain.Start();
  WebServer server({.authority = &authority_});
  Redirect(server, "/plain", plain.Url("/headers"));
  Redirect(server, "/file", "file:///etc/passwd");
  Redirect(server, "/loop", "/loop");
  server.Start();
  for (const char* path : {"/plain", "/file", "/loop"}) {
    const absl::Status status = fetcher_.Get(Request(server.Url(path))).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << path << ": " << status;
  }
}

TEST_F(CurlHttpFetcherTest, AsksBeforeItFollows) {
  WebServer elsewhere({.authority = &authority_});
  ServeHeaders(elsewhere);
  elsewhere.Start();
  WebServer server({.authority = &authority_});
  Redirect(server, "/far", elsewhere.Url("/headers"));
  server.Start();
  FetchRequest request = Request(server.Url("/far"));
  std::vector<std::string> asked;
  request.may_fetch = [&](std::string_view url) {
    asked.emplace_back(url);
    return asked.size() < 2 ? absl::OkStatus() : absl::PermissionDeniedError("not there");
  };
  EXPECT_EQ(fetcher_.Get(request).status(), absl::PermissionDeniedError("not there"));
  EXPECT_THAT(asked, ElementsAre(server.Url("/far"), elsewhere.Url("/headers")));
}

TEST_F(CurlHttpFetcherTest, RefusesPlainHttpUnlessAllowed) {
  WebServer plain({});
  ServeHeaders(plain);
  plain.Start();
  FetchRequest request = Request(plain.Url("/headers"));
  EXPECT_EQ(ReasonOf(fetcher_.Get(request).status()), Reason::ERROR_REASON_INVALID_FIELD);
  request.allow_plain_http = true;
  EXPECT_TRUE(fetcher_.Get(request).ok());
}

TEST_F(CurlHttpFetcherTest, RefusesUrlsThatCarryAUserAndHeadersThatCarryAnother) {
  for (const char* url : {"https://ada:s3cret@localhost/x", "ftp://localhost/x", "/etc/passwd", "",
                          "https://localhost/x#y"}) {
    EXPECT_EQ(ReasonOf(fetcher_.Get(Request(url)).status()), Reason::ERROR_REASON_INVALID_FIELD)
        << url;
  }
  FetchRequest request = Request("https://localhost/");
  request.credentials.authorization = BearerToken{"a\r\nX-Evil: 1"};
  EXPECT_EQ(ReasonOf(fetcher_.Get(request).status()), Reason::ERROR_REASON_INVALID_FIELD);
}

TEST_F(CurlHttpFetcherTest, StopsAtTheCapAlsoOfWhatIsPacked) {
  WebServer server({.authority = &authority_});
  server.routes().Get("/zeros", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_content(std::string(100'000, '0'), "text/plain");
  });
  server.Start();
  for (const bool packed : {false, true}) {
    FetchRequest request = Request(server.Url("/zeros"));
    request.accept_compressed = packed;
    request.max_bytes = 99'999;
    const absl::Status status = fetcher_.Get(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    request.max_bytes = 100'000;
    EXPECT_EQ(fetcher_.Get(request)->body.size(), 100'000);
  }
}

TEST_F(CurlHttpFetcherTest, AsksWhetherSomethingIsNewer) {
  WebServer server({.authority = &authority_});
  server.routes().Get("/index", [](const httplib::Request& request, httplib::Response& answer) {
    answer.set_header("ETag", "\"7\"");
    if (request.get_header_value("If-None-Match") == "\"7\"") {
      answer.status = 304;
    } else {
      answer.set_content("all", "text/plain");
    }
  });
  server.Start();
  FetchRequest request = Request(server.Url("/index"));
  const auto first = fetcher_.Get(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->etag, "\"7\"");
  request.if_none_match = first->etag;
  EXPECT_EQ(fetcher_.Get(request)->status, 304);
}

TEST_F(CurlHttpFetcherTest, EndsAtTheDeadlineAndWhenStopped) {
  std::promise<void> end;
  std::shared_future<void> ended(end.get_future());
  std::promise<void> asked;
  WebServer server({.authority = &authority_});
  server.routes().Get("/slow", [&](const httplib::Request&, httplib::Response&) {
    asked.set_value();
    ended.wait();
  });
  server.routes().Get("/late", [&](const httplib::Request&, httplib::Response&) { ended.wait(); });
  server.Start();
  FetchRequest late = Request(server.Url("/late?token=s3cret"));
  late.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  const absl::Status timeout = fetcher_.Get(late).status();
  EXPECT_EQ(timeout.code(), absl::StatusCode::kDeadlineExceeded) << timeout;
  EXPECT_THAT(std::string(timeout.message()), Not(HasSubstr("s3cret")));

  std::stop_source stop;
  FetchRequest slow = Request(server.Url("/slow"));
  slow.stop = stop.get_token();
  std::jthread stopper([&] {
    asked.get_future().wait();
    stop.request_stop();
  });
  EXPECT_EQ(fetcher_.Get(slow).status().code(), absl::StatusCode::kCancelled);
  end.set_value();
}

TEST_F(CurlHttpFetcherTest, TellsNoSecretWhenAServerIsAway) {
  std::string url;
  {
    WebServer gone({.authority = &authority_});
    gone.Start();
    url = gone.Url("/chart.tgz?signature=s3cret");
  }
  const absl::Status status = fetcher_.Get(WithPassword(Request(url))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("/chart.tgz"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace berth::helm
