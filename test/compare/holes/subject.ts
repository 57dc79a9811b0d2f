/** What the cases of every verb need to know of a kind, and the answers and bodies they ask for. */
import type { Case, Step } from '../case.ts';
import type { KindSample, Named } from '../cases/samples.ts';

/** A kind as these cases need it. */
export interface Subject {
  readonly label: string;
  readonly sample: KindSample;
  readonly base: string;
  readonly path: string;
  readonly object: Named;
  readonly mask: readonly string[];
  readonly itemMask: readonly string[];
  readonly rowMask: readonly string[];
}

export const as = (kind: string, version = 'v1', encoding = 'application/json'): string =>
  `${encoding};as=${kind};v=${version};g=meta.k8s.io`;
export const protobuf = 'application/vnd.kubernetes.protobuf';
export const bodyTypes = [
  'application/json',
  'application/yaml',
  protobuf,
  'application/cbor',
  'text/plain',
  'application/apply-patch+yaml',
];
export const accepts = [
  'application/yaml',
  protobuf,
  'application/cbor',
  'application/cbor, application/json',
  '*/*',
  'text/html',
  as('Table'),
  as('Table', 'v1beta1'),
  as('Table', 'v9'),
  as('PartialObjectMetadata'),
  as('PartialObjectMetadata', 'v1beta1'),
  as('PartialObjectMetadataList'),
  as('PartialObjectMetadata', 'v1', protobuf),
  as('Table', 'v1', protobuf),
  `${as('Table', 'v1beta2')},${as('Table')},application/json`,
];
export const one = ({ label }: Subject, name: string, steps: readonly Step[]): Case => ({ name: `${label}/${name}`, steps });
export const url = (text: string): string => encodeURIComponent(text).replaceAll('%7B', '{').replaceAll('%7D', '}');
export const selected = ({ object }: Subject): string => `fieldSelector=metadata.name%3D${url(object.metadata.name)}`;
