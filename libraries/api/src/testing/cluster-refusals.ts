/** Manifests with one fault each in what concerns a cluster: data, storage, queues, failures, pods. */
import { GANG_NAMES } from '../definition/gangs.ts';
import type { Refusal } from './manifests.ts';
import { listed } from './model-refusals.ts';
import { templateRefusals } from './template-refusals.ts';

const storage = 'spec.storage';
const policy = 'spec.runPolicy.podFailurePolicy';
const rule = `${policy}.rules[0]`;

export const clusterRefusals: readonly Refusal[] = [
  ...templateRefusals,
  // Where the cohort is.
  {
    name: 'table by https',
    changes: { 'spec.cohort.table': 'https://example.org/cohort.csv' },
    path: 'spec.cohort.table',
    says: 'table must be a path or s3://BUCKET/KEY',
  },
  {
    name: 'table that is a prefix',
    changes: { 'spec.cohort.table': 's3://cohorts/lung/' },
    path: 'spec.cohort.table',
    says: 'table must be a path or s3://BUCKET/KEY',
  },
  {
    name: 'slides in another store',
    changes: { 'spec.cohort.slides': 'gs://bucket/slides' },
    path: 'spec.cohort.slides',
    says: 'slides must be a path, s3://BUCKET or s3://BUCKET/PREFIX',
  },
  {
    name: 'slides in a bucket with a bad name',
    changes: { 'spec.cohort.slides': 's3://My_Bucket/slides' },
    path: 'spec.cohort.slides',
    says: 'slides must be a path, s3://BUCKET or s3://BUCKET/PREFIX',
  },
  {
    name: 'endpoint without scheme',
    changes: { 'spec.cohort.s3': { endpoint: 'minio:9000' } },
    path: 'spec.cohort.s3.endpoint',
    says: 'should match',
    remedy: 'https://s3.example.org',
  },
  {
    name: 'keys written into the manifest',
    changes: { 'spec.cohort.s3': { accessKey: 'AKIA' } },
    path: 'spec.cohort.s3.accessKey',
    says: 'unknown field',
  },
  {
    name: 'secret with a bad name',
    changes: { 'spec.cohort.s3': { secretName: 'My Secret' } },
    path: 'spec.cohort.s3.secretName',
    says: 'should match',
  },
  {
    name: 'path style a text',
    changes: { 'spec.cohort.s3': { forcePathStyle: 'yes' } },
    path: 'spec.cohort.s3.forcePathStyle',
    says: 'must be of type boolean: "string"',
  },
  // Volumes.
  {
    name: 'data without a claim',
    changes: { [storage]: { data: {} } },
    path: `${storage}.data.claimName`,
    says: 'Required value',
  },
  {
    name: 'data at a relative path',
    changes: { [storage]: { data: { claimName: 'slides', mountPath: 'data' } } },
    path: `${storage}.data.mountPath`,
    says: 'should match',
    remedy: 'an absolute path',
  },
  {
    name: 'data over the system',
    changes: { [storage]: { data: { claimName: 'slides', mountPath: '/usr/share/slides' } } },
    path: `${storage}.data.mountPath`,
    says: 'must not lie in a directory of the system',
    remedy: '/data',
  },
  {
    name: 'data at a path that climbs',
    changes: { [storage]: { data: { claimName: 'slides', mountPath: '/data/../usr' } } },
    path: `${storage}.data.mountPath`,
    says: 'must not have . or ..',
  },
  {
    name: 'output nowhere',
    changes: { [storage]: { output: {} } },
    path: `${storage}.output`,
    says: 'output needs claimName, or size',
  },
  {
    name: 'output given and made',
    changes: { [storage]: { output: { claimName: 'mine', size: '10Gi' } } },
    path: `${storage}.output.size`,
    says: 'size cannot be combined with claimName',
  },
  {
    name: 'output of a size that is none',
    changes: { [storage]: { output: { size: '10GB' } } },
    path: `${storage}.output.size`,
    says: 'should match',
    remedy: '512Mi',
  },
  {
    name: 'output read-only',
    changes: { [storage]: { output: { size: '10Gi', accessModes: ['ReadOnlyMany'] } } },
    path: `${storage}.output.accessModes[0]`,
    says: 'supported values: "ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"',
  },
  // Who runs it.
  {
    name: 'unknown gang',
    changes: { 'spec.runPolicy.gang': 'kueu' },
    path: 'spec.runPolicy.gang',
    says: listed(['none', ...GANG_NAMES]),
    remedy: 'Did you mean kueue?',
  },
  {
    name: 'queue without a gang that has one',
    changes: { 'spec.runPolicy.gang': 'native', 'spec.runPolicy.queue': 'research' },
    path: 'spec.runPolicy.queue',
    says: 'queue is only for gang kueue or volcano',
  },
  {
    name: 'queue with a bad name',
    changes: { 'spec.runPolicy.gang': 'kueue', 'spec.runPolicy.queue': 'My queue' },
    path: 'spec.runPolicy.queue',
    says: 'should match',
  },
  ...(['coordinator', 'parameterServers', 'workers'] as const).map((role) => ({
    name: `volcano with another scheduler for ${role}`,
    changes: {
      'spec.runPolicy.gang': 'volcano',
      [`spec.${role}.template.spec`]: { schedulerName: 'mine' },
    },
    path: `spec.${role}.template.spec.schedulerName`,
    says: `${role}.template.spec.schedulerName cannot be combined with gang volcano`,
  })),
  {
    name: 'managed by a word without domain',
    changes: { 'spec.managedBy': 'kueue' },
    path: 'spec.managedBy',
    says: 'should match',
    remedy: 'kueue.x-k8s.io/multikueue',
  },
  {
    name: 'managed by two',
    changes: {
      'spec.managedBy': 'kueue.x-k8s.io/multikueue',
      'spec.runPolicy.managedBy': 'kueue.x-k8s.io/multikueue',
    },
    path: 'spec.runPolicy.managedBy',
    says: 'managedBy stands in two places',
  },
  {
    name: 'dispatched by Kueue without being queued by it',
    changes: { 'spec.managedBy': 'kueue.x-k8s.io/multikueue', 'spec.runPolicy.gang': 'volcano' },
    path: 'spec.runPolicy.gang',
    says: 'only for gang kueue',
  },
  {
    name: 'a store with a port that is none',
    changes: { 'spec.cohort.s3': { endpoint: 'https://minio.store.svc', podPorts: [0] } },
    path: 'spec.cohort.s3.podPorts[0]',
    says: 'should be greater than or equal to 1',
  },
  // What follows a failure.
  {
    name: 'failure policy without rules',
    changes: { [policy]: {} },
    path: `${policy}.rules`,
    says: 'Required value',
  },
  {
    name: 'failure rule without action',
    changes: { [policy]: { rules: [{ roles: ['worker'] }] } },
    path: `${rule}.action`,
    says: 'Required value',
  },
  {
    name: 'failure rule for everything',
    changes: { [policy]: { rules: [{ action: 'Ignore' }] } },
    path: rule,
    says: 'a rule needs roles, exitCodes or reasons',
  },
  {
    name: 'unknown action',
    changes: { [policy]: { rules: [{ action: 'Fail', roles: ['worker'] }] } },
    path: `${rule}.action`,
    says: 'supported values: "FailJob", "Restart", "Ignore"',
  },
  {
    name: 'unknown role',
    changes: { [policy]: { rules: [{ action: 'Ignore', roles: ['workers'] }] } },
    path: `${rule}.roles[0]`,
    says: 'supported values: "coordinator", "server", "worker"',
    remedy: 'Did you mean worker?',
  },
  {
    name: 'unknown kind of end',
    changes: { [policy]: { rules: [{ action: 'Ignore', reasons: ['OOMKilled'] }] } },
    path: `${rule}.reasons[0]`,
    says: 'supported values: "completed", "input"',
  },
  {
    name: 'exit code that no process has',
    changes: {
      [policy]: { rules: [{ action: 'Ignore', exitCodes: { operator: 'In', values: [256] } }] },
    },
    path: `${rule}.exitCodes.values[0]`,
    says: 'should be less than or equal to 255',
  },
  {
    name: 'no exit codes',
    changes: { [policy]: { rules: [{ action: 'Ignore', exitCodes: { operator: 'In', values: [] } }] } },
    path: `${rule}.exitCodes.values`,
    says: 'should have at least 1 items',
  },
  {
    name: 'exit codes without operator',
    changes: { [policy]: { rules: [{ action: 'Ignore', exitCodes: { values: [1] } }] } },
    path: `${rule}.exitCodes.operator`,
    says: 'Required value',
  },
  // Pods.
  ...[
    ...['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'nodeName', 'ephemeralContainers'],
    ...['automountServiceAccountToken', 'serviceAccount', 'setHostnameAsFQDN'],
  ].map((field) => ({
    name: `${field} of a pod`,
    changes: { 'spec.workers.template.spec': { [field]: field === 'nodeName' ? 'node-1' : true } },
    path: `spec.workers.template.spec.${field}`,
    says: 'unknown field',
  })),
  {
    name: 'service account with a bad name',
    changes: { 'spec.workers.template.spec': { serviceAccountName: 'Robot' } },
    path: 'spec.workers.template.spec.serviceAccountName',
    says: 'should match',
  },
  {
    name: "DNS of the host's network",
    changes: { 'spec.workers.template.spec': { dnsPolicy: 'ClusterFirstWithHostNet' } },
    path: 'spec.workers.template.spec.dnsPolicy',
    says: 'supported values: "ClusterFirst", "Default", "None"',
  },
];
