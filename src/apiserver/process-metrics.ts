/** What every component of Kubernetes tells about itself: its process, and its build (component-base). */
import type { MetricRegistry } from '../base/metrics.ts';
import { processMetrics as processOnly } from '../base/process-metrics.ts';
import { type Version, versionOf, type VersionInfo } from './version-info.ts';

export function processMetrics(registry: MetricRegistry, version: VersionInfo): void {
  processOnly(registry);
  const help =
    "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.";
  const labels = buildLabels(version);
  registry.collected('gauge', { name: 'kubernetes_build_info', help, stability: 'BETA' }, () => [{ labels, value: 1 }]);
  compatibility(registry, versionOf(version));
  unaudited(registry);
}

function compatibility(registry: MetricRegistry, version: Version): void {
  const { gitVersion, emulationMajor, emulationMinor, minCompatibilityMajor, minCompatibilityMinor } = version;
  const labels = {
    binary: /\d+\.\d+\.\d+/.exec(gitVersion)?.[0] ?? '',
    component: 'kube',
    emulation: `${emulationMajor}.${emulationMinor}`,
    min_compat: `${minCompatibilityMajor}.${minCompatibilityMinor}`,
  };
  const help =
    'Provides the compatibility version info of the component. The component label is the name of the component, usually kube, but is relevant for aggregated-apiservers.';
  registry.collected('gauge', { name: 'version_info', help }, () => [{ labels, value: 1 }]);
}

/** There is no audit log: nothing is written to it, and no request is refused for it. */
function unaudited(registry: MetricRegistry): void {
  registry.counter({ name: 'apiserver_audit_event_total', help: 'Counter of audit events generated and sent to the audit backend.' });
  const help = 'Counter of apiserver requests rejected due to an error in audit logging backend.';
  registry.counter({ name: 'apiserver_audit_requests_rejected_total', help });
}

function buildLabels(info: VersionInfo): Record<string, string> {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = versionOf(info);
  const git = { git_version: gitVersion, git_commit: gitCommit, git_tree_state: gitTreeState };
  return { major, minor, ...git, build_date: buildDate, go_version: goVersion, compiler, platform };
}
