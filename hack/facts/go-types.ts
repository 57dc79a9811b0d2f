/**
 * What OpenAPI does not tell of a field but clients can notice: its Go type (error texts name it), whether an empty value is
 * left out of the JSON (omitempty, omitzero, pointers) and through which embedded struct it comes.
 */
import { goName, goSource, type Modules } from './modules.ts';

/**
 * A field as `NUMBER FLAGS TYPE[ EMBEDDED][ =NAME]`. NUMBER is the protobuf field number (0: not in protobuf). FLAGS are o (omitempty), z (omitzero) and
 * p (pointer) or -. TYPE is the type as Go prints it, without the outer pointer. EMBEDDED are the structs a field of an embedded struct comes
 * through, outermost first, each as NAME:NUMBER, joined by dots. NAME is the field's name in Go where it is not the JSON name with a capital.
 * Fields are in the order of declaration.
 */
export type GoFields = Record<string, string>;

const fieldLine = /^\t(?:(\w+)\s+)?([^\s`/]+)\s+`json:"([^"]*)"(?:.* protobuf:"\w+,(\d+))?/;

interface Source {
  readonly structs: ReadonlyMap<string, readonly string[]>;
  readonly imports: ReadonlyMap<string, string>;
  readonly prefix: string;
}

function parse(dir: string, packageName: string): Source {
  const text = goSource(dir);
  const structs = new Map(
    [...text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)].map((match) => [match[1] ?? '', (match[2] ?? '').split('\n')]),
  );
  const imports = new Map(
    [...text.matchAll(/^\t(?:(\w+) )?"(k8s\.io\/[\w./-]+)"/gm)].map((match) => [
      match[1] ?? match[2]?.split('/').at(-1) ?? '',
      match[2] ?? '',
    ]),
  );
  return { structs, imports, prefix: packageName };
}

export function readGoTypes(definitions: readonly string[], modules: Modules): Record<string, GoFields> {
  const sources = new Map<string, Source>();
  const sourceOf = (importPath: string): Source => {
    const known = sources.get(importPath) ?? parse(modules.packageDir(importPath), importPath.split('/').at(-1) ?? '');
    sources.set(importPath, known);
    return known;
  };

  /** Types of the own package get its name in front, those of others their package's real name instead of the alias. */
  const printed = (type: string, source: Source): string =>
    type.replaceAll(/(\w+\.)?\b([A-Za-z]\w*)\b/g, (whole, alias: string | undefined, name: string) => {
      if (alias !== undefined) return `${source.imports.get(alias.slice(0, -1))?.split('/').at(-1) ?? alias.slice(0, -1)}.${name}`;
      return /^[A-Z]/.test(name) ? `${source.prefix}.${name}` : whole;
    });

  const fieldsOf = (importPath: string, type: string, embedded: string): GoFields => {
    const source = sourceOf(importPath);
    const fields: GoFields = {};
    for (const line of source.structs.get(type) ?? []) {
      const [, goField, goType = '', tag = '', number = '0'] = fieldLine.exec(line) ?? [];
      const [name = '', ...options] = tag.split(',');
      if (goType === '' || name === '-') continue;
      if (options.includes('inline')) {
        const [alias, inner] = goType.includes('.') ? goType.split('.') : [undefined, goType];
        const path = alias === undefined ? importPath : (source.imports.get(alias) ?? '');
        const through = `${goField ?? inner ?? ''}:${number}`;
        Object.assign(fields, fieldsOf(path, inner ?? '', embedded === '' ? through : `${embedded}.${through}`));
        continue;
      }
      const flags = `${options.includes('omitempty') ? 'o' : ''}${options.includes('omitzero') ? 'z' : ''}${goType.startsWith('*') ? 'p' : ''}`;
      const called = goField ?? goType.replace(/^.*\./, '');
      const own = called === name.charAt(0).toUpperCase() + name.slice(1) ? '' : ` =${called}`;
      const through = embedded === '' ? '' : ` ${embedded}`;
      fields[name] = `${number} ${flags === '' ? '-' : flags} ${printed(goType.replace(/^\*/, ''), source)}${through}${own}`;
    }
    return fields;
  };

  return Object.fromEntries(
    definitions.map((definition) => {
      const { package: path, type } = goName(definition);
      return [definition, fieldsOf(path, type, '')];
    }),
  );
}
