/** What kubectl prints, without what differs between two servers. */

const masks: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000( UTC)?/g, '<time>'],
  [/^[WE]\d{4} [\d:.]+ +\d+ /gm, '<log> '],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} [+-]\d{4}/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/(Expected resource version to be 1, was )\d+/g, '$1<version>'],
  [/(resourceVersion"?: )"\d+"/g, '$1<version>'],
  [/\b10\.43\.\d+\.\d+\b|\bfd43::[0-9a-f]+\b/g, '<service IP>'],
  [/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<suffix>'],
  [/(odePort"?: +|:)3[0-2]\d{3}\b/g, '$1<port>'],
  [/(NodePort:.*?)3[0-2]\d{3}\/(TCP|UDP|SCTP)/g, '$1<port>/$2'],
  [/(Resource Version: +)\d+$/gm, '$1<version>'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/\/tmp\/[^\s"':]+/g, '<file>'],
  [/\b\d+(m\d+)?s\b/g, '<age>'],
];

export function maskedOutput(
  text: string,
  { namespace, run, server }: { readonly namespace: string; readonly run: string; readonly server: string },
): string {
  const named = text.replaceAll(server, '<server>').replaceAll(namespace, '{ns}').replaceAll(run, '{run}');
  // widths of columns follow their widest cell
  return masks
    .reduce((whole, [pattern, word]) => whole.replace(pattern, word), named)
    .replace(/ {2,}/g, '  ')
    .replace(/[ \t]+$/gm, '');
}
