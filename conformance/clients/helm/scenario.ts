/** What a user of Helm does with a chart: its own requests (lists by owner label, Secrets with the release, three-way or server-side patches, waits). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ClientRun, CommandLine, runSteps } from '../command-run.ts';

const chart: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: "1"\n',
  'values.yaml': 'replicas: 1\nport: 80\nserviceType: ClusterIP\nfail: false\n',
  'templates/web.yaml': `apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data:
  before: {{ lookup "v1" "ConfigMap" .Release.Namespace .Release.Name | empty | quote }}
  version: {{ .Capabilities.KubeVersion.Minor | quote }}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec:
  type: {{ .Values.serviceType }}
  selector: {app: web}
  ports: [{name: http, port: {{ .Values.port }}, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: {{ .Release.Name }}
      containers: [{name: web, image: nginx, ports: [{name: http, containerPort: 80}]}]
{{- if .Capabilities.APIVersions.Has "autoscaling/v2/HorizontalPodAutoscaler" }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: {{ .Release.Name }}}
spec:
  maxReplicas: 5
  minReplicas: {{ .Values.replicas }}
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .Release.Name }}}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
{{- end }}
`,
  'templates/hook.yaml': `apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-before
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded"}
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {sim.coracle.io/exit-ms: "100"}}
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: busybox, command: ["true"]}]
`,
};

/** Resolves with the steps done; rejects at the first that fails. */
export function helmScenario(run: ClientRun): Promise<string[]> {
  for (const [path, text] of Object.entries(chart)) {
    const file = join(run.folder, 'web', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const change = (...set: string[]): string[] => [
    'upgrade',
    'web',
    './web',
    '--wait',
    '--timeout',
    '50s',
    ...set.flatMap((s) => ['--set', s]),
  ];
  return runSteps(new CommandLine(run), [
    ['dry run', (helm) => helm.expect(['install', 'web', './web', '--dry-run=server'], /version: "36"/)],
    ['install with a hook', (helm) => helm.expect(['install', 'web', './web', '--wait', '--timeout', '50s'], /STATUS: deployed/)],
    ['twice', (helm) => helm.expect(['install', 'web', './web'], /cannot re-?use a name/, { code: 1 })],
    ['upgrade', (helm) => helm.expect(change('replicas=3', 'port=8080'), /REVISION: 2/)],
    [
      'refused upgrade',
      (helm) => helm.expect(change('port=8080', 'serviceType=Nonsense'), /spec\.type: Unsupported value: "Nonsense"/, { code: 1 }),
    ],
    ['history', (helm) => helm.expect(['history', 'web'], /superseded[\s\S]*deployed[\s\S]*failed/)],
    ['rollback', (helm) => helm.expect(['rollback', 'web', '1', '--wait', '--timeout', '50s'], /Rollback was a success/)],
    ['manifest', (helm) => helm.expect(['get', 'manifest', 'web'], /replicas: 1\n[\s\S]*HorizontalPodAutoscaler/)],
    ['list', (helm) => helm.expect(['list', '--all-namespaces'], /web\s+\S+\s+4\s.*deployed/)],
    ['uninstall', (helm) => helm.expect(['uninstall', 'web', '--wait', '--timeout', '50s'], /release "web" uninstalled/)],
    ['gone', (helm) => helm.expect(['status', 'web'], /release: not found/, { code: 1 })],
  ]);
}
