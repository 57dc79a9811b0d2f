/**
 * The operations of resources, apart from how a document states them: which paths, methods, names, parameters, bodies and answers
 * there are (apiserver pkg/endpoints/installer.go, pkg/endpoints/openapi/openapi.go).
 */
import type { ResourceFacts, SubresourceFacts } from '../../api/schema/resources.ts';
import {
  connectOptions,
  createOptions,
  deleteCollectionOptions,
  deleteOptions,
  listOptions,
  logOptions,
  nameParameter,
  namespaceParameter,
  patchOptions,
  pathParameter,
  pretty,
  type Parameter,
} from './parameters.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface Operation {
  readonly method: string;
  readonly id: string;
  readonly description: string;
  /** undefined: about no object (discovery). */
  readonly action: string | undefined;
  readonly gvk: GroupVersionKind | undefined;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly definition: string; readonly required: boolean; readonly isPatch: boolean } | undefined;
  /** Status codes besides 401. */
  readonly codes: readonly number[];
  /** The definition answered; undefined: text. */
  readonly answer: string | undefined;
  readonly produces: 'object' | 'stream' | 'any' | 'log' | 'document' | 'json' | 'keys';
}

export interface PathItem {
  readonly path: string;
  readonly operations: readonly Operation[];
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
/** `rbac.authorization.k8s.io` is called `rbacAuthorization`. */
export const groupTag = (group: string): string =>
  group === '' ? 'core' : group.replace(/\.k8s\.io$/, '').replaceAll(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());

/** English as apiserver pkg/endpoints GetArticleForNoun has it. */
function article(noun: string): string {
  if (noun.endsWith('s') && !noun.endsWith('ss')) return ' ';
  return /^[aeiou]/i.test(noun) ? ' an ' : ' a ';
}

/** Kinds whose DELETE answers the object (registry stores with ReturnDeletedObject); all others answer a Status. */
const answersDeleted: ReadonlySet<string> = new Set([
  '/persistentvolumeclaims',
  '/persistentvolumes',
  '/pods',
  '/podtemplates',
  '/resourcequotas',
  '/serviceaccounts',
  '/services',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
]);

/** One resource of one group and version, and how its kinds' definitions are found. */
export interface OperationSource {
  readonly group: string;
  readonly version: string;
  readonly resource: ResourceFacts;
  /** The definition of a kind; undefined: none is known. */
  definitionOf(kind: GroupVersionKind): string | undefined;
}

/** Works out the operations of one resource. */
class Operations {
  readonly #source: OperationSource;
  readonly #root: string;
  readonly #name: string;
  readonly #gvk: GroupVersionKind;
  readonly #object: string;

  constructor(source: OperationSource) {
    const { group, version, resource } = source;
    this.#source = source;
    this.#root = `/${group === '' ? 'api' : `apis/${group}`}/${version}`;
    this.#name = `${capital(groupTag(group))}${capital(version)}`;
    this.#gvk = { group, version, kind: resource.kind };
    this.#object = source.definitionOf(this.#gvk) ?? '';
  }

  #make(method: string, operation: Partial<Operation> & { readonly id: string; readonly description: string }): Operation {
    return {
      method,
      action: method,
      gvk: this.#gvk,
      parameters: [],
      body: undefined,
      codes: [200],
      answer: this.#object,
      produces: 'object',
      ...operation,
    };
  }

  items(): PathItem[] {
    const { resource } = this.#source;
    const collection = `${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.name}`;
    const place = resource.namespaced ? [namespaceParameter] : [];
    const item = [...place, nameParameter(resource.kind)];
    const named = `${resource.namespaced ? 'Namespaced' : ''}${resource.kind}`;
    const paths: PathItem[] = [
      { path: `${this.#root}${collection}`, operations: this.#collection(named, place) },
      { path: `${this.#root}${collection}/{name}`, operations: this.#item(named, item) },
      ...this.#watches(collection, named, { place, item }),
    ];
    if (resource.namespaced && resource.verbs.includes('list')) {
      paths.push({ path: `${this.#root}/${resource.name}`, operations: [this.#list(`${resource.kind}ForAllNamespaces`, [])] });
    }
    for (const sub of resource.subresources ?? []) paths.push(...this.#subresource(sub, `${this.#root}${collection}/{name}/${sub.name}`, named));
    return paths.filter(({ operations }) => operations.length > 0);
  }

  #list(named: string, place: readonly Parameter[]): Operation {
    const { kind, verbs } = this.#source.resource;
    return this.#make('get', {
      action: 'list',
      id: `list${this.#name}${named}`,
      description: `list ${verbs.includes('watch') ? 'or watch ' : ''}objects of kind ${kind}`,
      parameters: [...listOptions, ...place, ...pretty],
      answer: `${this.#object}List`,
      produces: 'stream',
    });
  }

  #create(id: string, description: string, options: { readonly place: readonly Parameter[]; readonly gvk: GroupVersionKind }): Operation {
    const definition = this.#source.definitionOf(options.gvk) ?? '';
    return this.#make('post', {
      id,
      description,
      gvk: options.gvk,
      parameters: [...createOptions, ...options.place, ...pretty],
      body: { definition, required: true, isPatch: false },
      codes: [200, 201, 202],
      answer: definition,
    });
  }

  #collection(named: string, place: readonly Parameter[]): Operation[] {
    const { kind, verbs } = this.#source.resource;
    const operations: Operation[] = [];
    if (verbs.includes('list')) operations.push(this.#list(named, place));
    if (verbs.includes('create')) {
      operations.push(this.#create(`create${this.#name}${named}`, `create${article(kind)}${kind}`, { place, gvk: this.#gvk }));
    }
    if (verbs.includes('deletecollection')) {
      operations.push(
        this.#make('delete', {
          action: 'deletecollection',
          id: `delete${this.#name}Collection${named}`,
          description: `delete collection of ${kind}`,
          parameters: [...deleteCollectionOptions, ...place, ...pretty],
          body: { definition: `${meta}DeleteOptions`, required: false, isPatch: false },
          answer: `${meta}Status`,
        }),
      );
    }
    return operations;
  }

  /** get, put and patch of an object or of one of its subresources. */
  #reads(verbs: readonly string[], named: string, options: { readonly item: readonly Parameter[]; readonly sub?: string; readonly gvk?: GroupVersionKind }): Operation[] {
    const { item, sub = '', gvk = this.#gvk } = options;
    const { kind } = this.#source.resource;
    const what = `${sub === '' ? '' : `${sub} of `}the specified ${kind}`;
    const answer = this.#source.definitionOf(gvk) ?? '';
    const id = `${this.#name}${named}${capital(sub)}`;
    const parameters = [...item, ...pretty];
    const operations: Operation[] = [];
    if (verbs.includes('get')) operations.push(this.#make('get', { id: `read${id}`, description: `read ${what}`, gvk, parameters, answer }));
    if (verbs.includes('update')) {
      const body = { definition: answer, required: true, isPatch: false };
      operations.push(
        this.#make('put', { id: `replace${id}`, description: `replace ${what}`, gvk, parameters: [...createOptions, ...parameters], body, codes: [200, 201], answer }),
      );
    }
    if (verbs.includes('patch')) {
      const body = { definition: `${meta}Patch`, required: true, isPatch: true };
      operations.push(
        this.#make('patch', { id: `patch${id}`, description: `partially update ${what}`, gvk, parameters: [...patchOptions, ...parameters], body, codes: [200, 201], answer }),
      );
    }
    return operations;
  }

  #item(named: string, item: readonly Parameter[]): Operation[] {
    const { kind, verbs, name } = this.#source.resource;
    const operations = this.#reads(verbs, named, { item });
    if (!verbs.includes('delete')) return operations;
    return [
      ...operations,
      this.#make('delete', {
        id: `delete${this.#name}${named}`,
        description: `delete${article(kind)}${kind}`,
        parameters: [...deleteOptions, ...item, ...pretty],
        body: { definition: `${meta}DeleteOptions`, required: false, isPatch: false },
        codes: [200, 202],
        answer: answersDeleted.has(`${this.#source.group}/${name}`) ? this.#object : `${meta}Status`,
      }),
    ];
  }

  #watches(collection: string, named: string, options: { readonly place: readonly Parameter[]; readonly item: readonly Parameter[] }): PathItem[] {
    const { kind, verbs, namespaced, name } = this.#source.resource;
    if (!verbs.includes('watch')) return [];
    const root = `${this.#root}/watch`;
    const watch = (path: string, id: string, place: readonly Parameter[], isOne = false): PathItem => ({
      path,
      operations: [
        this.#make('get', {
          action: isOne ? 'watch' : 'watchlist',
          id: `watch${this.#name}${id}`,
          description: isOne
            ? `watch changes to an object of kind ${kind}. deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter.`
            : `watch individual changes to a list of ${kind}. deprecated: use the 'watch' parameter with a list operation instead.`,
          parameters: [...listOptions, ...place, ...pretty],
          answer: `${meta}WatchEvent`,
          produces: 'stream',
        }),
      ],
    });
    return [
      watch(`${root}${collection}`, `${named}List`, options.place),
      watch(`${root}${collection}/{name}`, named, options.item, true),
      ...(namespaced ? [watch(`${root}/${name}`, `${kind}ListForAllNamespaces`, [])] : []),
    ];
  }

  #subresource(sub: SubresourceFacts, path: string, named: string): PathItem[] {
    const { kind, namespaced } = this.#source.resource;
    const place = namespaced ? [namespaceParameter] : [];
    if (connectOptions[sub.kind] !== undefined) return this.#connect(sub, path, named);
    const item = [...place, nameParameter(sub.verbs.includes('create') ? sub.kind : kind)];
    if (sub.name === 'log') {
      const log = { id: `read${this.#name}${named}Log`, description: `read log of the specified ${kind}`, answer: undefined } as const;
      return [{ path, operations: [this.#make('get', { ...log, parameters: [...logOptions, ...place, nameParameter(kind), ...pretty], produces: 'log' })] }];
    }
    const gvk = { group: sub.version === undefined ? this.#gvk.group : (sub.group ?? ''), version: sub.version ?? this.#gvk.version, kind: sub.kind };
    const operations = this.#reads(sub.verbs, named, { item: [...place, nameParameter(sub.kind)], sub: sub.name, gvk });
    if (sub.verbs.includes('create')) {
      operations.push(this.#create(`create${this.#name}${named}${capital(sub.name)}`, `create ${sub.name} of${article(kind)}${kind}`, { place: item, gvk }));
    }
    return [{ path, operations }];
  }

  #connect(sub: SubresourceFacts, path: string, named: string): PathItem[] {
    const { kind, namespaced } = this.#source.resource;
    const gvk = { ...this.#gvk, kind: sub.kind };
    const parameters = [...(connectOptions[sub.kind] ?? []), ...(namespaced ? [namespaceParameter] : []), nameParameter(sub.kind)];
    const methods = sub.name === 'proxy' ? ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'] : ['get', 'post'];
    const item = (suffix: string, more: readonly Parameter[]): Operation[] =>
      methods.map((method) =>
        this.#make(method, {
          action: 'connect',
          id: `connect${this.#name}${capital(method)}${named}${capital(sub.name)}${suffix}`,
          description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${kind}`,
          gvk,
          parameters: [...parameters, ...more],
          answer: undefined,
          produces: 'any',
        }),
      );
    const whole = { path, operations: item('', []) };
    return sub.name === 'proxy' ? [whole, { path: `${path}/{path}`, operations: item('WithPath', [pathParameter]) }] : [whole];
  }
}

/** The paths of a resource and of its subresources, in no particular order. */
export function operationsOf(source: OperationSource): PathItem[] {
  return new Operations(source).items();
}

/** An operation about no object: discovery documents, versions. */
export function documentOperation(path: string, operation: Pick<Operation, 'id' | 'description' | 'answer' | 'produces'>): PathItem {
  return { path, operations: [{ method: 'get', action: undefined, gvk: undefined, parameters: [], body: undefined, codes: [200], ...operation }] };
}
