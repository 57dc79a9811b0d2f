/**
 * The prose of the OpenAPI documents (`kubectl explain`): what the doc comments of two npm packages made from Kubernetes 1.36 say.
 * Definitions come from kubernetes-models (it keeps paragraphs and speaks of references too), parameters from @kubernetes/client-node.
 * Usage: descriptions.ts [FILE]; FILE is .cache/descriptions.json unless named.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Descriptions } from '../src/apiserver/openapi/prose.ts';
import { definitions } from '../src/api/schema/facts.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');

/** Packages of Go under staging/src/k8s.io/api whose API group is called otherwise. */
const groupNames: Readonly<Record<string, string>> = {
  admissionregistration: 'admissionregistration.k8s.io',
  apiserverinternal: 'internal.apiserver.k8s.io',
  authentication: 'authentication.k8s.io',
  authorization: 'authorization.k8s.io',
  certificates: 'certificates.k8s.io',
  coordination: 'coordination.k8s.io',
  discovery: 'discovery.k8s.io',
  events: 'events.k8s.io',
  flowcontrol: 'flowcontrol.apiserver.k8s.io',
  networking: 'networking.k8s.io',
  node: 'node.k8s.io',
  rbac: 'rbac.authorization.k8s.io',
  resource: 'resource.k8s.io',
  scheduling: 'scheduling.k8s.io',
  storage: 'storage.k8s.io',
};

/** Where kubernetes-models describes a definition. */
function sourceOf(definition: string): string {
  const parts = definition.split('.');
  const type = parts.at(-1) ?? '';
  const version = parts.at(-2) ?? '';
  if (definition.startsWith('io.k8s.apimachinery.pkg.')) {
    return join(modules, '@kubernetes-models/apimachinery', ...parts.slice(4, -1), `${type}.d.ts`);
  }
  const group = parts.at(-3) ?? '';
  if (definition.startsWith('io.k8s.apiextensions-apiserver.'))
    return join(modules, 'kubernetes-models/apiextensions.k8s.io', version, `${type}.d.ts`);
  if (definition.startsWith('io.k8s.kube-aggregator.'))
    return join(modules, 'kubernetes-models/apiregistration.k8s.io', version, `${type}.d.ts`);
  return join(modules, 'kubernetes-models', group === 'core' ? '' : (groupNames[group] ?? group), version, `${type}.d.ts`);
}

/** The text of a doc comment without its stars. */
function commentText(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replace(/\n@deprecated\s*$/, '')
    .trim()
    .replaceAll('*\\/', '*/')
    .replaceAll('\\*', '*');
}

const docComment = String.raw`/\*\*((?:(?!\*/)[\s\S])*)\*/\n`;

function definitionProse(definition: string): Record<string, string> {
  const file = sourceOf(definition);
  if (!existsSync(file)) return {};
  const text = readFileSync(file, 'utf8');
  const own: Record<string, string> = {};
  const type = definition.split('.').at(-1) ?? '';
  const [, whole] = new RegExp(`${docComment}export (?:declare )?(?:interface|type) I?(?:\\w*[a-z]\\d*)?${type}\\b`).exec(text) ?? [];
  if (whole !== undefined) own[''] = commentText(whole);
  // Fields of inline objects are indented deeper.
  for (const [, comment = '', field = ''] of text.matchAll(new RegExp(`^    ${docComment}    "?([^"?:\\s]+)"?\\??:`, 'gm')))
    own[field] = commentText(comment);
  return own;
}

/** Client-node escapes quotes and ampersands for generators of markup. */
const entities: Readonly<Record<string, string>> = { quot: '"', '#39': "'", amp: '&', lt: '<', gt: '>', '#x60': '`', '#x3D': '=' };
const unescape = (text: string): string =>
  text.replaceAll(/\\?&([#\w]+);/g, (whole, name: string) => entities[name] ?? whole).replaceAll(/\\(["'`])/g, '$1');

/** Client-node puts a blank where a line ended: those before blank lines, indented ones and items of lists can be told. */
const withLines = (text: string): string =>
  text
    .replaceAll(/(?<=[.:"`\])\w]) {3}(?=\S)/g, '\n  ')
    .replaceAll(/(?<=\S) {4}(?=\S)/g, '\n\n  ')
    .replaceAll(/(?<=\S) {5}(?=\S)/g, '\n    ')
    .replaceAll(/(?<=\S)(?<!event) {2}(?=\S)/g, '\n\n')
    .replaceAll('. - `', '.\n- `');

/** Requests whose parameters mean something else than their namesakes in all others, and the kind of options they are of. */
const kindsOfRequests: Readonly<Record<string, string>> = {
  ConnectGetNamespacedPodAttach: 'PodAttachOptions',
  ConnectGetNamespacedPodExec: 'PodExecOptions',
  ConnectGetNamespacedPodPortforward: 'PodPortForwardOptions',
  ConnectGetNamespacedPodProxy: 'PodProxyOptions',
  ConnectGetNodeProxy: 'NodeProxyOptions',
  ConnectGetNamespacedServiceProxy: 'ServiceProxyOptions',
  PatchNamespacedPod: 'PatchOptions',
  ReadNamespacedPodLog: 'PodLogOptions',
  CreateNamespacedPod: '',
  ListNamespacedPod: '',
  DeleteCollectionNamespacedPod: '',
};

function parameterProse(): Record<string, string> {
  const text = readFileSync(join(modules, '@kubernetes/client-node/dist/gen/types/ObjectParamAPI.d.ts'), 'utf8');
  const parameters: Record<string, string> = {};
  for (const [request, kind] of Object.entries(kindsOfRequests)) {
    const [, body = ''] = new RegExp(`interface CoreV1Api${request}Request \\{\n([\\s\\S]*?)\n\\}`).exec(text) ?? [];
    for (const [, comment = '', property = ''] of body.matchAll(new RegExp(`${docComment}\\s*(\\w+)\\??:`, 'g'))) {
      const description = unescape(commentText(comment).split('\nDefaults to: ')[0] ?? '');
      // Words of TypeScript get an underscore. Names are described by their kind.
      const name = property.replace(/^_/, '');
      if (['name', 'namespace', 'body', ''].includes(name)) continue;
      if (kind !== '') parameters[`${kind}.${name}`] = description;
      if (kind === '' || parameters[name] === undefined) parameters[name] = kind === '' ? withLines(description) : description;
    }
  }
  return parameters;
}

/** The package types kind and apiVersion of objects as constants, without comments; every object says the same of them. */
function typeMetaProse(): Record<string, string> {
  const { kind = '', apiVersion = '' } = definitionProse('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions');
  return { kind, apiVersion };
}

export function descriptions(): Descriptions {
  const typeMeta = typeMetaProse();
  const all = Object.entries(definitions()).map(([name, definition]) => {
    const isKind = definition['x-kubernetes-group-version-kind'] !== undefined && definition.properties?.['kind'] !== undefined;
    return [name, { ...(isKind ? typeMeta : {}), ...definitionProse(name) }] as const;
  });
  return { definitions: Object.fromEntries(all.filter(([, own]) => Object.keys(own).length > 0)), parameters: parameterProse() };
}

/** Writes the file that the API server's `descriptionsFile` names. */
export function writeDescriptions(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(descriptions()));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeDescriptions(process.argv[2] ?? join(root, '.cache/descriptions.json'));
