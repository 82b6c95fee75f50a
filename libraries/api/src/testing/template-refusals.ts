/** Pod templates that clash with what the operator puts into a pod; and generated names. */
import type { Refusal } from './manifests.ts';

const pod = 'spec.workers.template.spec';
const trainer = (more: object): never => [{ name: 'trainer', ...more }] as never;

export const templateRefusals: readonly Refusal[] = [
  {
    name: "mount at the job file's place",
    changes: {
      [`${pod}.containers`]: trainer({ volumeMounts: [{ name: 'a', mountPath: '/etc/wsi/job' }] }),
      [`${pod}.volumes`]: [{ name: 'a', emptyDir: {} }],
    },
    path: `${pod}.containers[0].volumeMounts`,
    says: 'volumeMounts must not be at /etc/wsi/job',
  },
  {
    name: "mount at the certificates' place",
    changes: {
      [`${pod}.containers`]: trainer({ volumeMounts: [{ name: 'a', mountPath: '/etc/wsi/tls/' }] }),
      [`${pod}.volumes`]: [{ name: 'a', emptyDir: {} }],
    },
    path: `${pod}.containers[0].volumeMounts`,
    says: 'volumeMounts must not be at /etc/wsi/job, /etc/wsi/tls',
  },
  {
    name: "another volume at the output's place",
    changes: {
      'spec.coordinator.template.spec.containers': trainer({
        volumeMounts: [{ name: 'results', mountPath: '/var/lib/wsi/output' }],
      }),
      'spec.coordinator.template.spec.volumes': [{ name: 'results', emptyDir: {} }],
    },
    path: 'spec.coordinator.template.spec.containers[0].volumeMounts',
    says: 'volumeMounts at /var/lib/wsi/output must be of the volume named output',
    remedy: 'storage.output.claimName',
  },
  {
    name: 'two mounts at one place',
    changes: {
      [`${pod}.containers`]: trainer({
        volumeMounts: [
          { name: 'a', mountPath: '/a' },
          { name: 'b', mountPath: '/a' },
        ],
      }),
    },
    path: `${pod}.containers[0].volumeMounts[1]`,
    says: 'Duplicate value',
  },
  {
    name: "mount of an operator's volume",
    changes: { [`${pod}.containers`]: trainer({ volumeMounts: [{ name: 'wsi-data', mountPath: '/mine' }] }) },
    path: `${pod}.containers[0].volumeMounts`,
    says: "volumeMounts must not be of the operator's own volumes",
  },
  {
    name: "volume with an operator's name",
    changes: { [`${pod}.volumes`]: [{ name: 'wsi-data', persistentVolumeClaim: { claimName: 'mine' } }] },
    path: `${pod}.volumes`,
    says: "volumes must not have a name of the operator's own",
  },
  {
    name: 'two volumes of one name',
    changes: {
      [`${pod}.volumes`]: [
        { name: 'a', emptyDir: {} },
        { name: 'a', emptyDir: {} },
      ],
    },
    path: `${pod}.volumes[1]`,
    says: 'Duplicate value',
  },
  {
    name: 'variable of the operator',
    changes: { [`${pod}.containers`]: trainer({ env: [{ name: 'WSI_COORDINATOR', value: 'x:1' }] }) },
    path: `${pod}.containers[0].env`,
    says: 'env must not have variables that the operator sets',
  },
  {
    name: 'role that the kubelet starts again',
    changes: { [`${pod}.containers`]: trainer({ restartPolicy: 'Always' }) },
    path: `${pod}.containers`,
    says: "the container named 'trainer' must not have a restartPolicy",
  },
  {
    name: 'init container named as the role',
    changes: { [`${pod}.initContainers`]: [{ name: 'trainer', image: 'busybox' }] },
    path: `${pod}.initContainers`,
    says: "initContainers must not have one named 'trainer'",
  },
  {
    name: 'init container and sidecar of one name',
    changes: {
      [`${pod}.containers`]: [{ name: 'trainer' }, { name: 'proxy', image: 'x' }],
      [`${pod}.initContainers`]: [{ name: 'proxy', image: 'x' }],
    },
    path: `${pod}.initContainers`,
    says: 'initContainers and containers must have different names',
  },
  {
    name: "label of the operator's",
    changes: { 'spec.workers.template.metadata': { labels: { 'wsi.dev/role': 'server' } } },
    path: 'spec.workers.template.metadata.labels',
    says: 'labels that begin with wsi.dev/ are set by the operator',
  },
  ...['app.kubernetes.io/name', 'app.kubernetes.io/component'].map((label): Refusal => ({
    name: `label ${label}`,
    changes: { 'spec.coordinator.template.metadata': { labels: { [label]: 'mine' } } },
    path: 'spec.coordinator.template.metadata.labels',
    says: 'labels must not have those that the operator gives to all that it makes',
    remedy: 'part-of',
  })),
  ...['my label', 'a/b/c', '-a', 'Example.org/a', 'a'.repeat(64), ''].map((label): Refusal => ({
    name: `label key ${label}`,
    changes: { 'spec.workers.template.metadata': { labels: { [label]: 'x' } } },
    path: `spec.workers.template.metadata.labels.${label}`,
    says: 'key should match',
  })),
  ...(['workers', 'coordinator'] as const).map((role): Refusal => ({
    name: `variables of the store beside their Secret, ${role}`,
    changes: {
      'spec.cohort.slides': 's3://cohorts/lung',
      'spec.cohort.s3': { secretName: 'keys' },
      [`spec.${role}.template.spec.containers`]: trainer({
        env: [{ name: 'AWS_SESSION_TOKEN', value: 'x' }],
      }),
    },
    path: `spec.${role}.template.spec.containers`,
    says: 'beside cohort.s3.secretName, which sets them',
  })),
  {
    name: "sidecar at the roles' port",
    changes: {
      [`${pod}.containers`]: [
        { name: 'trainer' },
        { name: 'proxy', image: 'x', ports: [{ containerPort: 7070 }] },
      ],
    },
    path: `${pod}.containers`,
    says: 'ports must not have containerPort 7070',
  },
  {
    name: "sidecar that starts first at the roles' port",
    changes: {
      [`${pod}.initContainers`]: [
        { name: 'proxy', image: 'x', restartPolicy: 'Always', ports: [{ containerPort: 7070 }] },
      ],
    },
    path: `${pod}.initContainers`,
    says: 'ports must not have containerPort 7070',
  },
  {
    name: 'mount of a volume that is not there',
    changes: {
      [`${pod}.containers`]: trainer({ volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }),
      [`${pod}.volumes`]: [{ name: 'scratsh', emptyDir: {} }],
    },
    path: `${pod}.containers`,
    says: 'volumeMounts of containers must be of volumes that the template defines',
  },
  {
    name: 'mount of a volume where there are none',
    changes: {
      [`${pod}.initContainers`]: [
        { name: 'fetch', image: 'x', volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] },
      ],
    },
    path: `${pod}.initContainers`,
    says: 'volumeMounts of initContainers must be of volumes that the template defines',
  },
  {
    name: 'node selector that no node can have',
    changes: { [`${pod}.nodeSelector`]: { pool: 'gpu nodes' } },
    path: `${pod}.nodeSelector.pool`,
    says: 'should match',
  },
  ...['2024-lung', 'lung.v2', 'Lung', 'lung_v2', 'a'.repeat(41)].map((name): Refusal => ({
    name: `name ${name}`,
    changes: { 'metadata.name': name },
    path: 'metadata.name',
    says: name.length > 40 ? 'may not be more than 40' : 'should match',
  })),
];
