/** A value made on first use and kept: for constant tables only, nothing that depends on when it is asked. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
