/** What the operator's process is told by its command line or its environment; the chart's values use the same words. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_SETTINGS, type ClusterSettings, type GangName } from '../cluster/port.ts';

export interface OperatorOptions {
  readonly metricsPort: number;
  readonly healthPort: number;
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
  readonly settings: ClusterSettings;
}

const GANGS: readonly ('none' | GangName)[] = ['none', 'kueue', 'volcano', 'coscheduling', 'native'];
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

interface Flags {
  readonly metricsPort: number;
  readonly healthPort: number;
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
  readonly networkPolicy: boolean;
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
    namespaces: flags.namespaces,
    leaderElect: flags.leaderElect,
    leaseNamespace: flags.leaseNamespace ?? namespace ?? 'default',
    leaseName: flags.leaseName,
    concurrency: flags.concurrency,
    queriesPerSecond: flags.apiQps,
    burst: flags.apiBurst,
    logLevel: flags.logLevel,
    identity: environment['POD_NAME'] ?? `${environment['HOSTNAME'] ?? 'operator'}-${String(process.pid)}`,
    settings: {
      ...DEFAULT_SETTINGS,
      trainerImage,
      imagePullSecrets,
      certificates: flags.certificates,
      restricted: flags.restricted,
      networkPolicy: flags.networkPolicy,
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
  return command.parse([...argv], { from: 'user' }).opts<Flags>();
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
    option('namespaces', 'names', 'look after jobs in these namespaces only, separated by commas', names, []),
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
    option('concurrency', 'count', 'jobs that are looked at at the same time', positive, 8),
    option('api-qps', 'count', 'requests a second to the API server, on average', positive, 100),
    option('api-burst', 'count', 'requests to the API server at once', positive, 200),
    option('progress-interval', 'milliseconds', 'between two questions to a coordinator', positive, 10_000),
    option('certificates', yes, "mutual TLS between a job's pods", truth, DEFAULT_SETTINGS.certificates),
    option(
      'restricted',
      yes,
      'pods conform to the Restricted Pod Security Standard',
      truth,
      DEFAULT_SETTINGS.restricted,
    ),
    option('network-policy', yes, 'a NetworkPolicy for each job', truth, DEFAULT_SETTINGS.networkPolicy),
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

function port(text: string): number {
  return inRange(text, 0, 65_535);
}

function positive(text: string): number {
  return inRange(text, 1, 1_000_000);
}

function inRange(text: string, lowest: number, highest: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
  throw new InvalidArgumentError(`'${text}' is not a whole number from ${lowest} to ${highest}.`);
}

function truth(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError(`'${text}' is neither true nor false.`);
}

function names(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function labels(text: string): Readonly<Record<string, string>> {
  const pairs = names(text).map((pair) => pair.split('=', 2));
  if (pairs.some((pair) => pair.length !== 2 || pair[0] === '')) {
    throw new InvalidArgumentError(`'${text}' is not of the form NAME=VALUE,NAME=VALUE.`);
  }
  return Object.fromEntries(pairs as [string, string][]);
}

function choice<Value extends string>(values: readonly Value[]): (text: string) => Value {
  return (text) => {
    const value = values.find((one) => one === text);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(`'${text}' is none of ${values.join(', ')}.`);
  };
}
