// Where charts come from: the shipped helm-service against a real API server, a real registry, and
// a web server of an authority of its own.

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "helm-service/domain/sha256.h"
#include "tests/helm-service/domain/tar_builder.h"
#include "tests/helm-service/web/certificates.h"
#include "tests/helm-service/web/web_server.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/program_path.h"
#include "tests/integration/helm/chart.h"
#include "tests/integration/helm/helm_service_process.h"
#include "tests/integration/helm/registry.h"

namespace berth::helm {
namespace {

using harness::ApiServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::SizeIs;

struct Outcome {
  std::vector<std::string> phases;
  v1::Release release;
  absl::Status status;
};

std::vector<std::string> FieldsAtFault(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

// A folder that an environment variable names; empty if it does not.
std::string FolderOf(const char* variable) {
  const char* folder = std::getenv(variable);
  return folder == nullptr ? "" : folder;
}

class ChartSourcesTest : public ::testing::Test {
 protected:
  ChartSourcesTest()
      : api_(ApiServer::Shared()),
        berth_(api_.MakeNamespace()),
        ns_(api_.MakeNamespace()),
        folder_(fmt::format("{}/{}", api_.folder(), berth_)),
        helm_(harness::ProgramPath("helm")),
        web_({.authority = &authority_}) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/ca.pem") << authority_.certificate_pem();
  }

  void StartService(const std::vector<std::string>& flags) {
    auto service = HelmServiceProcess::Start({.kubeconfig = api_.kubeconfig(),
                                              .ns = berth_,
                                              .helm = helm_,
                                              .folder = folder_,
                                              .flags = flags});
    ASSERT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
  }

  void ServeCharts() {
    web_.routes().Get(R"(/(.*)\.tgz)",
                      [this](const httplib::Request& request, httplib::Response& answer) {
                        const auto found = archives_.find(request.matches[1].str());
                        answer.status = found == archives_.end() ? 404 : 200;
                        if (answer.status == 200) {
                          answer.set_content(found->second, "application/gzip");
                        }
                      });
    web_.Start();
  }

  v1::InstallReleaseRequest Request(const std::string& name) const {
    v1::InstallReleaseRequest request;
    request.set_namespace_(ns_);
    request.set_name(name);
    return request;
  }

  Outcome Install(const v1::InstallReleaseRequest& request) {
    grpc::ClientContext context;
    const auto reader = service_->helm().InstallRelease(&context, request);
    Outcome outcome;
    v1::InstallReleaseResponse response;
    while (reader->Read(&response)) {
      if (response.update().has_phase()) {
        outcome.phases.push_back(response.update().phase().phase());
      }
      if (response.has_result()) outcome.release = response.result().release();
    }
    outcome.status = FromGrpcStatus(reader->Finish());
    return outcome;
  }

  Outcome InstallFrom(const std::string& name, const std::string& reference,
                      const std::string& version = "", const std::string& sha256 = "") {
    v1::InstallReleaseRequest request = Request(name);
    request.mutable_chart()->set_reference(reference);
    request.mutable_chart()->set_version(version);
    request.mutable_chart()->set_sha256(sha256);
    return Install(request);
  }

  bool Exists(const std::string& name) {
    v1::GetReleaseRequest request;
    request.set_namespace_(ns_);
    request.set_name(name);
    grpc::ClientContext context;
    v1::GetReleaseResponse response;
    return service_->helm().GetRelease(&context, request, &response).ok();
  }

  ApiServer& api_;
  const std::string berth_;
  const std::string ns_;
  const std::string folder_;
  const std::string helm_;
  const Certificate authority_ = Certificate::Authority("test authority");
  std::map<std::string, std::string> archives_;
  WebServer web_;
  std::unique_ptr<HelmServiceProcess> service_;
};

TEST_F(ChartSourcesTest, InstallsFromARegistryByTagDigestAndVersion) {
  const auto registry = Registry::Start(folder_ + "/registry");
  ASSERT_TRUE(registry.ok()) << registry.status();
  const auto digest = (*registry)->Push(helm_, WebChart("1.2.3+build.7"));
  ASSERT_TRUE(digest.ok()) << digest.status();
  ASSERT_TRUE((*registry)->Push(helm_, WebChart("1.3.0")).ok());
  ASSERT_TRUE((*registry)->Push(helm_, WebChart("2.0.0-rc.1")).ok());
  StartService({"--charts.allow_plain_http=true"});
  const std::string web = fmt::format("oci://{}/charts/web", (*registry)->address());

  const Outcome by_tag = InstallFrom("by-tag", web + ":1.2.3+build.7");
  ASSERT_TRUE(by_tag.status.ok()) << by_tag.status;
  EXPECT_EQ(by_tag.release.chart_version(), "1.2.3+build.7");
  EXPECT_THAT(by_tag.phases, Contains("FETCHING_CHART"));

  const Outcome by_digest = InstallFrom("by-digest", web + "@" + *digest);
  ASSERT_TRUE(by_digest.status.ok()) << by_digest.status;
  EXPECT_EQ(by_digest.release.chart_version(), "1.2.3+build.7");

  EXPECT_EQ(InstallFrom("newest", web).release.chart_version(), "1.3.0");
  EXPECT_EQ(InstallFrom("patched", web, "~1.2").release.chart_version(), "1.2.3+build.7");
  EXPECT_EQ(InstallFrom("early", web, ">=2.0.0-0").release.chart_version(), "2.0.0-rc.1");

  EXPECT_EQ(ReasonOf(InstallFrom("none", web, "^3").status), Reason::ERROR_REASON_CHART_NOT_FOUND);
  EXPECT_EQ(ReasonOf(InstallFrom("none", web + ":9").status), Reason::ERROR_REASON_CHART_NOT_FOUND);
  EXPECT_FALSE(Exists("none"));
}

TEST_F(ChartSourcesTest, InstallsFromAWebServerWhatIsOfTheDigestAskedFor) {
  archives_["web"] = WebChart("1.2.3");
  ServeCharts();
  StartService({"--charts.ca_file=" + folder_ + "/ca.pem"});
  const std::string url = web_.Url("/web.tgz");

  const Outcome installed = InstallFrom("web", url, "", Sha256::Of(archives_["web"]).hex());
  ASSERT_TRUE(installed.status.ok()) << installed.status;
  EXPECT_EQ(installed.release.chart_version(), "1.2.3");

  EXPECT_EQ(ReasonOf(InstallFrom("other", url, "", Sha256::Of("other").hex()).status),
            Reason::ERROR_REASON_CHART_DIGEST_MISMATCH);
  EXPECT_EQ(ReasonOf(InstallFrom("other", web_.Url("/none.tgz")).status),
            Reason::ERROR_REASON_CHART_NOT_FOUND);
  EXPECT_FALSE(Exists("other"));
}

TEST_F(ChartSourcesTest, TrustsNoServerOfAnUnknownAuthority) {
  archives_["web"] = WebChart("1.2.3");
  ServeCharts();
  StartService({});
  const Outcome refused = InstallFrom("web", web_.Url("/web.tgz"));
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused.status), Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

TEST_F(ChartSourcesTest, FetchesOnlyFromAllowedSources) {
  archives_["stable/web"] = WebChart("1.2.3");
  archives_["other/web"] = WebChart("1.2.3");
  ServeCharts();
  StartService({"--charts.ca_file=" + folder_ + "/ca.pem",
                "--charts.allowed_sources=" + web_.Url("/stable"),
                "--charts.allow_archives=false"});
  EXPECT_TRUE(InstallFrom("web", web_.Url("/stable/web.tgz")).status.ok());
  for (const std::string& reference :
       {web_.Url("/other/web.tgz"), std::string("oci://127.0.0.1:1/charts/web:1")}) {
    EXPECT_EQ(ReasonOf(InstallFrom("other", reference).status),
              Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
  }
  v1::InstallReleaseRequest archive = Request("other");
  archive.mutable_chart()->set_archive(WebChart("1.2.3"));
  EXPECT_EQ(ReasonOf(Install(archive).status), Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
}

TEST_F(ChartSourcesTest, RefusesLinksAndBombsBeforeHelmSeesThem) {
  const TarBuilder chart = TarBuilder().File("web/Chart.yaml", "name: web\nversion: 1.0.0");
  archives_["link"] = TarBuilder(chart).Entry("web/values.yaml", '2', "", "/etc/passwd").Gzip();
  std::string zeros;
  zeros.resize(110'000'000);
  archives_["bomb"] = TarBuilder(chart).File("web/templates/x", zeros).Gzip();
  archives_["large"] = std::string((16 << 20) + 1, 'x');
  ServeCharts();
  StartService({"--charts.ca_file=" + folder_ + "/ca.pem"});
  EXPECT_EQ(ReasonOf(InstallFrom("link", web_.Url("/link.tgz")).status),
            Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_EQ(ReasonOf(InstallFrom("bomb", web_.Url("/bomb.tgz")).status),
            Reason::ERROR_REASON_CHART_INVALID);
  const absl::Status large = InstallFrom("large", web_.Url("/large.tgz")).status;
  EXPECT_EQ(large.code(), absl::StatusCode::kResourceExhausted) << large;
}

TEST_F(ChartSourcesTest, CancelsAFetchThatHangs) {
  std::promise<void> asked;
  std::promise<void> end;
  web_.routes().Get("/slow.tgz", [&](const httplib::Request&, httplib::Response&) {
    asked.set_value();
    end.get_future().wait();
  });
  web_.Start();
  StartService({"--charts.ca_file=" + folder_ + "/ca.pem"});
  v1::InstallReleaseRequest request = Request("slow");
  request.mutable_chart()->set_reference(web_.Url("/slow.tgz"));
  grpc::ClientContext context;
  const auto reader = service_->helm().InstallRelease(&context, request);
  v1::InstallReleaseResponse response;
  ASSERT_TRUE(reader->Read(&response));
  asked.get_future().wait();
  operation::v1::CancelOperationRequest cancel;
  cancel.set_name(response.update().operation());
  operation::v1::CancelOperationResponse cancelled;
  grpc::ClientContext cancel_context;
  ASSERT_TRUE(service_->operations().CancelOperation(&cancel_context, cancel, &cancelled).ok());
  while (reader->Read(&response)) continue;
  EXPECT_EQ(ReasonOf(FromGrpcStatus(reader->Finish())), Reason::ERROR_REASON_CANCELLED);
  EXPECT_THAT(service_->HelmPids(), SizeIs(0));
  end.set_value();
}

TEST_F(ChartSourcesTest, ListsAllThatASchemaDoesNotAllowBeforeHelmStarts) {
  StartService({});
  v1::InstallReleaseRequest request = Request("web");
  request.mutable_chart()->set_archive(
      TarBuilder()
          .File("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
          .File("web/values.yaml", "image: {tag: v1}\nreplicas: 1\n")
          .File("web/values.schema.json", R"({"properties": {
              "image": {"properties": {"tag": {"type": "string"}}},
              "replicas": {"type": "integer", "minimum": 1}}})")
          .Gzip());
  request.add_values()->set_yaml("image: {tag: 5}\nreplicas: 0\n");
  const Outcome refused = Install(request);
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refused.status), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_THAT(FieldsAtFault(refused.status), ElementsAre("values.image.tag", "values.replicas"));
  EXPECT_THAT(refused.phases, Not(Contains("INSTALLING")));
  EXPECT_FALSE(Exists("web"));
}

// Charts that others made, with what they need to come up without nodes and without their hooks.
struct RealChart {
  const char* name;
  const char* values;
  /// A value that its schema does not allow; empty if it has none.
  const char* bad_values;
  const char* bad_field;
};

class RealChartsTest : public ChartSourcesTest, public ::testing::WithParamInterface<RealChart> {
 protected:
  // The archive of the parameter's chart out of $BERTH_CHARTS.
  static std::string Archive() {
    const std::string folder = FolderOf("BERTH_CHARTS");
    if (folder.empty()) return "";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!entry.path().filename().string().starts_with(GetParam().name)) continue;
      std::ifstream file(entry.path());
      return {std::istreambuf_iterator<char>(file), {}};
    }
    return "";
  }
};

TEST_P(RealChartsTest, Install) {
  archives_["chart"] = Archive();
  ASSERT_FALSE(archives_["chart"].empty()) << "no such chart in $BERTH_CHARTS: run ./dev test";
  ServeCharts();
  StartService({"--charts.ca_file=" + folder_ + "/ca.pem"});
  v1::InstallReleaseRequest request = Request("real");
  request.mutable_chart()->set_reference(web_.Url("/chart.tgz"));
  if (*GetParam().bad_values != '\0') {
    request.add_values()->set_yaml(GetParam().bad_values);
    EXPECT_THAT(FieldsAtFault(Install(request).status), ElementsAre(GetParam().bad_field));
    request.clear_values();
  }
  request.add_values()->set_yaml(GetParam().values);
  const Outcome installed = Install(request);
  EXPECT_TRUE(installed.status.ok()) << installed.status;
  EXPECT_EQ(installed.release.chart_name(), GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    Charts, RealChartsTest,
    ::testing::Values(RealChart{"ingress-nginx",
                                "controller: {admissionWebhooks: {enabled: false}}", "", ""},
                      RealChart{"metallb", "{}", "prometheus: {scrapeAnnotations: often}",
                                "values.prometheus.scrapeAnnotations"},
                      RealChart{"external-dns", "{}", "logLevel: loud", "values.logLevel"},
                      RealChart{"metrics-server", "apiService: {create: false}", "", ""},
                      RealChart{"node-feature-discovery", "{}", "", ""}),
    [](const auto& chart) {
      std::string name = chart.param.name;
      std::erase(name, '-');
      return name;
    });

}  // namespace
}  // namespace berth::helm
