/** What the operator's process is given by its command line or its environment; the chart's values use the same words. */
import { DEFAULT_ISOLATION, GANG_NAMES, type GangName, type IsolationSettings } from '@wsi-operator/api';
import { Command, Option } from 'commander';
import {
  DEFAULT_SETTINGS,
  type ClusterSettings,
  type EgressRule,
  type PodIdentity,
} from '../job/settings.ts';
import {
  choice,
  egressRules,
  isolation,
  labels,
  names,
  port,
  ports,
  positive,
  truth,
} from './option-values.ts';

/** Metrics over TLS, for those who may. */
export interface MetricsSecurity {
  /** With `tls.crt` and `tls.key`; absent: the operator makes a certificate for itself. */
  readonly certificateDirectory?: string;
  /** File of the authority whose certificates clients show; absent: they show tokens, which the API server reviews. */
  readonly clientAuthority?: string;
}

export interface OperatorOptions {
  readonly metricsPort: number;
  readonly healthPort: number;
  /** Absent: plain HTTP for everybody who reaches the port. */
  readonly metricsSecurity?: MetricsSecurity;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly leaderElect: boolean;
  readonly leaseNamespace: string;
  readonly leaseName: string;
  readonly concurrency: number;
  readonly queriesPerSecond: number;
  readonly burst: number;
  readonly logLevel: string;
  /** Who this process is among the operators: the pod's name. */
  readonly identity: string;
  /** `auto`: found out when the operator starts. */
  readonly podIdentity: 'auto' | PodIdentity;
  readonly settings: ClusterSettings;
}

const GANGS: readonly ('none' | GangName)[] = ['none', ...GANG_NAMES];
const IDENTITIES: readonly ('auto' | PodIdentity)[] = ['auto', 'fixed', 'platform'];
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

interface Flags {
  readonly metricsPort: number;
  readonly healthPort: number;
  readonly metricsSecure: boolean;
  readonly metricsCertificate?: string;
  readonly metricsClientAuthority?: string;
  readonly namespaces: readonly string[];
  readonly leaderElect: boolean;
  readonly leaseNamespace?: string;
  readonly leaseName: string;
  readonly trainerImage: string;
  readonly imagePullPolicy?: string;
  readonly imagePullSecrets: readonly string[];
  readonly concurrency: number;
  readonly apiQps: number;
  readonly apiBurst: number;
  readonly progressInterval: number;
  readonly certificates: boolean;
  readonly restricted: boolean;
  readonly isolation: IsolationSettings;
  readonly podIdentity: 'auto' | PodIdentity;
  readonly networkPolicy: boolean;
  readonly dnsPorts: readonly number[];
  readonly policyEgress: readonly EgressRule[];
  readonly disruptionBudget: boolean;
  readonly operatorLabels: Readonly<Record<string, string>>;
  readonly defaultGang: 'none' | GangName;
  readonly defaultQueue?: string;
  readonly logLevel: string;
}

/**
 * @param argv without the program's own name
 * @param environment `WSI_*` for each option, `POD_NAME` and `POD_NAMESPACE` from the downward API
 * @throws CommanderError for an option that is unknown or wrong, and for `--help` (exit code 0)
 */
export function readOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): OperatorOptions {
  const flags = parse(argv, environment);
  const namespace = environment['POD_NAMESPACE'];
  const { trainerImage, imagePullPolicy, imagePullSecrets, defaultQueue } = flags;
  return {
    metricsPort: flags.metricsPort,
    healthPort: flags.healthPort,
    ...metricsSecurity(flags),
    namespaces: flags.namespaces,
    leaderElect: flags.leaderElect,
    leaseNamespace: flags.leaseNamespace ?? namespace ?? 'default',
    leaseName: flags.leaseName,
    concurrency: flags.concurrency,
    queriesPerSecond: flags.apiQps,
    burst: flags.apiBurst,
    logLevel: flags.logLevel,
    identity: environment['POD_NAME'] ?? `${environment['HOSTNAME'] ?? 'operator'}-${String(process.pid)}`,
    podIdentity: flags.podIdentity,
    settings: {
      ...DEFAULT_SETTINGS,
      trainerImage,
      imagePullSecrets,
      certificates: flags.certificates,
      restricted: flags.restricted,
      isolation: flags.isolation,
      ...(flags.podIdentity === 'auto' ? {} : { podIdentity: flags.podIdentity }),
      networkPolicy: flags.networkPolicy,
      dnsPorts: flags.dnsPorts,
      policyEgress: flags.policyEgress,
      disruptionBudget: flags.disruptionBudget,
      progressIntervalMilliseconds: flags.progressInterval,
      defaultGang: flags.defaultGang,
      operatorLabels: flags.operatorLabels,
      ...(namespace === undefined ? {} : { operatorNamespace: namespace }),
      ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
      ...(defaultQueue === undefined ? {} : { defaultQueue }),
    },
  };
}

function parse(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Flags {
  const command = new Command('wsi-operator')
    .description('Runs WsiTrainingJobs on Kubernetes.')
    .exitOverride()
    .allowExcessArguments(false);
  for (const made of options()) {
    const variable = variableOf(made.long ?? '');
    const value = environment[variable];
    // An empty variable is what a chart's empty value becomes: it says nothing.
    if (value !== undefined && value !== '') made.default(fromVariable(command, made, variable, value));
    command.addOption(made);
  }
  const flags = command.parse([...argv], { from: 'user' }).opts<Flags>();
  if (!flags.restricted && flags.isolation.profile === 'restricted') {
    command.error(
      'error: --restricted=false contradicts the profile restricted of --isolation. Choose baseline or privileged.',
    );
  }
  if (!flags.metricsSecure && (flags.metricsCertificate ?? flags.metricsClientAuthority) !== undefined) {
    command.error(
      'error: --metrics-certificate and --metrics-client-authority are only for --metrics-secure=true.',
    );
  }
  return flags;
}

function metricsSecurity({
  metricsSecure,
  metricsCertificate: certificateDirectory,
  metricsClientAuthority: clientAuthority,
}: Flags): Pick<OperatorOptions, 'metricsSecurity'> {
  if (!metricsSecure) return {};
  return {
    metricsSecurity: {
      ...(certificateDirectory === undefined ? {} : { certificateDirectory }),
      ...(clientAuthority === undefined ? {} : { clientAuthority }),
    },
  };
}

/** `--api-qps` -> `WSI_API_QPS` */
function variableOf(flag: string): string {
  return `WSI_${flag.replace(/^--/, '').toUpperCase().replaceAll('-', '_')}`;
}

function fromVariable(command: Command, made: Option, variable: string, value: string): unknown {
  try {
    return made.parseArg?.<unknown>(value, undefined);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    command.error(`error: environment variable ${variable} is invalid. ${problem}`);
  }
}

/** An option whose value may also come from the variable `WSI_NAME`; read by us, not from this process' environment. */
function option<Value>(
  name: string,
  placeholder: string,
  description: string,
  read: (text: string) => Value,
  preset?: Value,
): Option {
  const made = new Option(`--${name} <${placeholder}>`, `${description} (${variableOf(name)})`);
  made.argParser<Value>((text) => read(text));
  return preset === undefined ? made : made.default(preset);
}

function options(): Option[] {
  const yes = 'true or false';
  return [
    option('metrics-port', 'port', 'port of /metrics', port, 8080),
    option('health-port', 'port', 'port of /healthz and /readyz', port, 8081),
    option(
      'metrics-secure',
      yes,
      '/metrics over TLS, for accounts that may get it: clients show their token',
      truth,
      false,
    ),
    option(
      'metrics-certificate',
      'directory',
      'with tls.crt and tls.key for it; read again when they change. By default one is made',
      String,
    ),
    option(
      'metrics-client-authority',
      'file',
      'instead of tokens, clients show a certificate of this authority (PEM)',
      String,
    ),
    option('namespaces', 'names', 'reconcile jobs in these namespaces only, separated by commas', names, []),
    option('leader-elect', yes, 'act only while holding the lease', truth, true),
    option('lease-namespace', 'name', "namespace of the lease, by default the operator's own", String),
    option('lease-name', 'name', 'name of the lease', String, 'wsi-operator'),
    option('trainer-image', 'image', 'image of the roles', String, DEFAULT_SETTINGS.trainerImage),
    option(
      'image-pull-policy',
      'policy',
      'of the trainer image',
      choice(['Always', 'IfNotPresent', 'Never']),
    ),
    option('image-pull-secrets', 'names', "Secrets in the jobs' namespaces", names, []),
    option('concurrency', 'count', 'jobs that are reconciled at the same time', positive, 8),
    option('api-qps', 'count', 'requests a second to the API server, on average', positive, 100),
    option('api-burst', 'count', 'requests to the API server at once', positive, 200),
    option('progress-interval', 'milliseconds', 'between two questions to a coordinator', positive, 10_000),
    option('certificates', yes, "mutual TLS between a job's pods", truth, DEFAULT_SETTINGS.certificates),
    option(
      'restricted',
      yes,
      'what the Pod Security Standard restricted asks for is set where a template says nothing',
      truth,
      DEFAULT_SETTINGS.restricted,
    ),
    option(
      'isolation',
      'json',
      'what jobs may ask for: isolation of the chart\'s values, such as {"profile":"baseline"}',
      isolation,
      DEFAULT_ISOLATION,
    ),
    option(
      'pod-identity',
      'kind',
      "user of jobs' pods: fixed (the image's), platform (assigned, as by OpenShift) or auto",
      choice(IDENTITIES),
      'auto',
    ),
    option('network-policy', yes, 'a NetworkPolicy for each job', truth, DEFAULT_SETTINGS.networkPolicy),
    option(
      'dns-ports',
      'ports',
      "ports of name servers' pods, that jobs' policies let out to",
      ports,
      DEFAULT_SETTINGS.dnsPorts,
    ),
    option(
      'policy-egress',
      'json',
      "further egress rules of jobs' policies, as in a NetworkPolicy",
      egressRules,
      DEFAULT_SETTINGS.policyEgress,
    ),
    option(
      'disruption-budget',
      yes,
      'a PodDisruptionBudget for each job',
      truth,
      DEFAULT_SETTINGS.disruptionBudget,
    ),
    option(
      'operator-labels',
      'labels',
      "of the operator's pods, as NAME=VALUE,NAME=VALUE",
      labels,
      DEFAULT_LABELS,
    ),
    option('default-gang', 'kind', 'for jobs that name none', choice(GANGS), DEFAULT_SETTINGS.defaultGang),
    option('default-queue', 'name', 'for jobs that name none', String),
    option('log-level', 'level', 'how much is logged', choice(LEVELS), 'info'),
  ];
}

/** What the chart puts on the operator's pods; network policies of jobs let them in. */
const DEFAULT_LABELS: Readonly<Record<string, string>> = { 'app.kubernetes.io/name': 'wsi-operator' };
