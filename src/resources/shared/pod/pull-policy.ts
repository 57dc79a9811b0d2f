/** The default pull policy of an image. pkg/util/parsers over github.com/distribution/reference. */

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${label}(?:\\.${label})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const reference = new RegExp(`^(?:${domain}/)?${part}(?:/${part})*(?::([\\w][\\w.-]{0,127}))?(?:@${digest})?$`);

const longestName = 255;

/** Always for `latest` or no tag, IfNotPresent for any other tag, for digests and for what is no image's name. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  const match = reference.exec(image);
  if (match === null || image.includes('@') || fullName(image, match[1]).length > longestName) return 'IfNotPresent';
  return match[1] === undefined || match[1] === 'latest' ? 'Always' : 'IfNotPresent';
}

/** With the registry that is meant when none is named. */
function fullName(image: string, tag: string | undefined): string {
  const name = tag === undefined ? image : image.slice(0, -tag.length - 1);
  const [first = '', ...rest] = name.split('/');
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  return isRegistry ? name : `docker.io/${rest.length === 0 ? 'library/' : ''}${name}`;
}
