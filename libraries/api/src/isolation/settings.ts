/**
 * What the templates of jobs may ask for, as the administrator of a cluster has chosen: a profile after the Pod Security
 * Standards, and lists of names. The chart's values, the operator's option and `wsi validate --profile` use the same words.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import { WsiError } from '@wsi-operator/foundation';
import { isJsonObject } from '../schema/node.ts';
import { shown } from '../schema/problem.ts';
import { nearest } from '../schema/suggest.ts';

/** Each with what it means. */
export const PROFILES = {
  restricted: 'every pod meets the Pod Security Standard restricted, and carries no token',
  baseline: 'every pod meets the Pod Security Standard baseline (but for hostPaths), and carries no token',
  privileged: 'templates may ask for whatever the API server takes; the lists hold all the same',
} as const;
export type Profile = keyof typeof PROFILES;

/** In each of the lists: any name. */
export const ANY = '*';

export interface IsolationSettings {
  readonly profile: Profile;
  /** NAME, or NAMESPACE/NAME, besides `default`. */
  readonly serviceAccounts: readonly string[];
  /** REGISTRY, REGISTRY/NAME, ...: up to a boundary of the name, never a part of a word. */
  readonly images: readonly string[];
  /** Of Kubernetes and of Kueue; `*` is without those that begin with `system-`. */
  readonly priorityClasses: readonly string[];
  readonly runtimeClasses: readonly string[];
  readonly schedulers: readonly string[];
  /** Keys of taints; `*` is without those of control planes. */
  readonly tolerations: readonly string[];
  /** Drivers of volumes within a pod, in the profile `restricted`; the others allow all of them. */
  readonly csiDrivers: readonly string[];
  /** Directories of nodes, in the profile `baseline`; `restricted` allows none, `privileged` all of them. */
  readonly hostPaths: readonly string[];
  /** `none` is one, too. */
  readonly gangs: readonly string[];
  /** Of Kueue and of Volcano. */
  readonly queues: readonly string[];
}

export type IsolationList = Exclude<keyof IsolationSettings, 'profile'>;

/** What an administrator gets who says nothing. */
export const DEFAULT_ISOLATION: IsolationSettings = {
  profile: 'restricted',
  serviceAccounts: [],
  images: [ANY],
  priorityClasses: [ANY],
  runtimeClasses: [ANY],
  schedulers: [ANY],
  tolerations: [ANY],
  csiDrivers: [],
  hostPaths: [],
  gangs: [ANY],
  queues: [ANY],
};

export const ISOLATION_LISTS = Object.keys(DEFAULT_ISOLATION).filter(
  (name): name is IsolationList => name !== 'profile',
);

/**
 * Whose paths and names begin another's: a slash at the end, or nothing at all, would allow more than it seems to.
 * @throws WsiError InvalidArgument for text that is not JSON, unknown names, and entries that mean nothing
 */
export function isolationFromJson(text: string): IsolationSettings {
  const given = parsed(text);
  if (!isJsonObject(given)) throw wrong('must be an object', shown(given));
  const settings: Record<string, unknown> = { ...DEFAULT_ISOLATION };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_ISOLATION, name)) {
      const meant = nearest(name, Object.keys(DEFAULT_ISOLATION));
      throw wrong(
        `unknown field ${name}`,
        undefined,
        meant === undefined ? undefined : `Did you mean ${meant}?`,
      );
    }
    settings[name] = name === 'profile' ? profileOf(value) : entriesOf(name, value);
  }
  return settings as unknown as IsolationSettings;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new WsiError('InvalidArgument', `isolation is not JSON: ${shown(text)}`, { cause });
  }
}

function profileOf(value: unknown): Profile {
  if (typeof value === 'string' && Object.hasOwn(PROFILES, value)) return value as Profile;
  throw wrong(`profile must be one of ${Object.keys(PROFILES).join(', ')}`, shown(value));
}

function entriesOf(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw wrong(`${name} must be a list`, shown(value));
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw wrong(`${name} must have texts`, shown(entry));
    // Of tolerations, the empty key is the one that tolerates everything.
    const empty = entry === '' && name !== 'tolerations';
    if (empty || entry.endsWith('/')) {
      throw wrong(`${name} must have names that are not empty and have no / at the end`, shown(entry));
    }
    return entry;
  });
}

function wrong(problem: string, found: string | undefined, remedy?: string): WsiError {
  const what = found === undefined ? problem : `${problem}, but is ${found}`;
  return new WsiError('InvalidArgument', `isolation: ${what}`, remedy === undefined ? {} : { remedy });
}
