/** Merges an applied configuration into an object (structured-merge-diff typed/merge.go): what it mentions wins, the rest stays. */
import { isMap, type JsonMap, keyOfElement, FieldFault, ownedByElement } from './elements.ts';
import type { FieldType, ListType, MapType } from './field-type.ts';
import { keyText } from './path-element.ts';

/** Shares parts with both; undefined when nothing is left. Throws a FieldFault. */
export function merge(type: FieldType, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined && !isMap(config) && !Array.isArray(config)) return config;
  const { map } = type;
  if (map !== undefined && !map.atomic && (isMap(config) || (config === null && isMap(live)))) {
    const [left, right] = [isMap(live) ? live : {}, config ?? {}];
    if (Object.keys(left).length > 0 || Object.keys(right).length > 0) return mergeMaps(map, left, right);
  }
  const list = ownedByElement(type);
  if (list !== undefined && (Array.isArray(config) || (config === null && Array.isArray(live)))) {
    const [left, right] = [Array.isArray(live) ? (live as unknown[]) : [], (config ?? []) as unknown[]];
    if (left.length > 0 || right.length > 0) return mergeLists(list, left, right);
  }
  return config;
}

function mergeMaps({ fields, elements }: MapType, live: JsonMap, config: JsonMap): unknown {
  const merged: Record<string, unknown> = { ...live };
  for (const name in config) {
    const type = fields.get(name)?.type ?? elements;
    const value = type === undefined ? config[name] : merge(type, live[name], config[name]);
    if (value === undefined) delete merged[name];
    else merged[name] = value;
  }
  return Object.keys(merged).length === 0 ? undefined : merged;
}

interface Indexed {
  readonly keys: readonly string[];
  /** Elements by key; of those that share a key, null. */
  readonly byKey: ReadonlyMap<string, unknown>;
}

function indexed(list: ListType, elements: readonly unknown[], allowDuplicates: boolean): Indexed {
  const byKey = new Map<string, unknown>();
  const keys: string[] = [];
  for (const element of elements) {
    const key = keyOfElement(list, element);
    const isRepeated = byKey.has(key);
    if (isRepeated && !allowDuplicates) throw new FieldFault(`duplicate entries for key ${keyText(key)}`);
    byKey.set(key, isRepeated ? null : element);
    keys.push(key);
  }
  return { keys, byKey };
}

/**
 * The configuration's order, with the live elements it does not mention where they were: between the elements both have, in the live
 * order. A live element that the configuration puts elsewhere is taken when its turn comes there.
 */
function mergeLists(list: ListType, live: readonly unknown[], config: readonly unknown[]): unknown {
  const right = indexed(list, config, false);
  const left = indexed(list, live, true);
  const shared = right.keys.filter((key) => left.byKey.has(key));
  const merged: unknown[] = [];
  const done = new Set<string>();
  const push = (value: unknown): void => void (value === undefined || merged.push(value));
  const both = (key: string): void => {
    done.add(key);
    push(merge(list.items, left.byKey.get(key), right.byKey.get(key)));
    if (shared[0] === key) shared.shift();
  };
  let [l, r] = [0, 0];
  while (l < left.keys.length || r < right.keys.length) {
    const [own, given] = [left.keys[l], right.keys[r]];
    if (own !== undefined && given !== undefined) {
      if (own === given) {
        both(own);
        l++;
        r++;
        continue;
      }
      if (right.byKey.has(own) && shared[0] !== undefined && shared[0] !== own) {
        l++;
        continue;
      }
    }
    if (own !== undefined) {
      if (!right.byKey.has(own)) {
        push(live[l]);
        l++;
        continue;
      }
      if (done.has(own)) l++;
    }
    if (given !== undefined) {
      both(given);
      r++;
    }
  }
  return merged.length === 0 ? undefined : merged;
}
