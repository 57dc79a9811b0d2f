/** What every component of Kubernetes tells about itself: its process, and its build (component-base). */
import type { MetricRegistry } from '../base/metrics.ts';
import { processMetrics as processOnly } from '../base/process-metrics.ts';
import { versionOf, type VersionInfo } from './version-info.ts';

export function processMetrics(registry: MetricRegistry, version: VersionInfo): void {
  processOnly(registry);
  const help =
    "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.";
  const labels = buildLabels(version);
  registry.collected('gauge', { name: 'kubernetes_build_info', help, stability: 'BETA' }, () => [{ labels, value: 1 }]);
}

function buildLabels(info: VersionInfo): Record<string, string> {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = versionOf(info);
  const git = { git_version: gitVersion, git_commit: gitCommit, git_tree_state: gitTreeState };
  return { major, minor, ...git, build_date: buildDate, go_version: goVersion, compiler, platform };
}
