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

{{/* Image: called with (dict "image" IMAGE "chart" .Chart "value" PATH "target" TARGET). */}}
{{- define "wsi-operator.image" -}}
{{- if not .image.repository -}}
{{- fail (printf "%s is needed: no public registry has these images. Make them with `npm run image -- --target %s`, copy them to your registry, and give --set %s=REGISTRY/wsi-operator/%s; see docs/install.md#images" .value .target .value .target) -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The pod's security context; without the chart's own numbers where the platform assigns users. */}}
{{- define "wsi-operator.podSecurityContext" -}}
{{- $assigned := eq .Values.podIdentity "platform" -}}
{{- if eq .Values.podIdentity "auto" -}}
{{- $assigned = .Capabilities.APIVersions.Has "security.openshift.io/v1" -}}
{{- end -}}
{{- $context := deepCopy .Values.podSecurityContext -}}
{{- if $assigned -}}
{{- range $field := list "runAsUser" "runAsGroup" "fsGroup" -}}
{{- if eq (int (get $context $field | default 0)) 65532 -}}
{{- $_ := unset $context $field -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $context }}
{{- end -}}

{{/*
Rules of files/permissions.yaml: called with (dict "root" . "scope" SCOPE). A rule of a gang is there only when the gang
is enabled, one of an option when the option is.
*/}}
{{- define "wsi-operator.rules" -}}
{{- $scope := .scope -}}
{{- $root := .root -}}
{{- $text := $root.Files.Get "files/permissions.yaml" | replace "LEASE_NAME" (include "wsi-operator.leaseName" $root) -}}
{{- $enabled := dict "metrics.secure" (include "wsi-operator.reviewsTokens" $root) }}
{{- range (fromYaml $text).permissions }}
{{- if and (eq .scope $scope) (or (not .option) (get $enabled (default "none" .option))) (or (not .gang) (dig (default "none" .gang) "enabled" false $root.Values.gangs)) }}
- {{ pick . "apiGroups" "resources" "resourceNames" "verbs" | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether clients of the metrics show tokens, which the API server is asked about: "yes" or nothing. */}}
{{- define "wsi-operator.reviewsTokens" -}}
{{- with .Values.metrics.secure }}{{ if and .enabled (not .clientAuthoritySecret) }}yes{{ end }}{{ end -}}
{{- end -}}

{{/*
Of a monitor's endpoint, how Prometheus reaches the metrics: called with (dict "root" . "kind" KIND). A PodMonitor knows
no file of a token.
*/}}
{{- define "wsi-operator.monitorSecurity" -}}
{{- $secure := .root.Values.metrics.secure -}}
{{- $service := printf "%s-metrics.%s.svc" (include "wsi-operator.fullname" .root) .root.Release.Namespace -}}
{{- if $secure.enabled -}}
scheme: https
tlsConfig:
  {{- if $secure.tlsConfig }}
  {{- toYaml $secure.tlsConfig | nindent 2 }}
  {{- else if $secure.clientAuthoritySecret }}
  {{- fail "metrics.secure.clientAuthoritySecret: Prometheus needs a certificate of that authority, too: give cert and keySecret in metrics.secure.tlsConfig" }}
  {{- else if $secure.certificateSecret }}
  serverName: {{ $service }}
  ca:
    secret:
      name: {{ $secure.certificateSecret }}
      key: ca.crt
  {{- else }}
  # The operator's own certificate is of an authority that nobody knows.
  insecureSkipVerify: true
  {{- end }}
{{- if $secure.clientAuthoritySecret }}
{{- else if $secure.tokenSecret }}
authorization:
  type: Bearer
  credentials:
    name: {{ $secure.tokenSecret }}
    key: token
{{- else if eq .kind "ServiceMonitor" }}
bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
{{- else }}
{{- fail "metrics.podMonitor with metrics.secure needs metrics.secure.tokenSecret: a PodMonitor cannot name the file of Prometheus' own token; a ServiceMonitor can" }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* What jobs may ask for, as JSON; settings that contradict each other are refused. */}}
{{- define "wsi-operator.isolation" -}}
{{- with .Values.isolation -}}
{{- if and (eq .profile "restricted") (not $.Values.jobs.restricted) -}}
{{- fail "jobs.restricted=false contradicts isolation.profile=restricted: choose the profile baseline or privileged" -}}
{{- end -}}
{{- if and (eq .profile "restricted") .hostPaths -}}
{{- fail "isolation.hostPaths are only for isolation.profile=baseline: restricted allows none, privileged all of them" -}}
{{- end -}}
{{- if not (or (has "*" .gangs) (has $.Values.jobs.defaultGang .gangs)) -}}
{{- fail (printf "jobs.defaultGang=%s is not in isolation.gangs: jobs that name no gang would all be refused" $.Values.jobs.defaultGang) -}}
{{- end -}}
{{- if and $.Values.jobs.defaultQueue (not (or (has "*" .queues) (has $.Values.jobs.defaultQueue .queues))) -}}
{{- fail (printf "jobs.defaultQueue=%s is not in isolation.queues: jobs that name no queue would all be refused" $.Values.jobs.defaultQueue) -}}
{{- end -}}
{{- omit . "admissionPolicy" | toJson -}}
{{- end -}}
{{- end -}}
