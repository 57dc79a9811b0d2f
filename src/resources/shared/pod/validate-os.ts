/** What a pod may set on the operating system it names. validateOS, validateLinux and validateWindows of pkg/apis/core/validation. */
import type { PodSpec, SecurityContext } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { checked } from '../names.ts';
import { containersOf } from './containers.ts';

type WindowsOptions = NonNullable<SecurityContext['windowsOptions']>;

export function osErrors(spec: PodSpec, at: Path): FieldError[] {
  const name = spec.os?.name;
  if (name === undefined) return [];
  const own = at.child('os');
  if (name === '') return [required(own.child('name'))];
  if (name === 'linux') return linuxErrors(spec, at);
  // Upstream names the struct and not its field here.
  return name === 'windows' ? windowsErrors(spec, at) : [notSupported(own, name, ['linux', 'windows'])];
}

function linuxErrors(spec: PodSpec, at: Path): FieldError[] {
  const contexts = [[spec, at] as const, ...containersOf(spec, at)];
  return contexts.flatMap(([{ securityContext }, own]) =>
    securityContext?.windowsOptions === undefined
      ? []
      : [forbiddenField(own.child('securityContext', 'windowsOptions'), 'windows options cannot be set for a linux pod')],
  );
}

/** What a pod for Windows may not say, as upstream goes through it; those of the spec itself are beside the security context. */
const ofLinuxPods: readonly (readonly ['spec' | 'context', string])[] = [
  ['context', 'appArmorProfile'],
  ['context', 'seLinuxOptions'],
  ['spec', 'hostUsers'],
  ['spec', 'hostPID'],
  ['spec', 'hostIPC'],
  ['context', 'seccompProfile'],
  ['context', 'fsGroup'],
  ['context', 'fsGroupChangePolicy'],
  ['context', 'sysctls'],
  ['spec', 'shareProcessNamespace'],
  ['context', 'runAsUser'],
  ['context', 'runAsGroup'],
  ['context', 'supplementalGroups'],
  ['context', 'supplementalGroupsPolicy'],
  ['context', 'seLinuxChangePolicy'],
];
const ofLinuxContainers = [
  ...(['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged'] as const),
  ...(['allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const),
];
/** Plain booleans count when they are true, the others when they are there. */
const plain = new Set(['hostPID', 'hostIPC']);

function windowsErrors(spec: PodSpec, at: Path): FieldError[] {
  const context = at.child('securityContext');
  const faults = ofLinuxPods.flatMap(([where, field]) => {
    const value = ((where === 'spec' ? spec : (spec.securityContext ?? {})) as Readonly<Record<string, unknown>>)[field];
    const set = plain.has(field) ? value === true : value !== undefined && !(field === 'sysctls' && (value as unknown[]).length === 0);
    return set ? [forbiddenField((where === 'spec' ? at : context).child(field), 'cannot be set for a windows pod')] : [];
  });
  for (const [{ securityContext }, own] of containersOf(spec, at)) {
    for (const field of ofLinuxContainers) {
      if (securityContext?.[field] === undefined) continue;
      faults.push(forbiddenField(own.child('securityContext', field), 'cannot be set for a windows pod'));
    }
  }
  return faults;
}

/** validateWindowsHostProcessPod. */
export function hostProcessErrors(spec: PodSpec, at: Path): FieldError[] {
  const whole = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = containersOf(spec, at);
  const faults: FieldError[] = [];
  let count = 0;
  for (const [{ securityContext }, own] of containers) {
    const single = securityContext?.windowsOptions?.hostProcess;
    if (whole !== undefined && single !== undefined && whole !== single) {
      const why = `pod hostProcess value must be identical if both are specified, was ${String(whole)}`;
      faults.push(invalid(own.child('securityContext', 'windowsOptions', 'hostProcess'), single, why));
    }
    if (single ?? whole ?? false) count++;
  }
  if (count === 0) return faults;
  if (count !== containers.length)
    faults.push(invalid(at, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  if (spec.hostNetwork !== true)
    faults.push(invalid(at.child('hostNetwork'), false, 'hostNetwork must be true if pod contains any hostProcess containers'));
  return faults;
}

const longestSpecKiB = 64;
const longestDomain = 256;
const longestUser = 104;
// eslint-disable-next-line no-control-regex -- those are what is looked for
const controls = /[\u0000-\u001f\u007f]/;
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dnsDomain = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);

/** validateWindowsSecurityContextOptions. */
export function windowsOptionsErrors(options: WindowsOptions | undefined, at: Path): FieldError[] {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: text, runAsUserName } = options ?? {};
  const faults = name === undefined ? [] : checked(at.child('gmsaCredentialSpecName'), name, dns1123SubdomainFaults);
  const field = at.child('gmsaCredentialSpec');
  if (text === '') faults.push(invalid(field, text, 'gmsaCredentialSpec cannot be an empty string'));
  else if (text !== undefined && Buffer.byteLength(text) > longestSpecKiB * 1024)
    faults.push(invalid(field, text, `gmsaCredentialSpec size must be under ${String(longestSpecKiB)} KiB`));
  if (runAsUserName === undefined) return faults;
  return [...faults, ...userNameFaults(runAsUserName).map((fault) => invalid(at.child('runAsUserName'), runAsUserName, fault))];
}

function userNameFaults(name: string): string[] {
  const parts = name.split('\\');
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (controls.test(name)) return ['runAsUserName cannot contain control characters'];
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const faults: string[] = [];
  if (domain !== undefined && Buffer.byteLength(domain) >= longestDomain)
    faults.push(`runAsUserName's Domain length must be under ${String(longestDomain)} characters`);
  if (domain !== undefined && !netBios.test(domain) && !dnsDomain.test(domain))
    faults.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') faults.push("runAsUserName's User cannot be empty");
  else if (Buffer.byteLength(user) > longestUser)
    faults.push(`runAsUserName's User length must not be longer than ${String(longestUser)} characters`);
  if (/^[. ]+$/.test(user)) faults.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) faults.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  return faults;
}
