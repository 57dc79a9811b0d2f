/** What the columns of tables mean, as pkg/printers/internalversion/printers.go describes them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Modules } from './modules.ts';

type Descriptions = Record<string, string>;

/** Descriptions by column, by kind; '' holds what holds for all kinds that say nothing else. */
export function readColumns(modules: Modules): Record<string, Descriptions> {
  const source = readFileSync(join(modules.kubernetes, 'pkg/printers/internalversion/printers.go'), 'utf8');
  const docs = new SwaggerDocs(source, modules);
  const common = docs.commonColumns();
  const blocks = columnBlocks(source);
  const kinds = new Map(
    [...source.matchAll(/\nfunc (print\w+)\(\w+ \*\w+\.(\w+),/g)].map(([, printer = '', kind = '']) => [printer, kind]),
  );
  const found: Record<string, Descriptions> = {};
  for (const [, block = '', printer = ''] of source.matchAll(/h\.TableHandler\((\w+), (print\w+)\)/g)) {
    const kind = kinds.get(printer);
    if (kind === undefined || kind.endsWith('List')) continue;
    found[kind] = ownColumns(blocks.get(block) ?? '', docs, common);
  }
  return { '': common, ...Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** What is put into each variable, at once or by append. */
function columnBlocks(source: string): ReadonlyMap<string, string> {
  const blocks = new Map<string, string>();
  for (const [, name = '', body = ''] of source.matchAll(
    /\n\t(\w+) :?= (?:append\(\w+, )?\[\]metav1\.TableColumnDefinition\{\n([\s\S]*?)\n\t\}/g,
  ))
    blocks.set(name, `${blocks.get(name) ?? ''}${body}\n`);
  return blocks;
}

function ownColumns(block: string, docs: SwaggerDocs, common: Descriptions): Descriptions {
  const columns: Descriptions = {};
  for (const [, name = '', text, alias = '', type = '', field = ''] of block.matchAll(
    /\{Name: "([^"]*)".*?Description: (?:("(?:[^"\\]|\\.)*")|(\w+)\.([\w{}.]+)\{?\}?\.SwaggerDoc\(\)\["([^"]*)"\])/g,
  )) {
    const description = text === undefined ? docs.text(alias, typeOf(type), field) : (JSON.parse(text) as string);
    if (description !== (common[name] ?? '')) columns[name] = description;
  }
  return columns;
}

/** The one printer that goes through a field instead of naming the type. */
function typeOf(text: string): string {
  return text === 'Event{}.InvolvedObject' ? 'ObjectReference' : text.replace('{}', '');
}

/** The doc comments of types, as the generated SwaggerDoc functions give them. */
class SwaggerDocs {
  readonly #imports: ReadonlyMap<string, string>;
  readonly #modules: Modules;
  readonly #sources = new Map<string, string>();

  constructor(source: string, modules: Modules) {
    this.#modules = modules;
    this.#imports = new Map([...source.matchAll(/\n\t(\w+) "(k8s\.io\/[^"]+)"/g)].map(([, alias = '', path = '']) => [alias, path]));
  }

  /** '' where upstream has none: a misspelt field reads as nothing in Go. */
  text(alias: string, type: string, field: string): string {
    const body = new RegExp(`var map_${type} = map\\[string\\]string\\{([\\s\\S]*?)\\n\\}`).exec(this.#source(alias))?.[1] ?? '';
    const line = body.split('\n').find((candidate) => candidate.trimStart().startsWith(`"${field}":`));
    const value = line === undefined ? undefined : /:\s*("(?:[^"\\]|\\.)*"),?\s*$/.exec(line)?.[1];
    return value === undefined ? '' : (JSON.parse(value) as string);
  }

  commonColumns(): Descriptions {
    const created = this.text('metav1', 'ObjectMeta', 'creationTimestamp');
    return { Name: this.text('metav1', 'ObjectMeta', 'name'), Age: created, 'Created At': created };
  }

  #source(alias: string): string {
    const path = this.#imports.get(alias);
    if (path === undefined) throw new Error(`printers.go imports no ${alias}`);
    const known = this.#sources.get(path);
    if (known !== undefined) return known;
    const file = join(this.#modules.packageDir(path), 'types_swagger_doc_generated.go');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    this.#sources.set(path, text);
    return text;
  }
}
