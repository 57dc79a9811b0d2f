/** Query and path parameters of operations (apimachinery pkg/apis/meta/v1 *Options, core v1 Pod*Options), sorted by name as upstream does. */
import type { Prose } from './prose.ts';
import type { JsonObject } from './schemas.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  /** The kind of options it belongs to, where several kinds have parameters of one name; otherwise ''. */
  readonly kind: string;
  /** Said of the parameter without any file of descriptions. */
  readonly description?: string;
}

const query = (type: Parameter['type'], kind: string, ...names: readonly string[]): Parameter[] =>
  names.map((name) => ({ name, in: 'query', type, kind }));

export const pretty = query('string', '', 'pretty');
const selectors = [
  ...query('string', '', 'continue', 'fieldSelector', 'labelSelector', 'resourceVersion', 'resourceVersionMatch', 'shardSelector'),
  ...query('integer', '', 'limit', 'timeoutSeconds'),
  ...query('boolean', '', 'sendInitialEvents'),
];
export const listOptions = [...selectors, ...query('boolean', '', 'allowWatchBookmarks', 'watch')];
export const createOptions = query('string', '', 'dryRun', 'fieldManager', 'fieldValidation');
export const patchOptions = [
  ...query('string', '', 'dryRun', 'fieldValidation'),
  ...query('string', 'PatchOptions', 'fieldManager'),
  ...query('boolean', '', 'force'),
];
export const deleteOptions = [
  ...query('string', '', 'dryRun', 'propagationPolicy'),
  ...query('integer', '', 'gracePeriodSeconds'),
  ...query('boolean', '', 'ignoreStoreReadErrorWithClusterBreakingPotential', 'orphanDependents'),
];
export const deleteCollectionOptions = [...deleteOptions, ...selectors];

const streams = (kind: string): Parameter[] => [...query('boolean', kind, 'stderr', 'stdin', 'stdout', 'tty'), ...query('string', kind, 'container')];
/** What `connect` subresources and logs take, by the kind of their options. */
export const connectOptions: Readonly<Record<string, readonly Parameter[]>> = {
  PodAttachOptions: streams('PodAttachOptions'),
  PodExecOptions: [...streams('PodExecOptions'), ...query('string', 'PodExecOptions', 'command')],
  PodPortForwardOptions: query('integer', 'PodPortForwardOptions', 'ports'),
  PodProxyOptions: query('string', 'PodProxyOptions', 'path'),
  NodeProxyOptions: query('string', 'NodeProxyOptions', 'path'),
  ServiceProxyOptions: query('string', 'ServiceProxyOptions', 'path'),
};
export const logOptions = [
  ...query('string', 'PodLogOptions', 'container', 'stream'),
  ...query('boolean', '', 'follow', 'insecureSkipTLSVerifyBackend', 'previous', 'timestamps'),
  ...query('integer', '', 'limitBytes', 'sinceSeconds', 'tailLines'),
];

export const nameParameter = (kind: string): Parameter => ({ name: 'name', in: 'path', type: 'string', kind: '', description: `name of the ${kind}` });
export const namespaceParameter: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  kind: '',
  description: 'object name and auth scope, such as for teams and projects',
};
export const pathParameter: Parameter = { name: 'path', in: 'path', type: 'string', kind: '', description: 'path to the resource' };

/** A parameter as v2 (type beside name) or v3 (type in a schema) states it, in the order of Go's fields: names of shared ones rest on it. */
export function parameterDocument(parameter: Parameter, prose: Prose, version: 2 | 3): JsonObject {
  const description = parameter.description ?? prose.parameter(parameter.name, parameter.kind);
  const said: JsonObject = description === undefined ? {} : { description };
  const place = { name: parameter.name, in: parameter.in };
  const required: JsonObject = parameter.in === 'path' ? { required: true } : {};
  const shape = { uniqueItems: true, type: parameter.type };
  return version === 2 ? { ...shape, ...said, ...place, ...required } : { ...place, ...said, ...required, schema: shape };
}
