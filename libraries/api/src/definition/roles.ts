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
import {
  containersRules,
  initContainersRules,
  mountsRules,
  podLabelsRules,
  podSpecRules,
  portsRules,
  variablesRules,
  volumesRules,
} from './template-rules.ts';
import { SUBDOMAIN } from './storage.ts';

const label = text('Value of a label.', {
  minLength: 0,
  maxLength: 63,
  pattern: {
    expression: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$',
    means: 'letters, digits, -, _ and ., beginning and ending with a letter or digit',
  },
});

/** Of labels and annotations. */
const qualifiedName = {
  expression: '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
  means:
    'a name of at most 63 letters, digits, -, _ and ., after a DNS name and a slash if there is a prefix',
};

const metadata = object(
  "Added to the pod's metadata.",
  {
    labels: optional(
      map('Labels; those beginning with wsi.dev/ are set by the operator.', label, 64, qualifiedName),
    ),
    annotations: optional(
      map(
        'Annotations.',
        text('Value of an annotation.', { minLength: 0, maxLength: 65536 }),
        64,
        qualifiedName,
      ),
    ),
  },
  { rules: podLabelsRules },
);

const resources = object(
  'Compute resources, as in a Kubernetes container.',
  {
    requests: optional(
      map('Requested amounts: cpu, memory, nvidia.com/gpu, ...', quantity('Amount of the resource.'), 32),
    ),
    limits: optional(map('Maximum amounts.', quantity('Amount of the resource.'), 32)),
  },
  { keepsUnknown: true },
);

/** The part of Kubernetes' own objects that the operator's might clash with. */
const named = { name: required(text('Name.', { maxLength: 253 })) };
/** DNS labels; their length bounds what it costs to compare them. */
const volumeNamed = { name: required(text('Name of the volume.', { maxLength: 63 })) };
const mount = object(
  'A mount, as in Kubernetes.',
  { ...volumeNamed, mountPath: required(text('Path in the container.', { maxLength: 1024 })) },
  { keepsUnknown: true },
);
const variable = object('A variable, as in Kubernetes.', named, { keepsUnknown: true });
const volume = object('A volume, as in Kubernetes.', volumeNamed, { keepsUnknown: true });
const ports = optional(
  list(
    'Ports, as in Kubernetes.',
    object(
      'A port, as in Kubernetes.',
      { containerPort: required(integer('Number of the port.', { minimum: 1, maximum: 65535 })) },
      { keepsUnknown: true },
    ),
    { maxItems: 64 },
  ),
);
const initContainer = object(
  'A container, as in Kubernetes.',
  {
    ...named,
    ports,
    volumeMounts: optional(list('Where volumes appear.', mount, { maxItems: 64, key: 'mountPath' })),
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
    image: optional(
      text(
        "Image; by default the operator's own trainer image. Others must be allowed by isolation.images of the chart (any by default).",
      ),
    ),
    resources: optional(resources),
    env: optional(
      list('Environment variables; those beginning with WSI_ are set by the operator.', variable, {
        maxItems: 256,
        rules: variablesRules,
      }),
    ),
    volumeMounts: optional(
      list('Where volumes appear.', mount, { maxItems: 64, key: 'mountPath', rules: mountsRules }),
    ),
    ports,
    restartPolicy: optional(
      text('Of a container that runs beside the role, as in Kubernetes.', { maxLength: 16 }),
    ),
  },
  { keepsUnknown: true },
);

const podSpec = object(
  'The part of a pod specification that may be chosen. The operator decides host names and the restart policy, and mounts no token of a service account. What else may be asked for, the administrator decides: a profile after the Pod Security Standards (restricted unless changed) and lists of names; the operator refuses what is not allowed with the reason NotAllowed.',
  {
    containers: optional(
      list("Containers; one must be named 'trainer'.", container, {
        minItems: 1,
        maxItems: 16,
        key: 'name',
        rules: [...containersRules, ...portsRules],
      }),
    ),
    initContainers: optional(
      list('Containers that run first, as in Kubernetes.', initContainer, {
        maxItems: 16,
        key: 'name',
        rules: initContainersRules,
      }),
    ),
    volumes: optional(
      list(
        'Volumes, as in Kubernetes. Without storage.output, one named output keeps checkpoints and results.',
        volume,
        { maxItems: 64, key: 'name', rules: volumesRules },
      ),
    ),
    nodeSelector: optional(map('Labels that a node must have.', label, 32, qualifiedName)),
    affinity: optional(openObject('Affinity, as in Kubernetes.')),
    tolerations: optional(
      openList(
        'Tolerations, as in Kubernetes. Tolerations of all taints at once, and of control planes, must be allowed by isolation.tolerations of the chart.',
      ),
    ),
    topologySpreadConstraints: optional(openList('Topology spread constraints, as in Kubernetes.')),
    imagePullSecrets: optional(openList('Secrets for the image registry, as in Kubernetes.')),
    priorityClassName: optional(
      text(
        'Priority class; names that begin with system- must be listed in isolation.priorityClasses of the chart.',
        { maxLength: 253 },
      ),
    ),
    runtimeClassName: optional(text('Runtime class.', { maxLength: 253 })),
    schedulerName: optional(text('Scheduler.', { maxLength: 253 })),
    serviceAccountName: optional(
      text(
        'Service account, for image pull secrets or the identity of a cloud; its token is not mounted. Others than default must be allowed by isolation.serviceAccounts of the chart.',
        {
          maxLength: 253,
          pattern: SUBDOMAIN,
        },
      ),
    ),
    hostAliases: optional(openList('Entries of /etc/hosts, as in Kubernetes.')),
    dnsPolicy: optional(
      choice('How host names are resolved.', {
        ClusterFirst: "by the cluster's DNS",
        Default: "by the node's; roles then do not find each other unless dnsConfig names the cluster's",
        None: 'by dnsConfig alone',
      }),
    ),
    dnsConfig: optional(openObject('Settings of the DNS, as in Kubernetes.')),
    resourceClaims: optional(openList('Devices by dynamic resource allocation, as in Kubernetes.')),
    securityContext: optional(
      openObject(
        'Security context of the pod, as in Kubernetes. The operator sets what it omits as the Pod Security Standard restricted requires; what contradicts the isolation profile of the installation is refused.',
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
  { rules: podSpecRules },
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

/** More would each hold next to nothing of any network. */
export const MOST_SERVERS = 64;

export const parameterServers = object('The parameter servers: each holds a range of the parameters.', {
  replicas: defaulted(
    integer('Number of parameter servers. Can change only while the job is suspended.', {
      minimum: 1,
      maximum: MOST_SERVERS,
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
