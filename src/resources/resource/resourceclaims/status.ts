/** ValidateResourceClaimStatusUpdate of pkg/apis/resource/validation: what has been allocated, for whom, and what drivers say of it. */
import type * as t from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, tooLong, tooMany } from '../../../api/field-errors.ts';
import type { FieldError, Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { interfaceAddressFaults } from '../../../api/ip.ts';
import { isJsonObject, semanticEqual } from '../../../api/json.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { poolNameErrors } from '../../shared/device-names.ts';
import { configErrors, referenceErrors, referencesErrors, requestNames, type RequestNames } from '../../shared/devices.ts';
import { bindingErrors } from '../../shared/device-bindings.ts';
import { conditionListErrors } from '../../shared/condition-list.ts';
import { checked } from '../../shared/names.ts';
import { nodeSelectorErrors } from '../../shared/pod/validate-scheduling.ts';
import { csiDriverNameErrors } from '../../shared/pod/validate-volume-sources.ts';
import { setErrors } from '../../shared/sets.ts';
import { uuidErrors } from '../../shared/uuid.ts';

type Claim = t.ResourceV1ResourceClaim;

const maxConsumers = 256;
const maxResults = 32;
const maxConfigs = 64;
const maxData = 10 * 1024;
const maxConditions = 8;
const maxInterfaceName = 256;
const maxHardwareAddress = 128;
const maxAddresses = 16;
const at = path('status');
const sources = ['FromClaim', 'FromClass'];

export function claimStatusErrors(claim: Claim, old: Claim): FieldError[] {
  const { reservedFor = [], devices = [], allocation } = claim.status;
  const allocated = new Set((allocation?.devices?.results ?? []).map(deviceId));
  return [
    ...setErrors(reservedFor, at.child('reservedFor'), { max: maxConsumers, key: ({ uid }) => uid, check: consumerErrors }),
    ...setErrors(devices, at.child('devices'), {
      max: Infinity,
      key: deviceId,
      shown: shownId,
      check: (device, own) => deviceStatusErrors(device, own, allocated),
    }),
    ...reservationErrors(claim, old),
    ...allocationErrors(claim, old),
  ];
}

/** MakeSharedDeviceID's text. */
function deviceId({ driver, pool, device, shareID = '' }: Pick<t.AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>): string {
  return `${driver}/${pool}/${device}${shareID === '' ? '' : `/${shareID}`}`;
}

/** As the struct of internal types shows. */
function shownId({ driver, pool, device, shareID = '' }: t.AllocatedDeviceStatus): object {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID };
}

function consumerErrors({ resource, name, uid }: t.ResourceClaimConsumerReference, own: Path): FieldError[] {
  return Object.entries({ resource, name, uid }).flatMap(([field, value]) => (value === '' ? [required(own.child(field))] : []));
}

function reservationErrors({ status, metadata }: Claim, old: Claim): FieldError[] {
  const field = at.child('reservedFor');
  const { reservedFor = [], allocation } = status;
  if (reservedFor.length === 0) return [];
  if (allocation === undefined) return [forbiddenField(field, 'may not be specified when `allocated` is not set')];
  const known = old.status.reservedFor ?? [];
  const isNew = reservedFor.some((one) => !known.some((other) => semanticEqual(one, other)));
  if (metadata.deletionTimestamp === undefined || !isNew) return [];
  return [forbiddenField(field, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set')];
}

function allocationErrors({ status, spec }: Claim, old: Claim): FieldError[] {
  const { allocation } = status;
  const own = at.child('allocation');
  if (allocation === undefined) return [];
  if (old.status.allocation !== undefined) {
    if (semanticEqual(allocation, old.status.allocation)) return [];
    return [invalid(own, internalForm('resource.AllocationResult', allocation), 'field is immutable')];
  }
  const names = requestNames(spec.devices?.requests ?? []);
  const { results = [], config = [] } = allocation.devices ?? {};
  const devices = own.child('devices');
  return [
    ...upTo(maxResults, results, devices.child('results')),
    ...results.flatMap((result, index) => resultErrors(result, devices.child('results').index(index), names)),
    ...upTo(maxConfigs, config, devices.child('config')),
    ...config.flatMap((one, index) => configurationErrors(one, devices.child('config').index(index), names)),
    ...(allocation.nodeSelector === undefined ? [] : nodeSelectorErrors(allocation.nodeSelector, own.child('nodeSelector'))),
  ];
}

const upTo = (max: number, list: readonly unknown[], own: Path): FieldError[] =>
  list.length > max ? [tooMany(own, list.length, max)] : [];

function resultErrors(result: t.DeviceRequestAllocationResult, own: Path, names: RequestNames): FieldError[] {
  return [
    ...referenceErrors(result.request, own.child('request'), names),
    ...csiDriverNameErrors(result.driver, own.child('driver')),
    ...poolNameErrors(result.pool, own.child('pool')),
    ...checked(own.child('device'), result.device, dns1123LabelFaults),
    ...bindingErrors(result, own),
    ...(result.shareID === undefined ? [] : uuidErrors(result.shareID, own.child('shareID'))),
  ];
}

function configurationErrors(config: t.DeviceAllocationConfiguration, own: Path, names: RequestNames): FieldError[] {
  const { source } = config;
  const field = own.child('source');
  return [
    ...(source === '' ? [required(field)] : sources.includes(source) ? [] : [notSupported(field, source, sources)]),
    ...referencesErrors(config.requests, own.child('requests'), names),
    ...configErrors(config, own),
  ];
}

function deviceStatusErrors(device: t.AllocatedDeviceStatus, own: Path, allocated: ReadonlySet<string>): FieldError[] {
  const { networkData, shareID } = device;
  // null where nothing was said
  const conditions = (device.conditions as t.Condition[] | null | undefined) ?? [];
  return [
    ...csiDriverNameErrors(device.driver, own.child('driver')),
    ...poolNameErrors(device.pool, own.child('pool')),
    ...checked(own.child('device'), device.device, dns1123LabelFaults),
    ...(shareID === undefined ? [] : uuidErrors(shareID, own.child('shareID'))),
    ...(allocated.has(deviceId(device)) ? [] : [invalid(own, shownId(device), 'must be an allocated device in the claim')]),
    ...upTo(maxConditions, conditions, own.child('conditions')),
    ...conditionListErrors(conditions, own.child('conditions')),
    ...dataErrors(device.data, own.child('data')),
    ...(networkData === undefined ? [] : networkErrors(networkData, own.child('networkData'))),
  ];
}

/** What the driver says about the device: an object, if anything. */
function dataErrors(data: unknown, own: Path): FieldError[] {
  if (data === undefined || data === null) return [];
  if (Buffer.byteLength(JSON.stringify(data)) > maxData) return [tooLong(own, maxData)];
  return isJsonObject(data) ? [] : [invalid(own, '<value omitted>', 'must be a valid JSON object')];
}

function networkErrors({ interfaceName = '', hardwareAddress = '', ips = [] }: t.NetworkDeviceData, own: Path): FieldError[] {
  return [
    ...(Buffer.byteLength(interfaceName) > maxInterfaceName ? [tooLong(own.child('interfaceName'), maxInterfaceName)] : []),
    ...(Buffer.byteLength(hardwareAddress) > maxHardwareAddress ? [tooLong(own.child('hardwareAddress'), maxHardwareAddress)] : []),
    ...setErrors(ips, own.child('ips'), { max: maxAddresses, key: (ip) => ip, check: (ip, field) => interfaceAddressFaults(field, ip) }),
  ];
}
