/** What a map of the client's has under a name of the client's: `constructor` is nobody's unless it was given. */
export function entryOf<V>(map: Readonly<Record<string, V>> | undefined, name: string): V | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}
