/** The release of Kubernetes whose behaviour this is, as /version reports it. */
export const kubernetesVersion = '1.36.3';
export const gitVersion = `v${kubernetesVersion}+coracle`;
