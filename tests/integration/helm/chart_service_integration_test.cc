// The shipped helm-service's ChartService, against a real API server and chart repositories with
// TLS.

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/kube/client.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/status/grpc_status.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/program_path.h"
#include "tests/integration/helm/chart_server.h"
#include "tests/integration/helm/helm_service_process.h"

namespace berth::helm {
namespace {

using harness::ApiServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// "user:secret-password", as basic authentication sends it.
constexpr char kBasic[] = "Basic dXNlcjpzZWNyZXQtcGFzc3dvcmQ=";

class ChartServiceTest : public ::testing::Test {
 protected:
  ChartServiceTest()
      : api_(ApiServer::Shared()),
        client_(api_.MakeClient()),
        berth_(api_.MakeNamespace()),
        folder_(fmt::format("{}/{}", api_.folder(), berth_)) {
    std::filesystem::create_directories(folder_);
    server_.SetIndex(IndexOf({"1.0.0", "1.1.0", "2.0.0-rc.1"}));
  }

  std::unique_ptr<HelmServiceProcess> StartService(std::vector<std::string> flags = {}) {
    auto service = HelmServiceProcess::Start({.kubeconfig = api_.kubeconfig(),
                                              .ns = berth_,
                                              .helm = harness::ProgramPath("helm"),
                                              .folder = folder_,
                                              .flags = std::move(flags)});
    EXPECT_TRUE(service.ok()) << service.status();
    return service.ok() ? *std::move(service) : nullptr;
  }

  // One unary call.
  template <typename Response, typename Request>
  static absl::StatusOr<Response> Call(v1::ChartService::Stub& stub,
                                       grpc::Status (v1::ChartService::Stub::*method)(
                                           grpc::ClientContext*, const Request&, Response*),
                                       const Request& request) {
    grpc::ClientContext context;
    Response response;
    const absl::Status status = FromGrpcStatus((stub.*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  v1::CreateChartRepositoryRequest CreateRequest(const std::string& name = "main") const {
    v1::CreateChartRepositoryRequest request;
    request.set_name(name);
    request.set_url(server_.url());
    request.mutable_credentials()->set_certificate_authorities(authority_.certificate_pem());
    return request;
  }
  static absl::StatusOr<v1::ChartRepository> Create(
      HelmServiceProcess& service, const v1::CreateChartRepositoryRequest& request) {
    auto response = Call(service.charts(), &v1::ChartService::Stub::CreateChartRepository, request);
    if (!response.ok()) return response.status();
    return response->repository();
  }
  static absl::StatusOr<v1::ChartRepository> Update(
      HelmServiceProcess& service, const v1::UpdateChartRepositoryRequest& request) {
    auto response = Call(service.charts(), &v1::ChartService::Stub::UpdateChartRepository, request);
    if (!response.ok()) return response.status();
    return response->repository();
  }
  static absl::StatusOr<v1::ChartRepository> Get(HelmServiceProcess& service,
                                                 const std::string& name = "main") {
    v1::GetChartRepositoryRequest request;
    request.set_name(name);
    auto response = Call(service.charts(), &v1::ChartService::Stub::GetChartRepository, request);
    if (!response.ok()) return response.status();
    return response->repository();
  }
  static absl::StatusOr<v1::ChartRepository> Refresh(HelmServiceProcess& service,
                                                     const std::string& name = "main") {
    v1::RefreshChartRepositoryRequest request;
    request.set_name(name);
    auto response =
        Call(service.charts(), &v1::ChartService::Stub::RefreshChartRepository, request);
    if (!response.ok()) return response.status();
    return response->repository();
  }
  static absl::Status Delete(HelmServiceProcess& service, const std::string& etag = "") {
    v1::DeleteChartRepositoryRequest request;
    request.set_name("main");
    request.set_etag(etag);
    return Call(service.charts(), &v1::ChartService::Stub::DeleteChartRepository, request).status();
  }
  static v1::SearchChartsResponse Search(HelmServiceProcess& service, const std::string& query) {
    v1::SearchChartsRequest request;
    request.set_query(query);
    const auto response = Call(service.charts(), &v1::ChartService::Stub::SearchCharts, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::SearchChartsResponse());
  }
  static std::vector<std::string> Versions(HelmServiceProcess& service,
                                           v1::ListChartVersionsRequest request) {
    request.set_repository("main");
    request.set_chart("web");
    std::vector<std::string> versions;
    do {
      const auto page = Call(service.charts(), &v1::ChartService::Stub::ListChartVersions, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::ChartVersion& version : page->versions())
        versions.push_back(version.version());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return versions;
  }

  std::vector<kube::Json> RepositorySecrets() {
    const auto list =
        client_->List(kube::kSecrets, berth_, {.label_selector = "berth.dev/chart-repository"});
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? list->items : std::vector<kube::Json>();
  }

  ApiServer& api_;
  const std::unique_ptr<kube::Client> client_;
  const std::string berth_;
  const std::string folder_;
  const Certificate authority_ = Certificate::Authority("repositories");
  ChartServer server_{{.authority = &authority_}};
};

TEST_F(ChartServiceTest, KeepsARepositoryWithItsCredentials) {
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest request = CreateRequest();
  request.mutable_credentials()->mutable_basic()->set_username("user");
  request.mutable_credentials()->mutable_basic()->set_password("secret-password");
  const auto created = Create(*service, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->type(), v1::ChartRepository::TYPE_HTTP);
  EXPECT_TRUE(created->credentials().basic());
  EXPECT_TRUE(created->credentials().certificate_authority());
  EXPECT_FALSE(created->credentials().bearer());
  EXPECT_THAT(created->DebugString(), Not(HasSubstr("secret-password")));

  const std::vector<kube::Json> secrets = RepositorySecrets();
  ASSERT_THAT(secrets, SizeIs(1));
  EXPECT_EQ(kube::StringAt(kube::At(secrets[0], {"metadata", "ownerReferences"})[0], {"uid"}),
            created->uid());

  const absl::Status again = Create(*service, request).status();
  EXPECT_EQ(ReasonOf(again), Reason::ERROR_REASON_CHART_REPOSITORY_EXISTS);
  EXPECT_THAT(RepositorySecrets(), SizeIs(1));

  EXPECT_EQ(Get(*service)->etag(), created->etag());
  EXPECT_EQ(ReasonOf(Delete(*service, "another.1")), Reason::ERROR_REASON_CHART_REPOSITORY_CHANGED);
  EXPECT_TRUE(Delete(*service, created->etag()).ok());
  EXPECT_THAT(RepositorySecrets(), IsEmpty());
  EXPECT_EQ(ReasonOf(Get(*service).status()), Reason::ERROR_REASON_CHART_REPOSITORY_NOT_FOUND);
  EXPECT_EQ(ReasonOf(Delete(*service)), Reason::ERROR_REASON_CHART_REPOSITORY_NOT_FOUND);
  EXPECT_THAT(service->Log(), Not(HasSubstr("secret-password")));
}

TEST_F(ChartServiceTest, ChangesNothingWhenAskedOnlyToCheck) {
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest create = CreateRequest();
  create.set_validate_only(true);
  EXPECT_TRUE(Create(*service, create).ok());
  EXPECT_EQ(ReasonOf(Get(*service).status()), Reason::ERROR_REASON_CHART_REPOSITORY_NOT_FOUND);
  EXPECT_THAT(RepositorySecrets(), IsEmpty());

  const auto created = Create(*service, CreateRequest());
  ASSERT_TRUE(created.ok()) << created.status();
  v1::UpdateChartRepositoryRequest update;
  update.set_name("main");
  update.set_url("https://elsewhere.example.com");
  update.mutable_credentials()->set_bearer_token("token");
  update.set_validate_only(true);
  const auto checked = Update(*service, update);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->url(), server_.url());
  EXPECT_EQ(Get(*service)->etag(), created->etag());
  EXPECT_THAT(RepositorySecrets(), SizeIs(1));
}

TEST_F(ChartServiceTest, ReadsWithUserAndPasswordOnceTheyAreRight) {
  server_.Demand(kBasic);
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest request = CreateRequest();
  request.mutable_credentials()->mutable_basic()->set_username("user");
  request.mutable_credentials()->mutable_basic()->set_password("wrong-password");
  const auto created = Create(*service, request);
  ASSERT_TRUE(created.ok()) << created.status();
  const absl::Status denied = Refresh(*service).status();
  EXPECT_TRUE(absl::IsPermissionDenied(denied)) << denied;
  EXPECT_EQ(ReasonOf(denied), Reason::ERROR_REASON_CHART_SOURCE_DENIED);
  EXPECT_THAT(denied.ToString(), HasSubstr("\"main\""));
  EXPECT_EQ(Get(*service)->state().reason(), "ChartSourceDenied");

  v1::UpdateChartRepositoryRequest update;
  update.set_name("main");
  update.set_etag(created->etag());
  *update.mutable_credentials() = request.credentials();
  update.mutable_credentials()->mutable_basic()->set_password("secret-password");
  const auto updated = Update(*service, update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_NE(updated->etag(), created->etag());
  EXPECT_EQ(updated->url(), server_.url());
  EXPECT_THAT(RepositorySecrets(), SizeIs(1));
  const auto refreshed = Refresh(*service);
  ASSERT_TRUE(refreshed.ok()) << refreshed.status();
  EXPECT_TRUE(refreshed->state().ready());
  EXPECT_EQ(refreshed->state().chart_count(), 1);
  EXPECT_EQ(refreshed->state().version_count(), 3);

  EXPECT_EQ(ReasonOf(Update(*service, update).status()),
            Reason::ERROR_REASON_CHART_REPOSITORY_CHANGED);
  EXPECT_THAT(RepositorySecrets(), SizeIs(1));
  EXPECT_TRUE(Refresh(*service).ok());
  EXPECT_THAT(service->Log(), Not(HasSubstr("password\"")));
  EXPECT_THAT(service->Log(), Not(HasSubstr("secret-password")));
}

TEST_F(ChartServiceTest, ReadsWithABearerToken) {
  server_.Demand("Bearer secret-token");
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest request = CreateRequest();
  request.mutable_credentials()->set_bearer_token("secret-token");
  ASSERT_TRUE(Create(*service, request).ok());
  EXPECT_TRUE(Refresh(*service).ok());
}

TEST_F(ChartServiceTest, ReadsWithAClientCertificate) {
  const Certificate clients = Certificate::Authority("clients");
  ChartServer strict({.authority = &authority_, .client_authority = &clients});
  strict.SetIndex(IndexOf({"1.0.0"}));
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest request = CreateRequest();
  request.set_url(strict.url());
  ASSERT_TRUE(Create(*service, request).ok());
  EXPECT_EQ(ReasonOf(Refresh(*service).status()), Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);

  const Certificate client = clients.Issue("berth");
  v1::UpdateChartRepositoryRequest update;
  update.set_name("main");
  *update.mutable_credentials() = request.credentials();
  update.mutable_credentials()->mutable_client_certificate()->set_certificates(
      client.certificate_pem());
  update.mutable_credentials()->mutable_client_certificate()->set_key(client.key_pem());
  ASSERT_TRUE(Update(*service, update).ok());
  const auto refreshed = Refresh(*service);
  EXPECT_TRUE(refreshed.ok()) << refreshed.status();
}

TEST_F(ChartServiceTest, TrustsNobodysOwnAuthorityUnasked) {
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest request = CreateRequest();
  request.clear_credentials();
  ASSERT_TRUE(Create(*service, request).ok());
  const absl::Status status = Refresh(*service).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

TEST_F(ChartServiceTest, FetchesAnIndexAgainOnlyWhenItChanged) {
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  ASSERT_TRUE(Create(*service, CreateRequest()).ok());
  ASSERT_TRUE(Refresh(*service).ok());
  const int fetched = server_.answered(200);
  ASSERT_TRUE(Refresh(*service).ok());
  EXPECT_EQ(server_.answered(200), fetched);
  EXPECT_GE(server_.answered(304), 1);
  EXPECT_EQ(Get(*service)->state().version_count(), 3);

  server_.SetIndex(IndexOf({"1.0.0", "3.0.0"}));
  ASSERT_TRUE(Refresh(*service).ok());
  EXPECT_EQ(server_.answered(200), fetched + 1);
  EXPECT_THAT(Versions(*service, {}), ElementsAre("3.0.0", "1.0.0"));
}

TEST_F(ChartServiceTest, RefusesIndexesThatAreTooLargeOrNone) {
  const auto service = StartService({"--charts.max_index_size=64KiB"});
  ASSERT_NE(service, nullptr);
  server_.SetIndex("entries: {}\n#" + std::string(65'536, 'x'));
  ASSERT_TRUE(Create(*service, CreateRequest()).ok());
  const absl::Status too_large = Refresh(*service).status();
  EXPECT_TRUE(absl::IsResourceExhausted(too_large)) << too_large;
  EXPECT_EQ(ReasonOf(too_large), Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);

  const std::string bomb = "a: &a [x,x,x,x,x]\nb: &b [*a,*a,*a,*a]\nentries: {web: *b}\n";
  for (const std::string& index :
       {std::string("<html>secret</html>"), std::string("entries: {web: ["), bomb,
        "entries: " + std::string(10'000, '['), "{\"entries\": " + std::string(10'000, '[')}) {
    server_.SetIndex(index);
    const absl::Status status = Refresh(*service).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
    EXPECT_THAT(status.ToString(), Not(HasSubstr("secret")));
  }
  server_.SetIndex(IndexOf({"1.0.0"}));
  EXPECT_TRUE(Refresh(*service).ok());
}

TEST_F(ChartServiceTest, FindsChartsAndTheirVersionsOnEveryReplica) {
  const auto one = StartService();
  const auto two = StartService();
  ASSERT_TRUE(one != nullptr && two != nullptr);
  ASSERT_TRUE(Create(*one, CreateRequest()).ok());
  for (HelmServiceProcess* service : {one.get(), two.get()}) {
    const v1::SearchChartsResponse found = Search(*service, "SERVER http");
    ASSERT_EQ(found.charts_size(), 1);
    EXPECT_EQ(found.charts(0).repository(), "main");
    EXPECT_EQ(found.charts(0).chart(), "web");
    EXPECT_EQ(found.charts(0).version(), "1.1.0");
    EXPECT_EQ(found.problems_size(), 0);
    EXPECT_EQ(Search(*service, "database").charts_size(), 0);
    EXPECT_THAT(Versions(*service, {}), ElementsAre("2.0.0-rc.1", "1.1.0", "1.0.0"));
    v1::ListChartVersionsRequest request;
    request.set_version_constraint("^1");
    request.set_page_size(1);
    EXPECT_THAT(Versions(*service, request), ElementsAre("1.1.0", "1.0.0"));
  }
  ASSERT_TRUE(Delete(*two).ok());
  EXPECT_EQ(Search(*one, "").charts_size(), 0);
}

TEST_F(ChartServiceTest, TellsWhichRepositoriesCouldNotBeSearched) {
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  ASSERT_TRUE(Create(*service, CreateRequest()).ok());
  v1::CreateChartRepositoryRequest broken = CreateRequest("broken");
  broken.set_url(server_.url() + "/nothing-here");
  ASSERT_TRUE(Create(*service, broken).ok());
  const v1::SearchChartsResponse found = Search(*service, "web");
  EXPECT_EQ(found.charts_size(), 1);
  ASSERT_EQ(found.problems_size(), 1);
  EXPECT_EQ(found.problems(0).repository(), "broken");
  EXPECT_EQ(ReasonOf(FromRpcStatus(found.problems(0).error())),
            Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

TEST_F(ChartServiceTest, ServesRepositoriesThatKubectlMade) {
  const auto service = StartService({"--charts.refresh_interval=1s"});
  ASSERT_NE(service, nullptr);
  kube::Json secret = kube::NewObject(kube::kSecrets, {.ns = berth_, .name = "login"});
  secret["stringData"] = {{"ca.crt", authority_.certificate_pem()}};
  ASSERT_TRUE(client_->Create(kube::kSecrets, secret).ok());
  kube::Json object = kube::NewObject(kube::kChartRepositories, {.ns = berth_, .name = "main"});
  object["spec"] = {{"type", "HTTP"}, {"url", server_.url()}, {"secretRef", {{"name", "login"}}}};
  ASSERT_TRUE(client_->Create(kube::kChartRepositories, object).ok());
  EXPECT_TRUE(harness::Eventually([&] {
    const auto stored = client_->Get(kube::kChartRepositories, {.ns = berth_, .name = "main"});
    return stored.ok() && kube::IsConditionTrue(*stored, "Ready");
  }));
  EXPECT_EQ(Get(*service)->state().chart_count(), 1);
  ASSERT_TRUE(Delete(*service).ok());
  // Somebody else's Secret is left alone.
  EXPECT_TRUE(client_->Get(kube::kSecrets, {.ns = berth_, .name = "login"}).ok());
}

TEST_F(ChartServiceTest, TakesOnlySourcesThatAreAllowed) {
  const auto service = StartService(
      {"--charts.allowed_sources=https://charts.example.com,oci://registry.example.com"});
  ASSERT_NE(service, nullptr);
  const absl::Status refused = Create(*service, CreateRequest()).status();
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
  EXPECT_THAT(RepositorySecrets(), IsEmpty());

  // One that was made by other means is not fetched from either.
  kube::Json object = kube::NewObject(kube::kChartRepositories, {.ns = berth_, .name = "main"});
  object["spec"] = {{"type", "HTTP"}, {"url", server_.url()}};
  ASSERT_TRUE(client_->Create(kube::kChartRepositories, object).ok());
  EXPECT_EQ(ReasonOf(Refresh(*service).status()), Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
  EXPECT_EQ(server_.answered(200), 0);

  v1::CreateChartRepositoryRequest registry = CreateRequest("registry");
  registry.set_url("oci://registry.example.com/charts");
  const auto created = Create(*service, registry);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->type(), v1::ChartRepository::TYPE_OCI);
  const auto refreshed = Refresh(*service, "registry");
  ASSERT_TRUE(refreshed.ok()) << refreshed.status();
  EXPECT_TRUE(refreshed->state().ready());
  EXPECT_EQ(refreshed->state().reason(), "NoIndex");
}

TEST_F(ChartServiceTest, ListsTheVersionsThatARegistryHas) {
  WebServer registry({.authority = &authority_});
  registry.routes().Get("/v2/charts/web/tags/list",
                        [](const httplib::Request& request, httplib::Response& response) {
                          if (request.get_header_value("Authorization") != kBasic) {
                            response.status = 401;
                            response.set_header("WWW-Authenticate", "Basic realm=\"charts\"");
                            return;
                          }
                          response.set_content(
                              R"({"name": "charts/web",
                                  "tags": ["1.0.0", "latest", "1.10.0_build.1", "2.0.0-rc.1"]})",
                              "application/json");
                        });
  registry.Start();
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest request = CreateRequest();
  request.set_url("oci://" + registry.address() + "/charts");
  request.mutable_credentials()->mutable_basic()->set_username("user");
  request.mutable_credentials()->mutable_basic()->set_password("secret-password");
  ASSERT_TRUE(Create(*service, request).ok());
  EXPECT_THAT(Versions(*service, {}), ElementsAre("2.0.0-rc.1", "1.10.0+build.1", "1.0.0"));
  v1::ListChartVersionsRequest constrained;
  constrained.set_version_constraint("^1");
  EXPECT_THAT(Versions(*service, constrained), ElementsAre("1.10.0+build.1", "1.0.0"));
}

TEST_F(ChartServiceTest, RefusesWhatItCouldNotKeep) {
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  for (const char* url : {"http://plain.example.com", "https://user:hunter2@charts.example.com",
                          "https://charts.example.com/?token=hunter2", "file:///etc", ""}) {
    v1::CreateChartRepositoryRequest request = CreateRequest();
    request.set_url(url);
    const absl::Status status = Create(*service, request).status();
    EXPECT_FALSE(status.ok()) << url;
    EXPECT_THAT(status.ToString(), Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(service->Log(), Not(HasSubstr("hunter2")));
}

TEST_F(ChartServiceTest, InstallsAChartByTheNameOfItsRepository) {
  server_.Demand(kBasic);
  const auto service = StartService();
  ASSERT_NE(service, nullptr);
  v1::CreateChartRepositoryRequest create = CreateRequest();
  create.mutable_credentials()->mutable_basic()->set_username("user");
  create.mutable_credentials()->mutable_basic()->set_password("secret-password");
  ASSERT_TRUE(Create(*service, create).ok());
  v1::InstallReleaseRequest install;
  install.set_namespace_(api_.MakeNamespace());
  install.set_name("web");
  install.mutable_chart()->mutable_repository()->set_repository("main");
  install.mutable_chart()->mutable_repository()->set_chart("web");
  install.mutable_chart()->mutable_repository()->set_version("~1.0");
  grpc::ClientContext context;
  const auto reader = service->helm().InstallRelease(&context, install);
  v1::InstallReleaseResponse response;
  v1::InstallReleaseResponse last;
  while (reader->Read(&response)) last = response;
  const absl::Status status = FromGrpcStatus(reader->Finish());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(last.result().release().chart_version(), "1.0.0");
  EXPECT_THAT(service->Log(), Not(HasSubstr("secret-password")));
}

}  // namespace
}  // namespace berth::helm
