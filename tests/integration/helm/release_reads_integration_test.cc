// Reads of the shipped helm-service, of releases that real Helms made, on a real API server.

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "common/kube/object.h"
#include "common/process/command.h"
#include "common/process/supervisor.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "helm-service/domain/consistency_token.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/program_path.h"
#include "tests/integration/helm/chart.h"
#include "tests/integration/helm/helm_service_test.h"

namespace berth::helm {
namespace {

using harness::Eventually;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Describe(const v1::Release& release) {
  return fmt::format("{}:{}:{}:{}", release.name(), release.revision(),
                     v1::Release::Status_Name(release.status()), release.chart_name());
}

std::vector<std::string> Names(const google::protobuf::RepeatedPtrField<v1::Release>& releases) {
  std::vector<std::string> names;
  for (const v1::Release& release : releases) names.push_back(release.name());
  return names;
}

class ReleaseReadsTest : public HelmServiceTest {
 protected:
  ReleaseReadsTest() {
    std::ofstream(folder_ + "/shop.tgz") << ShopChart();
    std::ofstream(folder_ + "/web.tgz") << WebChart("1.2.3");
  }

  // What the helm program prints; `values` are its standard input.
  std::string Helm(const std::string& arguments, const std::string& values = "") {
    process::Command command{.program = harness::ProgramPath(GetParam()),
                             .arguments = absl::StrSplit(arguments, ' ', absl::SkipEmpty()),
                             .environment = {{"HOME", folder_}, {"KUBECONFIG", api_.kubeconfig()}},
                             .standard_input = values,
                             .timeout = std::chrono::minutes(1)};
    command.arguments.push_back("--namespace=" + ns_);
    const absl::StatusOr<process::Result> result = supervisor_->Run(std::move(command));
    EXPECT_TRUE(result.ok()) << result.status();
    std::string output;
    if (!result.ok()) return output;
    EXPECT_EQ(result->exit.code, 0) << arguments;
    for (const process::OutputLine& line : result->lines) {
      if (line.stream == process::Stream::kStdout) output += line.text + "\n";
    }
    return output;
  }

  std::string InstallShop(const std::string& name = "shop") {
    return Helm(fmt::format("install {} {}/shop.tgz --labels=team=red --values=-", name, folder_),
                kShopValues);
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::HelmService::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const absl::Status status =
        FromGrpcStatus((service_->helm().*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  v1::ListReleasesRequest ListRequest() const {
    v1::ListReleasesRequest request;
    request.set_namespace_(ns_);
    return request;
  }

  absl::StatusOr<v1::ListReleasesResponse> List(const v1::ListReleasesRequest& request) {
    return Call(&v1::HelmService::Stub::ListReleases, request);
  }

  std::vector<std::string> Listed(const v1::ListReleasesRequest& request) {
    const auto response = List(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? Names(response->releases()) : std::vector<std::string>{};
  }

  // Until a list shows so many: the replica hears of a change a moment after Helm has ended.
  void AwaitReleases(int count) {
    ASSERT_TRUE(Eventually([&] { return List(ListRequest())->releases_size() == count; }));
  }

  template <typename Request>
  Request Named(const std::string& name = "shop", int revision = 0) const {
    Request request;
    request.set_namespace_(ns_);
    request.set_name(name);
    request.set_revision(revision);
    return request;
  }

  kube::Json ReleaseSecret(const std::string& name, const std::string& data) const {
    kube::Json secret =
        kube::NewObject(kube::kSecrets, {ns_, fmt::format("sh.helm.release.v1.{}.v1", name)});
    secret["type"] = "helm.sh/release.v1";
    secret["metadata"]["labels"] = {
        {"owner", "helm"}, {"name", name}, {"status", "deployed"}, {"version", "1"}};
    secret["data"]["release"] = absl::Base64Escape(data);
    return secret;
  }

  static constexpr char kShopValues[] = R"(
dropped: null
added: 12345678901
table: {x: null, y: {deep: true}, more: [1, {two: null}]}
db: {port: null, extra: 1.5}
password: opensesame
)";

  const std::unique_ptr<process::Supervisor> supervisor_ = *process::Supervisor::Create();
};

INSTANTIATE_TEST_SUITE_P(Helms, ReleaseReadsTest, ::testing::Values("helm", "helm3"),
                         [](const auto& info) { return info.param; });

TEST_P(ReleaseReadsTest, ListsByEveryFilterAndOrder) {
  InstallShop("shop-b");
  Helm(fmt::format("install web {}/web.tgz", folder_));
  InstallShop("shop-a");
  Helm(fmt::format("upgrade web {}/web.tgz", folder_));
  AwaitReleases(3);
  // A list waits for bodies, so that charts are there whenever releases are.
  ASSERT_TRUE(Eventually([&] { return List(ListRequest())->releases(2).revision() == 2; }));
  EXPECT_THAT(Listed(ListRequest()), ElementsAre("shop-a", "shop-b", "web"));

  v1::ListReleasesRequest request = ListRequest();
  request.mutable_filter()->set_chart_name("shop");
  EXPECT_THAT(Listed(request), ElementsAre("shop-a", "shop-b"));
  request.set_order_by("deploy_time");
  EXPECT_THAT(Listed(request), ElementsAre("shop-b", "shop-a"));
  request.set_order_by("name desc");
  EXPECT_THAT(Listed(request), ElementsAre("shop-b", "shop-a"));

  request = ListRequest();
  request.mutable_filter()->set_label_selector("team=red");
  request.mutable_filter()->set_name_pattern("*-a");
  EXPECT_THAT(Listed(request), ElementsAre("shop-a"));

  request = ListRequest();
  request.mutable_filter()->add_statuses(v1::Release::STATUS_FAILED);
  EXPECT_THAT(Listed(request), IsEmpty());
  request.mutable_filter()->add_statuses(v1::Release::STATUS_DEPLOYED);
  EXPECT_EQ(Listed(request).size(), 3);

  request = ListRequest();
  request.set_page_size(2);
  const auto first = List(request);
  EXPECT_THAT(Names(first->releases()), ElementsAre("shop-a", "shop-b"));
  request.set_page_token(first->next_page_token());
  EXPECT_THAT(Listed(request), ElementsAre("web"));
  request.set_order_by("name");
  EXPECT_EQ(ReasonOf(List(request).status()), Reason::ERROR_REASON_INVALID_PAGE_TOKEN);

  const v1::Release& shop = first->releases(0);
  EXPECT_EQ(shop.chart_version(), "2.0.0");
  EXPECT_EQ(shop.app_version(), "7");
  EXPECT_EQ(shop.labels().at("team"), "red");
  EXPECT_EQ(shop.labels().size(), 1);
  EXPECT_EQ(shop.notes(), "");
  EXPECT_GT(shop.deploy_time().seconds(), 0);
}

TEST_P(ReleaseReadsTest, ReadsTheHistoryAndEachRevision) {
  Helm(fmt::format("install web {}/web.tgz --set=note=one", folder_));
  Helm(fmt::format("upgrade web {}/web.tgz --set=note=two", folder_));
  Helm("rollback web 1");

  v1::ListReleaseRevisionsRequest request;
  request.set_namespace_(ns_);
  request.set_name("web");
  request.set_page_size(2);
  auto page = Call(&v1::HelmService::Stub::ListReleaseRevisions, request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->revisions_size(), 2);
  EXPECT_EQ(Describe(page->revisions(0)), "web:3:STATUS_DEPLOYED:web");
  EXPECT_EQ(page->revisions(0).description(), "Rollback to 1");
  EXPECT_EQ(Describe(page->revisions(1)), "web:2:STATUS_SUPERSEDED:web");
  request.set_page_token(page->next_page_token());
  page = Call(&v1::HelmService::Stub::ListReleaseRevisions, request);
  ASSERT_EQ(page->revisions_size(), 1);
  EXPECT_EQ(Describe(page->revisions(0)), "web:1:STATUS_SUPERSEDED:web");
  EXPECT_EQ(page->next_page_token(), "");

  const auto newest = Call(&v1::HelmService::Stub::GetRelease, Named<v1::GetReleaseRequest>("web"));
  EXPECT_EQ(newest->release().revision(), 3);
  EXPECT_THAT(newest->release().notes(), HasSubstr("for web"));
  const auto first =
      Call(&v1::HelmService::Stub::GetRelease, Named<v1::GetReleaseRequest>("web", 1));
  EXPECT_EQ(Describe(first->release()), "web:1:STATUS_SUPERSEDED:web");
  const auto values =
      Call(&v1::HelmService::Stub::GetReleaseValues, Named<v1::GetReleaseValuesRequest>("web", 2));
  EXPECT_EQ(values->revision(), 2);
  EXPECT_EQ(values->values().fields().at("note").string_value(), "two");

  for (const auto& [name, revision] : std::map<std::string, int>{{"web", 9}, {"other", 0}}) {
    EXPECT_EQ(ReasonOf(Call(&v1::HelmService::Stub::GetRelease,
                            Named<v1::GetReleaseRequest>(name, revision))
                           .status()),
              Reason::ERROR_REASON_RELEASE_NOT_FOUND);
    EXPECT_EQ(ReasonOf(Call(&v1::HelmService::Stub::GetReleaseManifest,
                            Named<v1::GetReleaseManifestRequest>(name, revision))
                           .status()),
              Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  }
  request.set_name("other");
  request.clear_page_token();
  EXPECT_EQ(ReasonOf(Call(&v1::HelmService::Stub::ListReleaseRevisions, request).status()),
            Reason::ERROR_REASON_RELEASE_NOT_FOUND);
}

TEST_P(ReleaseReadsTest, ValuesAreThoseThatHelmTells) {
  InstallShop();
  v1::GetReleaseValuesRequest request = Named<v1::GetReleaseValuesRequest>();
  for (const bool all : {false, true}) {
    request.set_kind(all ? v1::GetReleaseValuesRequest::KIND_COMPUTED
                         : v1::GetReleaseValuesRequest::KIND_USER_SUPPLIED);
    const auto values = Call(&v1::HelmService::Stub::GetReleaseValues, request);
    ASSERT_TRUE(values.ok()) << values.status();
    std::string text;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(values->values(), &text).ok());
    const std::string told =
        Helm(fmt::format("get values shop --output=json {}", all ? "--all" : ""));
    EXPECT_EQ(kube::Json::parse(text), kube::Json::parse(told)) << text << "\n" << told;
  }
  // The chart of a stored release has lost its subcharts, whose defaults are in none of the
  // answers.
}

TEST_P(ReleaseReadsTest, SecretsInManifestAndHooksAreMaskedUnlessAskedForAndAllowed) {
  InstallShop();
  auto request = Named<v1::GetReleaseManifestRequest>();
  const auto masked = Call(&v1::HelmService::Stub::GetReleaseManifest, request);
  ASSERT_TRUE(masked.ok()) << masked.status();
  EXPECT_EQ(masked->revision(), 1);
  EXPECT_THAT(masked->manifest(), AllOf(HasSubstr("kind: Secret"), HasSubstr("password"),
                                        Not(HasSubstr("opensesame"))));
  request.set_show_secrets(true);
  const auto refused = Call(&v1::HelmService::Stub::GetReleaseManifest, request);
  EXPECT_EQ(ReasonOf(refused.status()), Reason::ERROR_REASON_SECRETS_NOT_SHOWN);
  const std::unique_ptr<HelmServiceProcess> silent =
      std::exchange(service_, StartService(8, {"--helm.allow_showing_secrets=true"}));
  const auto shown = Call(&v1::HelmService::Stub::GetReleaseManifest, request);
  EXPECT_EQ(shown->manifest() + "\n", Helm("get manifest shop"));

  auto hooks_request = Named<v1::ListReleaseHooksRequest>();
  const auto hooks = Call(&v1::HelmService::Stub::ListReleaseHooks, hooks_request);
  ASSERT_TRUE(hooks.ok()) << hooks.status();
  ASSERT_EQ(hooks->hooks_size(), 1);
  const v1::ReleaseHook& hook = hooks->hooks(0);
  EXPECT_EQ(hook.name(), "shop-before");
  EXPECT_EQ(hook.kind(), "Secret");
  EXPECT_EQ(hook.path(), "shop/templates/hook.yaml");
  EXPECT_THAT(hook.events(), ElementsAre("pre-install", "pre-upgrade"));
  EXPECT_EQ(hook.weight(), -5);
  EXPECT_THAT(hook.delete_policies(), ElementsAre("before-hook-creation"));
  EXPECT_EQ(hook.phase(), v1::ReleaseHook::PHASE_SUCCEEDED);
  EXPECT_GT(hook.start_time().seconds(), 0);
  EXPECT_THAT(hook.manifest(), Not(HasSubstr("opensesame")));
  hooks_request.set_show_secrets(true);
  const auto shown_hooks = Call(&v1::HelmService::Stub::ListReleaseHooks, hooks_request);
  EXPECT_THAT(shown_hooks->hooks(0).manifest(), HasSubstr("opensesame"));
}

TEST_P(ReleaseReadsTest, WatchersHearOfWhatFitsTheirFilter) {
  InstallShop();
  AwaitReleases(1);
  v1::WatchReleasesRequest request;
  request.mutable_filter()->add_namespaces(ns_);
  request.mutable_filter()->set_chart_name("shop");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto watch = service_->helm().WatchReleases(&context, request);
  v1::WatchReleasesResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_THAT(Names(response.snapshot().releases()), ElementsAre("shop"));
  EXPECT_TRUE(response.snapshot().complete());

  Helm(fmt::format("install web {}/web.tgz", folder_));
  Helm(fmt::format("upgrade shop {}/shop.tgz", folder_));
  do {
    ASSERT_TRUE(watch->Read(&response));
    ASSERT_EQ(response.changed().name(), "shop");
  } while (Describe(response.changed()) != "shop:2:STATUS_DEPLOYED:shop");
  Helm("uninstall shop");
  do {
    ASSERT_TRUE(watch->Read(&response));
  } while (response.has_changed());
  EXPECT_EQ(response.removed().namespace_(), ns_);
  EXPECT_EQ(response.removed().name(), "shop");
  context.TryCancel();
}

TEST_P(ReleaseReadsTest, DamagedBodiesAndForeignSecretsHarmNobody) {
  InstallShop();
  ASSERT_TRUE(client_->Create(kube::kSecrets, ReleaseSecret("damaged", "H4sIAAAA")).ok());
  kube::Json foreign = ReleaseSecret("foreign", "H4sIAAAA");
  foreign["metadata"]["name"] = "sh.helm.release.v1.other.v1";
  ASSERT_TRUE(client_->Create(kube::kSecrets, foreign).ok());
  kube::Json nameless = ReleaseSecret("nameless", "H4sIAAAA");
  nameless["metadata"].erase("labels");
  ASSERT_TRUE(client_->Create(kube::kSecrets, nameless).ok());
  AwaitReleases(2);
  const auto listed = List(ListRequest());
  EXPECT_EQ(Describe(listed->releases(0)), "damaged:1:STATUS_DEPLOYED:");
  EXPECT_EQ(Describe(listed->releases(1)), "shop:1:STATUS_DEPLOYED:shop");

  EXPECT_EQ(
      ReasonOf(Call(&v1::HelmService::Stub::GetRelease, Named<v1::GetReleaseRequest>("damaged"))
                   .status()),
      Reason::ERROR_REASON_RELEASE_UNREADABLE);
  EXPECT_EQ(ReasonOf(Call(&v1::HelmService::Stub::GetReleaseValues,
                          Named<v1::GetReleaseValuesRequest>("damaged"))
                         .status()),
            Reason::ERROR_REASON_RELEASE_UNREADABLE);
  v1::ListReleaseRevisionsRequest history;
  history.set_namespace_(ns_);
  history.set_name("damaged");
  EXPECT_EQ(Call(&v1::HelmService::Stub::ListReleaseRevisions, history)->revisions_size(), 1);
}

// The last message of an operation.
template <typename Response>
Response LastOf(grpc::ClientReader<Response>& reader) {
  Response last;
  for (Response next; reader.Read(&next);) last = next;
  EXPECT_TRUE(reader.Finish().ok());
  return last;
}

TEST_P(ReleaseReadsTest, AnotherReplicaShowsWhatATokenSpeaksOf) {
  const auto other = StartService();
  v1::ListReleasesRequest list = ListRequest();
  const auto listed_there = [&](const std::string& token) {
    list.set_consistency_token(token);
    v1::ListReleasesResponse response;
    grpc::ClientContext context;
    const grpc::Status status = other->helm().ListReleases(&context, list, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return Names(response.releases());
  };
  for (int round = 0; round < 3; ++round) {
    v1::InstallReleaseRequest install;
    install.set_namespace_(ns_);
    install.set_name("web");
    install.mutable_chart()->set_archive(WebChart("1.2.3"));
    grpc::ClientContext install_context;
    const auto installed = LastOf(*service_->helm().InstallRelease(&install_context, install));
    ASSERT_NE(installed.result().consistency_token(), "");
    EXPECT_THAT(listed_there(installed.result().consistency_token()), ElementsAre("web"));

    v1::UninstallReleaseRequest uninstall;
    uninstall.set_namespace_(ns_);
    uninstall.set_name("web");
    grpc::ClientContext uninstall_context;
    const auto removed = LastOf(*service_->helm().UninstallRelease(&uninstall_context, uninstall));
    ASSERT_NE(removed.result().consistency_token(), "");
    EXPECT_THAT(listed_there(removed.result().consistency_token()), IsEmpty());
  }
  list.set_consistency_token(ConsistencyToken{.version = 1ull << 60}.ToString());
  v1::ListReleasesResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(ReasonOf(FromGrpcStatus(other->helm().ListReleases(&context, list, &response))),
            Reason::ERROR_REASON_NOT_READY);
}

}  // namespace
}  // namespace berth::helm
