// Rendering and comparing, with real Helms.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/tar_builder.h"
#include "tests/integration/helm/helm_service_test.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kTemplate[] = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data:
  note: {{ .Values.note | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version | quote }}
  knows: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}
  upgrade: {{ .Release.IsUpgrade | quote }}
  namespace: {{ (lookup "v1" "Namespace" "" .Release.Namespace).kind | default "none" | quote }}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {user: admin, password: {{ .Values.password | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-hook
  annotations: {helm.sh/hook: post-install}
)";

std::string Chart() {
  return TarBuilder()
      .File("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
      .File("web/values.yaml", "note: none\npassword: hunter2\n")
      .File("web/values.schema.json", R"({"properties": {"note": {"type": "string"}}})")
      .File("web/crds/things.yaml",
            "apiVersion: apiextensions.k8s.io/v1\n"
            "kind: CustomResourceDefinition\nmetadata: {name: things}\n")
      .File("web/templates/all.yaml", kTemplate)
      .File("web/templates/NOTES.txt", "Welcome to {{ .Release.Name }}\n")
      .Gzip();
}

class RenderTest : public HelmServiceTest {
 protected:
  v1::RenderChartRequest RenderRequest(const std::string& values = "note: hello") const {
    auto request = Named<v1::RenderChartRequest>();
    request.mutable_chart()->set_archive(Chart());
    request.add_values()->set_yaml(values);
    return request;
  }

  absl::StatusOr<v1::RenderChartResponse> Render(const v1::RenderChartRequest& request) {
    v1::RenderChartResponse response;
    grpc::ClientContext context;
    const auto status = FromGrpcStatus(service_->helm().RenderChart(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<v1::PreviewReleaseResponse> Preview(const std::string& values) {
    auto request = Named<v1::PreviewReleaseRequest>();
    request.mutable_proposal()->mutable_chart()->set_archive(Chart());
    request.mutable_proposal()->add_values()->set_yaml(values);
    v1::PreviewReleaseResponse response;
    grpc::ClientContext context;
    const auto status =
        FromGrpcStatus(service_->helm().PreviewRelease(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<v1::DiffReleaseResponse> Diff(const v1::DiffReleaseRequest& request) {
    v1::DiffReleaseResponse response;
    grpc::ClientContext context;
    const auto status = FromGrpcStatus(service_->helm().DiffRelease(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  v1::DiffReleaseRequest DiffWith(const std::string& values) const {
    auto request = Named<v1::DiffReleaseRequest>();
    request.mutable_proposal()->mutable_chart()->set_archive(Chart());
    request.mutable_proposal()->add_values()->set_yaml(values);
    return request;
  }

  void InstallChart(const std::string& values) {
    v1::InstallReleaseRequest request = InstallRequest(values);
    request.mutable_chart()->set_archive(Chart());
    request.mutable_apply()->set_skip_crds(true);  // it is none that Kubernetes would take
    const auto installed = Install(request);
    ASSERT_TRUE(installed.status.ok()) << installed.status;
  }

  void UpgradeChart(const std::string& values) {
    v1::UpgradeReleaseRequest request = UpgradeRequest(values);
    request.mutable_chart()->set_archive(Chart());
    ASSERT_TRUE(Upgrade(request).status.ok());
  }

  // "KIND NAME" of each object.
  template <typename Objects>
  static std::vector<std::string> Names(const Objects& objects) {
    std::vector<std::string> names;
    for (const auto& object : objects) names.push_back(object.kind() + " " + object.name());
    return names;
  }

  // "TYPE KIND NAME" of each.
  static std::vector<std::string> Summary(const v1::DiffReleaseResponse& diff) {
    std::vector<std::string> texts;
    for (const v1::ObjectChange& change : diff.objects()) {
      texts.push_back(fmt::format("{} {} {}", v1::ObjectChange::Type_Name(change.type()),
                                  change.object().kind(), change.object().name()));
    }
    return texts;
  }
};

INSTANTIATE_TEST_SUITE_P(Helms, RenderTest, ::testing::Values("helm", "helm3"),
                         [](const auto& info) { return info.param; });

TEST_P(RenderTest, RendersAChartWithNothingButTheRequest) {
  v1::RenderChartRequest request = RenderRequest();
  request.set_kube_version("1.30.1");
  request.add_api_versions("example.com/v1");
  request.set_include_crds(true);
  request.set_is_upgrade(true);
  const auto response = Render(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(Names(response->objects()),
              ElementsAre("CustomResourceDefinition things", "Secret web", "ConfigMap web",
                          "ConfigMap web-hook"));
  EXPECT_EQ(response->objects(0).source(), "web/crds/things.yaml");
  EXPECT_THAT(response->objects(1).yaml(), HasSubstr("password: \"[masked]\"\n"));
  const std::string& config = response->objects(2).yaml();
  EXPECT_EQ(response->objects(2).source(), "web/templates/all.yaml");
  EXPECT_THAT(config, HasSubstr("note: \"hello\""));
  EXPECT_THAT(config, HasSubstr("kubernetes: \"v1.30.1\""));
  EXPECT_THAT(config, HasSubstr("knows: \"true\""));
  EXPECT_THAT(config, HasSubstr("upgrade: \"true\""));
  EXPECT_THAT(config, HasSubstr("namespace: \"none\""));
  EXPECT_THAT(response->objects(3).hook_events(), ElementsAre("post-install"));
}

TEST_P(RenderTest, LeavesOutWhatIsNotAskedFor) {
  v1::RenderChartRequest request = RenderRequest();
  request.set_disable_hooks(true);
  const auto response = Render(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(Names(response->objects()), ElementsAre("Secret web", "ConfigMap web"));
}

TEST_P(RenderTest, RendersWhatTheSchemaForbidsIfAskedNotToLook) {
  v1::RenderChartRequest request = RenderRequest("note: 7");
  EXPECT_EQ(ReasonOf(Render(request).status()), Reason::ERROR_REASON_INVALID_FIELD);
  request.set_skip_schema_validation(true);
  const auto response = Render(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->objects(1).yaml(), HasSubstr("note: \"7\""));
}

TEST_P(RenderTest, RefusesWhatCannotBeRenderedAndSecretsThatMayNotBeShown) {
  v1::RenderChartRequest request = RenderRequest("note: [a, b]");
  EXPECT_EQ(ReasonOf(Render(request).status()), Reason::ERROR_REASON_INVALID_FIELD);
  request = RenderRequest("note: hello");
  request.set_show_secrets(true);
  EXPECT_EQ(ReasonOf(Render(request).status()), Reason::ERROR_REASON_SECRETS_NOT_SHOWN);
  request = RenderRequest();
  request.set_kube_version("--post-renderer=x");
  request.add_api_versions("a,b");
  EXPECT_THAT(FieldViolationsOf(Render(request).status()), SizeIs(2));
  request = RenderRequest();
  request.mutable_chart()->set_archive(
      TarBuilder()
          .File("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
          .File("web/templates/a.yaml", "{{ fail (printf \"no %s\" .Values.note) }}")
          .Gzip());
  request.clear_values();
  request.add_values()->set_yaml("note: open-sesame");
  const absl::Status failed = Render(request).status();
  EXPECT_EQ(ReasonOf(failed), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_THAT(std::string(failed.message()), HasSubstr("no [redacted]"));
}

TEST_P(RenderTest, ShowsSecretsWhereTheConfigurationAllowsIt) {
  service_ = StartService(8, {"--helm.allow_showing_secrets=true"});
  v1::RenderChartRequest request = RenderRequest();
  request.set_show_secrets(true);
  const auto response = Render(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->objects(0).yaml(), HasSubstr("hunter2"));
}

TEST_P(RenderTest, PreviewsAnInstallAndAnUpgradeAgainstTheCluster) {
  const auto install = Preview("note: hello");
  ASSERT_TRUE(install.ok()) << install.status();
  EXPECT_EQ(install->revision(), 1);
  EXPECT_EQ(install->notes(), "Welcome to web\n");
  EXPECT_THAT(Names(install->objects()),
              ElementsAre("Secret web", "ConfigMap web", "ConfigMap web-hook"));
  EXPECT_THAT(install->objects(0).yaml(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(install->objects(1).yaml(), HasSubstr("namespace: \"Namespace\""));
  EXPECT_EQ(install->objects(2).source(), "web/templates/all.yaml");
  EXPECT_FALSE(GetRelease().ok());

  InstallChart("note: hello");
  const auto upgrade = Preview("note: changed");
  ASSERT_TRUE(upgrade.ok()) << upgrade.status();
  EXPECT_EQ(upgrade->revision(), 2);
  EXPECT_THAT(upgrade->objects(1).yaml(), HasSubstr("upgrade: \"true\""));
  EXPECT_THAT(ReleaseNames(), ElementsAre("web:1:1.0.0"));
  EXPECT_EQ(ConfigMapValue("note"), "hello");
}

TEST_P(RenderTest, ComparesARevisionWithAProposal) {
  InstallChart("{note: hello, password: hunter2}");
  const auto diff = Diff(DiffWith("{note: changed, password: hunter3}"));
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->from_revision(), 1);
  EXPECT_EQ(diff->to_revision(), 0);
  EXPECT_THAT(Summary(*diff), ElementsAre("TYPE_CHANGED Secret web", "TYPE_CHANGED ConfigMap web",
                                          "TYPE_UNCHANGED ConfigMap web-hook"));
  const v1::ObjectChange& secret = diff->objects(0);
  ASSERT_THAT(secret.fields(), SizeIs(1));
  EXPECT_EQ(secret.fields(0).path(), "/stringData/password");
  EXPECT_EQ(secret.fields(0).before(), "\"[masked, before]\"");
  EXPECT_EQ(secret.fields(0).after(), "\"[masked, after]\"");
  EXPECT_THAT(secret.unified(), Not(HasSubstr("hunter")));
  EXPECT_THAT(diff->objects(1).unified(), HasSubstr("-  note: hello\n"));
  EXPECT_THAT(diff->objects(1).unified(), HasSubstr("+  note: changed\n"));
}

TEST_P(RenderTest, ComparesAnInstallWithNothing) {
  const auto diff = Diff(DiffWith("note: hello"));
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->from_revision(), 0);
  EXPECT_THAT(Summary(*diff), ElementsAre("TYPE_ADDED Secret web", "TYPE_ADDED ConfigMap web",
                                          "TYPE_ADDED ConfigMap web-hook"));
}

TEST_P(RenderTest, ComparesTwoRevisions) {
  InstallChart("note: hello");
  UpgradeChart("note: changed");
  auto request = Named<v1::DiffReleaseRequest>();
  request.set_from_revision(1);
  request.set_to_revision(2);
  const auto diff = Diff(request);
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_THAT(Summary(*diff), ElementsAre("TYPE_UNCHANGED Secret web", "TYPE_CHANGED ConfigMap web",
                                          "TYPE_UNCHANGED ConfigMap web-hook"));
  EXPECT_THAT(diff->objects(1).unified(), HasSubstr("--- revision 1\n+++ revision 2\n"));
  request.set_from_revision(7);
  EXPECT_EQ(ReasonOf(Diff(request).status()), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
}

}  // namespace
}  // namespace berth::helm
