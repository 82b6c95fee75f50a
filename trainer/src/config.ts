/** A role's configuration, read once from the environment; every fault at once. The only reader of `WSI_*` here. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { load } from 'js-yaml';
import type { Role, WsiTrainingJob } from '@wsi-operator/api';
import {
  type Details,
  detailsOf,
  ownText,
  publicText,
  systemErrorCode,
  WsiError,
} from '@wsi-operator/foundation';

export interface RoleConfig {
  readonly role: Role;
  readonly replica: number;
  readonly jobName: string;
  /** `unix:/path` or `host:port`; coordinator and server. */
  readonly listen: string;
  /** The coordinator's address; worker. */
  readonly coordinator: string;
  /** The parameter servers' addresses; coordinator. */
  readonly servers: readonly string[];
  /** Directory of results and checkpoints; coordinator. */
  readonly output: string;
  readonly jobFile: string;
  /** Directory with ca.crt, tls.crt and tls.key: mutual TLS on every address but unix sockets. */
  readonly tlsDirectory: string | undefined;
  /** A worker that is silent for so long loses its leases. */
  readonly leaseMilliseconds: number;
  /** Tasks a worker holds at once: one computes while the others read. */
  readonly slots: number;
  /** How long a worker or server that is asked to stop continues with what would be lost; well below its grace period. */
  readonly drainMilliseconds: number;
  /** Measurements are of stretches of training of this length at least; coordinator. */
  readonly windowMilliseconds: number;
  /** Whether names, values and paths may appear where others can read them. */
  readonly details: Details;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readRoleConfig(role: Role, environment: Environment): RoleConfig {
  const problems: string[] = [];
  const text = (name: string, needed: boolean): string => {
    const value = environment[name] ?? '';
    if (needed && value === '') problems.push(`${name} is not set`);
    return value;
  };
  const whole = (name: string, fallback: number, least: number): number => {
    const value = environment[name];
    if (value === undefined || value === '') return fallback;
    const number = Number(value);
    if (!Number.isInteger(number) || number < least) {
      problems.push(`${name} must be a whole number of at least ${least}, not '${value}'`);
    }
    return number;
  };
  const coordinates = role === 'coordinator';
  const config: RoleConfig = {
    role,
    replica: whole('WSI_REPLICA', 0, 0),
    jobName: environment['WSI_JOB_NAME'] ?? hostname(),
    listen: text('WSI_LISTEN', role !== 'worker'),
    coordinator: text('WSI_COORDINATOR', role === 'worker'),
    servers: text('WSI_SERVERS', coordinates).split(',').filter(Boolean),
    output: text('WSI_OUTPUT', coordinates),
    jobFile: text('WSI_JOB_FILE', coordinates),
    tlsDirectory: environment['WSI_TLS_DIRECTORY'] || undefined,
    leaseMilliseconds: whole('WSI_LEASE_MILLISECONDS', 30_000, 100),
    slots: whole('WSI_SLOTS', 2, 1),
    drainMilliseconds: whole('WSI_DRAIN_MILLISECONDS', 20_000, 0),
    windowMilliseconds: whole('WSI_WINDOW_MILLISECONDS', 20_000, 0),
    details: detailsOf(environment),
  };
  if (problems.length > 0) {
    throw new WsiError(
      'InvalidArgument',
      ownText(`the environment of the ${role} is wrong: ${problems.join('; ')}.`),
    );
  }
  return config;
}

/** The job file is written by the operator: validated, with defaults, its paths absolute. */
export async function readJobFile(path: string): Promise<WsiTrainingJob> {
  try {
    return load(await readFile(path, 'utf8')) as WsiTrainingJob;
  } catch (error) {
    const problem =
      systemErrorCode(error) === 'ENOENT'
        ? publicText`there is no job file`
        : publicText`the job file cannot be read`;
    throw new WsiError('InvalidManifest', problem, { where: path, cause: error });
  }
}
