/** Upstream stores definitions as v1beta1 (apiextensions-apiserver pkg/apis/apiextensions/v1beta1/conversion.go turns them around). */
import type { KubeObject } from '../../../api/object.ts';

type Fields = Record<string, unknown>;

/** A stored v1beta1 definition as v1. */
export function fromV1beta1(object: KubeObject): KubeObject {
  const { spec, ...others } = object;
  const {
    version: _version,
    validation,
    subresources,
    additionalPrinterColumns,
    selectableFields,
    conversion,
    preserveUnknownFields,
    ...rest
  } = spec as Fields;
  const { versions, ...more } = rest as { versions?: readonly Fields[] };
  const common = { validation, subresources, additionalPrinterColumns, selectableFields };
  return {
    ...others,
    spec: {
      ...more,
      ...(conversion === undefined ? {} : { conversion: conversionOf(conversion as Fields) }),
      ...(preserveUnknownFields === true ? { preserveUnknownFields } : {}),
      versions: (versions ?? []).map((version) => versionOf(version, common)),
    },
  };
}

/** What all versions have alike stands at the top in v1beta1. */
function versionOf(version: Fields, common: Fields): Fields {
  const schema = version['schema'] ?? common['validation'];
  const subresources = version['subresources'] ?? common['subresources'];
  const columns = version['additionalPrinterColumns'] ?? common['additionalPrinterColumns'];
  const selectableFields = version['selectableFields'] ?? common['selectableFields'];
  return {
    ...version,
    ...(schema === undefined ? {} : { schema }),
    ...(subresources === undefined ? {} : { subresources }),
    ...(selectableFields === undefined ? {} : { selectableFields }),
    ...(columns === undefined ? {} : { additionalPrinterColumns: (columns as Fields[]).map(columnOf) }),
  };
}

function columnOf({ JSONPath: jsonPath, ...column }: Fields): Fields {
  return { ...column, jsonPath };
}

function conversionOf({ webhookClientConfig: clientConfig, conversionReviewVersions, ...conversion }: Fields): Fields {
  return clientConfig === undefined ? conversion : { ...conversion, webhook: { clientConfig, conversionReviewVersions } };
}
