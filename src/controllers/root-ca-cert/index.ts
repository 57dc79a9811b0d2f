import { running } from '../../base/lifecycle.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import { refs } from '../../client/refs.ts';
import type { Controller } from '../shared/controller.ts';
import { ensureInNamespaces } from '../shared/ensure.ts';

const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
  'No other usage is guaranteed across distributions of Kubernetes clusters.';

/** ConfigMap kube-root-ca.crt of every namespace: pkg/controller/certificates/rootcacertpublisher/publisher.go. */
export const rootCACertController: Controller = {
  name: 'root-ca-certificate-publisher-controller',
  watches: ['namespaces', 'configmaps'],
  start(context) {
    const { rootCA } = context.settings;
    if (rootCA === undefined) return running(() => undefined);
    const name = 'kube-root-ca.crt';
    const annotations = { 'kubernetes.io/description': description };
    const data = { 'ca.crt': rootCA };
    return ensureInNamespaces(
      {
        controller: 'root-ca-cert-publisher',
        ref: refs.configMaps,
        name,
        make: (namespace) => ({ metadata: { name, namespace, annotations }, data }),
        repair: (object) => {
          const isDescribed = (object.metadata.annotations?.['kubernetes.io/description'] ?? '') !== '';
          if (jsonEqual(object.data, data) && isDescribed) return undefined;
          return { ...object, data, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
        },
      },
      context,
    );
  },
};
