/** `$(NAME)` in commands, arguments and variables, as third_party/forked/golang/expansion does it. */

/** Known names are replaced, unknown references stay as they are; `$$` is a dollar that starts none. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, after: string, name: string | undefined) =>
    after === '$' ? '$' : (lookup(name ?? '') ?? whole),
  );
}
