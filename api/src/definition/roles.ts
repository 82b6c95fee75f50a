/** The three roles of a run, each with the pod template that the user may extend. */
import {
  choice,
  defaulted,
  integer,
  list,
  map,
  object,
  openList,
  openObject,
  optional,
  quantity,
  required,
  text,
} from '../schema/build.ts';
import { containersRules } from './rules.ts';
import { SUBDOMAIN } from './storage.ts';

const label = text('Value of a label.', {
  minLength: 0,
  maxLength: 63,
  pattern: {
    expression: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$',
    means: 'letters, digits, -, _ and ., beginning and ending with a letter or digit',
  },
});

const metadata = object("Added to the pod's metadata.", {
  labels: optional(map('Labels; those beginning with wsi.dev/ are set by the operator.', label, 64)),
  annotations: optional(
    map('Annotations.', text('Value of an annotation.', { minLength: 0, maxLength: 65536 }), 64),
  ),
});

const resources = object(
  'Compute resources, as in a Kubernetes container.',
  {
    requests: optional(
      map('What is set aside: cpu, memory, nvidia.com/gpu, ...', quantity('Amount of the resource.'), 32),
    ),
    limits: optional(map('What is the most that may be used.', quantity('Amount of the resource.'), 32)),
  },
  { keepsUnknown: true },
);

const container = object(
  'A container, as in Kubernetes. Fields that are not listed are kept and checked by Kubernetes.',
  {
    name: required(
      text("Name. The container named 'trainer' runs the role; others run beside it.", {
        maxLength: 63,
        pattern: {
          expression: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
          means: 'a DNS label: lower-case letters, digits and -',
        },
      }),
    ),
    image: optional(text("Image; by default the operator's own trainer image.")),
    resources: optional(resources),
    env: optional(openList('Environment variables; those beginning with WSI_ are set by the operator.')),
    volumeMounts: optional(openList('Where volumes appear.')),
  },
  { keepsUnknown: true },
);

const podSpec = object(
  'The part of a pod specification that may be chosen. The operator decides host names and the restart policy, and never mounts the token of a service account.',
  {
    containers: optional(
      list("Containers; one must be named 'trainer'.", container, {
        minItems: 1,
        maxItems: 16,
        key: 'name',
        rules: containersRules,
      }),
    ),
    initContainers: optional(openList('Containers that run first, as in Kubernetes.')),
    volumes: optional(
      openList(
        'Volumes, as in Kubernetes. Without storage.output, one named output keeps checkpoints and results.',
      ),
    ),
    nodeSelector: optional(
      map('Labels that a node must have.', text('Value of the label.', { minLength: 0, maxLength: 63 }), 32),
    ),
    affinity: optional(openObject('Affinity, as in Kubernetes.')),
    tolerations: optional(openList('Tolerations, as in Kubernetes.')),
    topologySpreadConstraints: optional(openList('Topology spread constraints, as in Kubernetes.')),
    imagePullSecrets: optional(openList('Secrets for the image registry, as in Kubernetes.')),
    priorityClassName: optional(text('Priority class.', { maxLength: 253 })),
    runtimeClassName: optional(text('Runtime class.', { maxLength: 253 })),
    schedulerName: optional(text('Scheduler.', { maxLength: 253 })),
    serviceAccountName: optional(
      text('Service account, for image pull secrets or the identity of a cloud; its token is not mounted.', {
        maxLength: 253,
        pattern: SUBDOMAIN,
      }),
    ),
    hostAliases: optional(openList('Entries of /etc/hosts, as in Kubernetes.')),
    dnsPolicy: optional(
      choice('How host names are looked up.', {
        ClusterFirst: "by the cluster's DNS",
        Default: "by the node's; roles then do not find each other unless dnsConfig names the cluster's",
        None: 'by dnsConfig alone',
      }),
    ),
    dnsConfig: optional(openObject('Settings of the DNS, as in Kubernetes.')),
    resourceClaims: optional(openList('Devices by dynamic resource allocation, as in Kubernetes.')),
    securityContext: optional(
      openObject(
        'Security context of the pod, as in Kubernetes; it goes before the restricted one that the operator sets.',
      ),
    ),
    terminationGracePeriodSeconds: optional(
      integer('Time to write a checkpoint before the pod is killed.', {
        minimum: 1,
        maximum: 86400,
        unit: 's',
      }),
    ),
  },
);

const template = object("Added to the role's pods.", {
  metadata: optional(metadata),
  spec: optional(podSpec),
});

export const coordinator = object(
  'The coordinator: one pod that plans, leases tasks and computes the loss.',
  {
    template: defaulted(template, {}),
  },
);

export const parameterServers = object('The parameter servers: each holds a range of the parameters.', {
  replicas: defaulted(
    integer('Number of parameter servers. Can change only while the job is suspended.', {
      minimum: 1,
      maximum: 64,
      unit: 'pods',
    }),
    1,
  ),
  template: defaulted(template, {}),
});

export const workers = object(
  'The workers: each reads tiles and computes. The result does not depend on their number.',
  {
    replicas: defaulted(
      integer('Number of workers; may change at any time (kubectl scale).', {
        minimum: 1,
        maximum: 999,
        unit: 'pods',
      }),
      1,
    ),
    template: defaulted(template, {}),
  },
);
