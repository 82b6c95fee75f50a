{{/* Names. */}}
{{- define "wsi-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "wsi-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "wsi-operator.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "wsi-operator.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Objects without a namespace: two releases of one name in two namespaces must not meet. */}}
{{- define "wsi-operator.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "wsi-operator.fullname" .) -}}
{{- end -}}

{{- define "wsi-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "wsi-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "wsi-operator.leaseName" -}}
{{- default (include "wsi-operator.fullname" .) .Values.leaderElection.leaseName -}}
{{- end -}}

{{/* Labels. */}}
{{- define "wsi-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "wsi-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "wsi-operator.labels" -}}
{{ include "wsi-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: wsi-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Image: called with (dict "image" IMAGE "chart" .Chart). */}}
{{- define "wsi-operator.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{/*
Rules of files/permissions.yaml: called with (dict "root" . "scope" SCOPE). A rule of a gang is there only when the gang
is enabled.
*/}}
{{- define "wsi-operator.rules" -}}
{{- $scope := .scope -}}
{{- $root := .root -}}
{{- $text := $root.Files.Get "files/permissions.yaml" | replace "LEASE_NAME" (include "wsi-operator.leaseName" $root) -}}
{{- range (fromYaml $text).permissions }}
{{- if and (eq .scope $scope) (or (not .gang) (dig (default "none" .gang) "enabled" false $root.Values.gangs)) }}
- {{ pick . "apiGroups" "resources" "resourceNames" "verbs" | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end -}}
