/** Containers of all three kinds. validateContainers and its relatives in pkg/apis/core/validation/validation.go. */
import type { Container, EphemeralContainer, PodSpec } from '../../../api/generated/types.ts';
import {
  duplicate,
  forbiddenField,
  invalid,
  notSupported,
  required,
  notFoundField,
  type FieldError,
  type Path,
} from '../../../api/field-errors.ts';
import { emptyFields, isGiven } from '../../../api/schema/said-empty.ts';
import { dns1123LabelFaults, portNameFaults, portNumberFaults } from '../../../api/names.ts';
import { environmentErrors, environmentFromErrors } from './validate-environment.ts';
import { handlerErrors, probeErrors, stopSignalErrors } from './validate-probes.ts';
import { resourceErrors } from './validate-resources.ts';
import { securityErrors } from './validate-security.ts';
import { mountErrors } from './validate-mounts.ts';
import { initRestartPolicyErrors, resizePolicyErrors, restartPolicyErrors } from './validate-restarts.ts';

type Volumes = ReadonlyMap<string, Record<string, unknown>>;

/** What a container is checked against. */
export interface Around {
  readonly volumes: Volumes;
  /** Names of the pod's resource claims. */
  readonly claims: ReadonlySet<string>;
  readonly spec: PodSpec;
  readonly faults: FieldError[];
}

const protocols = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const messagePolicies = ['File', 'FallbackToLogsOnError'];

export function containersErrors(containers: readonly Container[], at: Path, around: Around): void {
  const { faults } = around;
  if (containers.length === 0) return void faults.push(required(at));
  const names = new Set<string>();
  const hostPorts = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const own = at.index(index);
    commonErrors(container, own, around);
    if (names.has(container.name)) faults.push(duplicate(own.child('name'), container.name));
    names.add(container.name);
    lifeErrors(container, own, around);
    faults.push(...restartPolicyErrors(container, own));
  }
  for (const [index, container] of containers.entries()) hostPortErrors(container, at.index(index), { seen: hostPorts, faults });
}

export function initContainersErrors(containers: readonly Container[], at: Path, around: Around): void {
  const { faults } = around;
  const names = new Set(around.spec.containers.map((container) => container.name));
  for (const [index, container] of containers.entries()) {
    const own = at.index(index);
    commonErrors(container, own, around);
    faults.push(...initRestartPolicyErrors(container, own));
    if (names.has(container.name)) faults.push(duplicate(own.child('name'), container.name));
    else if (container.name !== '') names.add(container.name);
    // Upstream looks at each by itself, as if it were the first.
    hostPortErrors(container, at.index(0), { seen: new Set(), faults });
    if (container.restartPolicy === 'Always') lifeErrors(container, own, around);
    else faults.push(...onlyForSidecars(container, own));
  }
}

function onlyForSidecars(container: Container, at: Path): FieldError[] {
  const life = (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const).filter(
    (field) => container[field] !== undefined,
  );
  const restarts = (container.resizePolicy ?? []).flatMap(({ restartPolicy }, index) =>
    restartPolicy === 'RestartContainer'
      ? [
          invalid(
            at.child('resizePolicy').index(index).child('restartPolicy'),
            restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
          ),
        ]
      : [],
  );
  return [
    ...life.map((field) => forbiddenField(at.child(field), 'may not be set for init containers without restartPolicy=Always')),
    ...restarts,
  ];
}

const notForEphemeral = 'cannot be set for an Ephemeral Container';
/** In the order of Go's struct. */
const ephemeralForbidden = [
  ...(['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules'] as const),
  ...(['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const),
];
function isSet(container: EphemeralContainer, field: (typeof ephemeralForbidden)[number]): boolean {
  if (field !== 'resources') return isGiven(container, field);
  // a struct and no pointer: an empty one is none
  const { resources = {} } = container;
  return Object.keys(resources).length + emptyFields(resources).length > 0;
}

export function ephemeralContainersErrors(containers: readonly EphemeralContainer[], at: Path, around: Around): void {
  const { faults, spec } = around;
  const others = [...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.name);
  const names = new Set(others);
  for (const [index, container] of containers.entries()) {
    const own = at.index(index);
    commonErrors(container, own, around);
    faults.push(...imageSpaceErrors(container, own));
    if (names.has(container.name)) faults.push(duplicate(own.child('name'), container.name));
    names.add(container.name);
    const target = container.targetContainerName ?? '';
    if (target !== '' && !others.includes(target)) faults.push(notFoundField(own.child('targetContainerName'), target));
    for (const field of ephemeralForbidden) if (isSet(container, field)) faults.push(forbiddenField(own.child(field), notForEphemeral));
    for (const [position, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
      const mount = own.child('volumeMounts').index(position);
      if ((subPath ?? '') !== '') faults.push(forbiddenField(mount.child('subPath'), notForEphemeral));
      if ((subPathExpr ?? '') !== '') faults.push(forbiddenField(mount.child('subPathExpr'), notForEphemeral));
    }
  }
}

/** validateContainerOnlyForPod. */
export function imageSpaceErrors({ image = '' }: Container | EphemeralContainer, at: Path): FieldError[] {
  return image === image.trim() ? [] : [invalid(at.child('image'), image, 'must not have leading or trailing whitespace')];
}

function commonErrors(container: Container | EphemeralContainer, at: Path, around: Around): void {
  const { faults } = around;
  if (container.name === '') faults.push(required(at.child('name')));
  else for (const fault of dns1123LabelFaults(container.name)) faults.push(invalid(at.child('name'), container.name, fault));
  if ((container.image ?? '') === '') faults.push(required(at.child('image')));
  choice(at, 'terminationMessagePolicy', { value: container.terminationMessagePolicy, supported: messagePolicies, faults });
  if (container.ports !== undefined) portErrors(container.ports, at.child('ports'), faults);
  if (container.env !== undefined) environmentErrors(container.env, at.child('env'), faults);
  if (container.envFrom !== undefined) environmentFromErrors(container.envFrom, at.child('envFrom'), faults);
  if (container.volumeMounts !== undefined || container.volumeDevices !== undefined) mountErrors(container, at, around);
  choice(at, 'imagePullPolicy', { value: container.imagePullPolicy, supported: pullPolicies, faults });
  if (container.resources !== undefined) resourceErrors(container.resources, at.child('resources'), around);
  if (container.resizePolicy !== undefined)
    faults.push(...resizePolicyErrors(container.resizePolicy, at.child('resizePolicy'), around.spec.restartPolicy));
  if (container.securityContext !== undefined) {
    securityErrors(container.securityContext, at.child('securityContext'), { faults, ownUsers: around.spec.hostUsers === false });
  }
}

function choice(
  at: Path,
  field: string,
  { value, supported, faults }: { value: string | undefined; supported: readonly string[]; faults: FieldError[] },
): void {
  if (value === undefined || value === '') faults.push(required(at.child(field)));
  else if (!supported.includes(value)) faults.push(notSupported(at.child(field), value, supported));
}

function lifeErrors(container: Container, at: Path, { spec, faults }: Around): void {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  const grace = spec.terminationGracePeriodSeconds;
  if (lifecycle?.postStart !== undefined) handlerErrors(lifecycle.postStart, at.child('lifecycle', 'postStart'), { faults, grace });
  if (lifecycle?.preStop !== undefined) handlerErrors(lifecycle.preStop, at.child('lifecycle', 'preStop'), { faults, grace });
  if (lifecycle?.stopSignal !== undefined)
    faults.push(...stopSignalErrors(lifecycle.stopSignal, at.child('lifecycle', 'stopSignal'), spec.os));
  if (livenessProbe !== undefined) probeErrors(livenessProbe, at.child('livenessProbe'), { faults, once: true });
  if (readinessProbe !== undefined) {
    const own = at.child('readinessProbe');
    probeErrors(readinessProbe, own, { faults });
    const { terminationGracePeriodSeconds } = readinessProbe;
    if (terminationGracePeriodSeconds !== undefined) {
      faults.push(
        invalid(own.child('terminationGracePeriodSeconds'), terminationGracePeriodSeconds, 'must not be set for readinessProbes'),
      );
    }
  }
  if (startupProbe !== undefined) probeErrors(startupProbe, at.child('startupProbe'), { faults, once: true });
}

function portErrors(ports: NonNullable<Container['ports']>, at: Path, faults: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, { name = '', containerPort, hostPort = 0, protocol = '' }] of ports.entries()) {
    const own = at.index(index);
    if (name !== '') {
      const wrong = portNameFaults(name);
      for (const fault of wrong) faults.push(invalid(own.child('name'), name, fault));
      if (wrong.length === 0 && names.has(name)) faults.push(duplicate(own.child('name'), name));
      names.add(name);
    }
    if (containerPort === 0) faults.push(required(own.child('containerPort')));
    else for (const fault of portNumberFaults(containerPort)) faults.push(invalid(own.child('containerPort'), containerPort, fault));
    if (hostPort !== 0) for (const fault of portNumberFaults(hostPort)) faults.push(invalid(own.child('hostPort'), hostPort, fault));
    if (protocol === '') faults.push(required(own.child('protocol')));
    else if (!protocols.includes(protocol)) faults.push(notSupported(own.child('protocol'), protocol, protocols));
  }
}

function hostPortErrors({ ports = [] }: Container, at: Path, { seen, faults }: { seen: Set<string>; faults: FieldError[] }): void {
  for (const [index, { hostPort = 0, hostIP = '', protocol = '' }] of ports.entries()) {
    if (hostPort === 0) continue;
    const key = `${protocol}/${hostIP}/${String(hostPort)}`;
    if (seen.has(key)) faults.push(duplicate(at.child('ports').index(index).child('hostPort'), key));
    seen.add(key);
  }
}
