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
)";

}  // namespace

std::string WebChart(const std::string& version) {
  return TarBuilder()
      .File("web/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: " + version + "\nappVersion: \"9.9\"\n")
      .File("web/values.yaml", "note: none\ndeployment: false\nfinalizer: false\n")
      .File("web/templates/all.yaml", kTemplate)
      .File("web/templates/NOTES.txt", "Generated {{ randAlphaNum 8 }} for {{ .Release.Name }}\n")
      .Gzip();
}

std::string BrokenChart() {
  return TarBuilder()
      .File("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
      .File("web/templates/all.yaml", "{{ .Values.x | nosuchfunction }}")
      .Gzip();
}

}  // namespace berth::helm
