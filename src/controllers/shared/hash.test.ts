/** Templates and the hashes that upstream's ComputeHash (k8s.io/utils/dump, v1.36.3) makes of them: without and with a collision count of 3. */
import { expect, test } from '@jest/globals';
import type { PodTemplateSpec } from '../../api/generated/types.ts';
import { templateHash } from './hash.ts';

const vectors: readonly (readonly [string, string, string, string])[] = [
  [
    'small',
    '5f4c577c44',
    '6d99fcdc6c',
    '{"metadata":{"labels":{"app":"big"}},"spec":{"containers":[{"name":"c","image":"c:1","resources":{"requests":{"cpu":"10m","memory":"16Mi"}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"operator":"Exists"}]}}',
  ],
  [
    'large',
    '6dff54568d',
    '756b99794c',
    '{"metadata":{"labels":{"b":"2","a":"1"},"annotations":{"x/y":"zü"},"creationTimestamp":null},"spec":{"volumes":[{"name":"v","configMap":{"name":"cm","items":[{"key":"k","path":"p","mode":256}],"defaultMode":420,"optional":true}},{"name":"e","emptyDir":{"sizeLimit":"100Ti","medium":"Memory"}},{"name":"az","azureDisk":{"diskName":"d","diskURI":"u","cachingMode":"None"}},{"name":"p","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"downwardAPI":{"items":[{"path":"n","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}},{"path":"c","resourceFieldRef":{"containerName":"c","resource":"limits.cpu","divisor":"0"}}]}}],"defaultMode":420}},{"name":"g","persistentVolumeClaim":{"claimName":"q"}},{"name":"eph","ephemeral":{"volumeClaimTemplate":{"metadata":{"labels":{"z":"y"}},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Pi"}},"volumeMode":"Filesystem"}}}}],"initContainers":[{"name":"i","image":"i","command":["sh","-c","x"],"restartPolicy":"Always","resources":{},"ports":[{"name":"h","containerPort":80,"hostPort":81,"hostIP":"1.2.3.4","protocol":"TCP"}]}],"containers":[{"name":"c","image":"c:1","env":[{"name":"A","value":"b"},{"name":"S","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},{"name":"R","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"1m"}}}],"envFrom":[{"prefix":"p","configMapRef":{"name":"x"}}],"resources":{"limits":{"cpu":"1500m","memory":"1Gi","example.com/gpu":"3"},"requests":{"cpu":"1k","memory":"1e3","ephemeral-storage":"9223372036854775807"}},"livenessProbe":{"httpGet":{"path":"/","port":"web","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"readinessProbe":{"tcpSocket":{"port":8080}},"startupProbe":{"grpc":{"port":1,"service":"s"}},"lifecycle":{"preStop":{"exec":{"command":["a"]}}},"securityContext":{"capabilities":{"add":["NET_ADMIN"],"drop":["ALL"]},"privileged":false,"runAsUser":0,"seccompProfile":{"type":"RuntimeDefault"}},"stdin":true,"tty":true,"volumeMounts":[{"name":"v","mountPath":"/v","readOnly":true,"mountPropagation":"None"}]}],"restartPolicy":"Always","terminationGracePeriodSeconds":0,"activeDeadlineSeconds":10,"dnsPolicy":"None","dnsConfig":{"nameservers":["1.1.1.1"],"options":[{"name":"ndots","value":"5"}]},"nodeSelector":{"k":"v"},"serviceAccountName":"sa","serviceAccount":"sa","automountServiceAccountToken":false,"hostNetwork":true,"shareProcessNamespace":true,"securityContext":{"fsGroup":2000,"supplementalGroups":[1,2],"sysctls":[{"name":"a","value":"b"}],"seLinuxOptions":{"level":"s0"}},"imagePullSecrets":[{"name":"ips"}],"hostname":"h","subdomain":"s","affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"In","values":["a"]}],"matchFields":[]}]}},"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":{"labelSelector":{"matchLabels":{"a":"b"}},"topologyKey":"t","namespaceSelector":{}}}]}},"schedulerName":"x","tolerations":[{"key":"k","operator":"Equal","value":"v","effect":"NoExecute","tolerationSeconds":5}],"hostAliases":[{"ip":"1.2.3.4","hostnames":["a"]}],"priorityClassName":"p","priority":-3,"readinessGates":[{"conditionType":"x"}],"enableServiceLinks":true,"preemptionPolicy":"Never","overhead":{"cpu":"250m"},"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchExpressions":[{"key":"a","operator":"Exists"}]},"minDomains":2,"nodeTaintsPolicy":"Honor"}],"os":{"name":"linux"},"hostUsers":false,"schedulingGates":[{"name":"g"}],"resourceClaims":[{"name":"r","resourceClaimName":"rc"}],"resources":{"requests":{"cpu":"0"}},"setHostnameAsFQDN":true}}',
  ],
  [
    'quantities',
    '855d868cf9',
    '5dffc97876',
    '{"metadata":{},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"100n","memory":"128Mi","hugepages-2Mi":"6Mi","x/y":"1e3","w":"12345678901234567890"},"limits":{"memory":"1Ti","cpu":"500m","m":"9Ki","n":"-5m","o":"7Pi"},"claims":[{"name":"a","request":"b"}]},"resizePolicy":[{"resourceName":"cpu","restartPolicy":"NotRequired"}]}]}}',
  ],
];

test.each(vectors)('%s', (_what, hash, collided, text) => {
  const template = JSON.parse(text) as PodTemplateSpec;
  expect([templateHash(template, undefined), templateHash(template, 3)]).toEqual([hash, collided]);
});
