{{/* The four services: values key, name, port, and what sets each apart. */}}
{{- define "berth.services" -}}
- {key: gateway, name: gateway, port: 50050}
- {key: helmService, name: helm-service, port: 50051}
- {key: portService, name: port-service, port: 50052}
- {key: ingressService, name: ingress-service, port: 50053}
{{- end }}

{{- define "berth.labels" -}}
app.kubernetes.io/part-of: berth
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{ include "berth.selector" . }}
{{- end }}

{{- define "berth.selector" -}}
app.kubernetes.io/name: {{ .service.name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* Name of a service's objects; its Service is what the other services dial. */}}
{{- define "berth.fullname" -}}
berth-{{ .service.name }}
{{- end }}

{{/* Configuration file of a service: what the chart decides, then the user's keys on top. */}}
{{- define "berth.config" -}}
{{- $config := dict
      "listen" (printf "0.0.0.0:%d" (int .service.port))
      "metrics_listen" "0.0.0.0:9090"
      "log" (dict "level" .root.Values.log.level "format" .root.Values.log.format)
      "kube" (dict "namespace" .root.Release.Namespace) -}}
{{- if eq .service.name "helm-service" }}
{{- $_ := set $config "helm" (dict "binary" "/usr/local/bin/helm" "work_directory" "/work") }}
{{- if .root.Values.helmService.chartsCa }}
{{- $_ := set $config "charts" (dict "ca_file" "/etc/berth-charts-ca/ca.pem") }}
{{- end }}
{{- end }}
{{- if has .service.name (list "gateway" "ingress-service") }}
{{- $_ := set $config "port_service" (dict "address" "dns:///berth-port-service-headless:50052") }}
{{- end }}
{{- if eq .service.name "gateway" }}
{{- $_ := set $config "helm_service" (dict "address" "dns:///berth-helm-service-headless:50051") }}
{{- $_ := set $config "ingress_service" (dict "address" "dns:///berth-ingress-service-headless:50053") }}
{{- end }}
{{- if ne .service.name "helm-service" }}
{{- /* Within the pod's grace period; what does not end by then, another replica takes over. */}}
{{- $_ := set $config "drain_timeout" "45s" }}
{{- end }}
{{- toYaml (mergeOverwrite $config (deepCopy (index .root.Values .service.key).config)) }}
{{- end }}
