/**
 * The operator's own parts of a pod: what its builder of pods sets, and what the rules for templates therefore refuse. Both
 * take the names from here, so that none can be set without being refused.
 */

/** The container that runs a role. */
export const TRAINER_CONTAINER = 'trainer';

/** The gRPC port of coordinator and servers: every pod has its own address, and its containers share the ports. */
export const RPC_PORT = 7070;

/** Beside each other, not within: nothing can be mounted into a read-only volume. */
export const OWN_MOUNTS = { job: '/etc/wsi/job', certificates: '/etc/wsi/tls' } as const;

/** Where the trainer's container leaves its last words; the kubelet mounts it. */
export const TERMINATION_LOG = '/dev/termination-log';

export const OWN_VOLUMES = { job: 'wsi-job', certificates: 'wsi-tls', data: 'wsi-data' } as const;

/** A template may bring its own volume of this name, and mount it elsewhere. */
export const OUTPUT_VOLUME = 'output';

/** Where the output is mounted unless the template says otherwise. */
export const OUTPUT_MOUNT = '/var/lib/wsi/output';

/** Of the trainer's container. */
export const OWN_VARIABLES = [
  'WSI_JOB_FILE',
  'WSI_JOB_NAME',
  'WSI_REPLICA',
  'WSI_TERMINATION_LOG',
  'WSI_DETAILS',
  'WSI_TLS_DIRECTORY',
  'WSI_LISTEN',
  'WSI_SERVERS',
  'WSI_COORDINATOR',
  'WSI_OUTPUT',
  'WSI_UMASK',
] as const;

export type OwnVariable = (typeof OWN_VARIABLES)[number];

/** From the Secret of `cohort.s3.secretName`; the token may be missing there. */
export const STORE_VARIABLES = {
  keys: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  token: 'AWS_SESSION_TOKEN',
} as const;

/** Labels that the operator gives to all that it makes; the component is the role, of pods. */
export const OWN_LABELS = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  managedBy: 'app.kubernetes.io/managed-by',
  component: 'app.kubernetes.io/component',
} as const;
