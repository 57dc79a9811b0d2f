/**
 * Defaults of a pod's spec, for pods and for every template of pods. pkg/apis/core/v1/defaults.go, the `default` tags of
 * k8s.io/api/core/v1 and the old names of fields that pkg/apis/core/v1/conversion.go keeps alive.
 */
import type { Container, EphemeralContainer, PodSpec, PodTemplateSpec, Probe } from '../../../api/generated/types.ts';
import { defaultPodLevelResources } from './pod-level-defaults.ts';
import { pullPolicyOf } from './pull-policy.ts';
import { defaultVolume } from './volume-defaults.ts';

type AnyContainer = Container | EphemeralContainer;

/** Fills in a template's spec; what only a pod itself gets (requests from limits, service links, host ports) is in {@link defaultPod}. */
export function defaultTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec !== undefined) defaultPodSpec(template.spec);
}

export function defaultPodSpec(spec: PodSpec): void {
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.containers) defaultContainer(container);
  if (spec.initContainers !== undefined) for (const container of spec.initContainers) defaultContainer(container);
  if (spec.ephemeralContainers !== undefined) for (const container of spec.ephemeralContainers) defaultContainer(container);
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  const account = (spec.serviceAccountName ?? '') === '' ? spec.serviceAccount : spec.serviceAccountName;
  if (account !== undefined && account !== '') spec.serviceAccountName = spec.serviceAccount = account;
}

export function defaultPod(spec: PodSpec): void {
  defaultPodSpec(spec);
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    requestsFromLimits(container);
    if (spec.hostNetwork === true) for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
  defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = 1;
}

function requestsFromLimits(container: Container): void {
  const limits = container.resources?.limits;
  if (limits === undefined || container.resources === undefined) return;
  container.resources.requests = { ...limits, ...container.resources.requests };
}

function defaultContainer(container: AnyContainer): void {
  container.imagePullPolicy ||= pullPolicyOf(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  if (container.ports !== undefined) for (const port of container.ports) port.protocol ||= 'TCP';
  if (container.env !== undefined) {
    for (const { valueFrom } of container.env) {
      if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ||= 'v1';
      if (valueFrom?.resourceFieldRef !== undefined) valueFrom.resourceFieldRef.divisor ??= '0';
      if (valueFrom?.fileKeyRef !== undefined) valueFrom.fileKeyRef.optional ??= false;
    }
  }
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultHttpGet(container.lifecycle?.postStart?.httpGet);
  defaultHttpGet(container.lifecycle?.preStop?.httpGet);
}

function defaultProbe(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function defaultHttpGet(action: { path?: string; scheme?: string } | undefined): void {
  if (action === undefined) return;
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}
