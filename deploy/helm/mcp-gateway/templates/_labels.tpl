{{- /* Selectors never change: what identifies the pods of this release. */ -}}
{{- define "mcp-gateway.selector" -}}
app.kubernetes.io/component: {{ .Values.component }}
app.kubernetes.io/name: mcp-gateway
{{- end }}

{{- /* For people and tools; no selector uses them. */ -}}
{{- define "mcp-gateway.version" -}}
app.kubernetes.io/part-of: mcp-gateway
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "mcp-gateway.labels" -}}
{{ include "mcp-gateway.selector" . }}
{{ include "mcp-gateway.version" . }}
{{- end }}
