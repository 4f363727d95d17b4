#include "tests/integration/helm/chart.h"

#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

constexpr char kTemplate[] = R"(apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  {{- if .Values.finalizer }}
  finalizers: [test.berth.dev/held]
  {{- end }}
data:
  note: {{ .Values.note | quote }}
  kind: {{ kindOf .Values.note }}
{{- if .Values.deployment }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers: [{name: web, image: "localhost/none:1"}]
{{- end }}
{{- range $name, $kind := .Values.tests }}
---
apiVersion: v1
kind: {{ $kind }}
metadata:
  name: {{ $.Release.Name }}-{{ $name }}
  annotations: {helm.sh/hook: test}
{{- if eq $kind "Pod" }}
spec:
  restartPolicy: Never
  containers: [{name: test, image: "localhost/none:1"}]
{{- end }}
{{- end }}
)";

constexpr char kShopDefaults[] = R"(dropped: here
kept: 1e3
nothing: null
list: [1, two, {three: 3}]
table: {x: 1, y: {shallow: 1}, z: "0o17"}
db: {port: 5433, more: true}
global: {region: none}
)";

constexpr char kSecretTemplate[] = R"(apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData:
  password: {{ .Values.password | quote }}
)";

constexpr char kHookTemplate[] = R"(apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-5"
    helm.sh/hook-delete-policy: before-hook-creation
stringData:
  password: {{ .Values.password | quote }}
)";

constexpr char kSubchartTemplate[] = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-db}
data: {port: {{ .Values.port | quote }}}
)";

}  // namespace

std::string WebChart(const std::string& version) {
  return TarBuilder()
      .File("web/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: " + version + "\nappVersion: \"9.9\"\n")
      .File("web/values.yaml", "note: none\ndeployment: false\nfinalizer: false\ntests: {}\n")
      .File("web/templates/all.yaml", kTemplate)
      .File("web/templates/NOTES.txt", "Generated {{ randAlphaNum 8 }} for {{ .Release.Name }}\n")
      .Gzip();
}

std::string ShopChart() {
  return TarBuilder()
      .File("shop/Chart.yaml",
            "apiVersion: v2\nname: shop\nversion: 2.0.0\nappVersion: \"7\"\n"
            "dependencies: [{name: db, version: 1.0.0}]\n")
      .File("shop/values.yaml", kShopDefaults)
      .File("shop/templates/secret.yaml", kSecretTemplate)
      .File("shop/templates/hook.yaml", kHookTemplate)
      .File("shop/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n")
      .File("shop/charts/db/values.yaml", "port: 5432\nnested: {a: 1, b: null}\n")
      .File("shop/charts/db/templates/config.yaml", kSubchartTemplate)
      .Gzip();
}

std::string BrokenChart() {
  return TarBuilder()
      .File("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
      .File("web/templates/all.yaml", "{{ .Values.x | nosuchfunction }}")
      .Gzip();
}

}  // namespace berth::helm
