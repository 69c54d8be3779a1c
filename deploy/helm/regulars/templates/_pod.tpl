{{/* What every pod of the release shares: server and jobs differ in command, resources and probes. */}}
{{- define "regulars.labels" -}}
app.kubernetes.io/name: regulars
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "regulars.pod" -}}
serviceAccountName: {{ .Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
volumes:
  - name: settings
    configMap: {name: {{ .Release.Name }}}
  - name: workspace
    persistentVolumeClaim: {claimName: {{ .Release.Name }}}
  - name: tmp
    emptyDir: {}
{{- end }}

{{- define "regulars.container" -}}
image: {{ .Values.image | quote }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  - name: MLFLOW_TRACKING_URI
    value: {{ .Values.mlflowAddress | quote }}
  - name: REGULARS_PEPPER
    valueFrom: {secretKeyRef: {name: {{ .Values.secret | quote }}, key: REGULARS_PEPPER}}
  - name: STORE_PASSWORD
    valueFrom: {secretKeyRef: {name: {{ .Values.secret | quote }}, key: STORE_PASSWORD}}
volumeMounts:
  - {name: settings, mountPath: /etc/regulars, readOnly: true}
  - {name: workspace, mountPath: /var/lib/regulars}
  - {name: tmp, mountPath: /tmp}
{{- end }}
