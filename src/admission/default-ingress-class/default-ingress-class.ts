/** Ingresses that name no class get the default one (plugin/pkg/admission/network/defaultingressclass). */
import type { Ingress } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import type { AdmissionPlugin } from '../../registry/admission.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { defaultClass, objectsOf } from '../shared/read.ts';
import { isAbout } from '../shared/request.ts';

const ingressClasses = { group: 'networking.k8s.io', version: 'v1', resource: 'ingressclasses' } as const;
const defaultAnnotations = ['ingressclass.kubernetes.io/is-default-class'];
const classAnnotation = 'kubernetes.io/ingress.class';

export function defaultIngressClass({ registry }: AdmissionDeps): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    changes: ['networking.k8s.io/ingresses'],
    mutate(request) {
      if (request.operation !== 'CREATE' || !isAbout(request, 'networking.k8s.io', 'ingresses') || request.object === undefined)
        return undefined;
      const ingress = request.object as unknown as Ingress;
      if (ingress.spec?.ingressClassName !== undefined || request.object.metadata.annotations?.[classAnnotation] !== undefined)
        return undefined;
      return setDefault(ingress);
    },
  };

  async function setDefault(ingress: Ingress): Promise<void> {
    const found = defaultClass(await objectsOf<KubeObject>(registry(), ingressClasses), defaultAnnotations);
    if (found === undefined) return;
    ingress.spec ??= {};
    ingress.spec.ingressClassName = found.metadata.name;
  }
}
