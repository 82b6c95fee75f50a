/**
 * What a suite has in hand: the cluster that the runner has started, with the operator installed, and kubectl, as a user
 * has it. A wait ends when nothing happens any more, and says
 * then what was seen last.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';
import { attempt, type ClusterFeatures, type CommandResult, run } from '@wsi-operator/cluster';
import { LOGS_VARIABLE } from '../run/evidence.ts';
import { Patience } from './patience.ts';

/** Names the file that the runner writes for the suites. */
export const SESSION_VARIABLE = 'WSI_E2E_SESSION';
/** Between two observations. */
const LOOK_MILLISECONDS = 500;
/** For commands that wait by themselves: only what hangs ends by it. */
export const WAIT = '--timeout=900s';
const COMMAND_SECONDS = 960;

export interface SessionFile {
  readonly provider: string;
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly helm: string;
  readonly features: ClusterFeatures;
  /** Images as pods of this cluster name them. */
  readonly trainerImage: string;
  readonly operatorImage: string;
  /** Where the runner has installed the chart, and as what. */
  readonly operatorNamespace: string;
  readonly release: string;
  /** The chart's directory, and the values that it was installed with. */
  readonly chart: string;
  readonly values: string;
  /** A socket on which the runner restarts the API server for a suite. */
  readonly control: string;
  /** Tests that take minutes are left out. */
  readonly short: boolean;
  /** Programs may be built for a test; otherwise it is left out where they are not there. */
  readonly builds: boolean;
}

/** Anything that a test inspects; absent fields are undefined. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Seen = any;

export class Session {
  readonly file: SessionFile;

  constructor(file: SessionFile = readSession()) {
    this.file = file;
  }

  /** Folder for the logs of what a suite starts; kept when it fails. */
  get logs(): string {
    return process.env[LOGS_VARIABLE] ?? tmpdir();
  }

  /** The output of a kubectl command that succeeds. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    return run(this.file.kubectl, this.#arguments(args), {
      timeoutSeconds: COMMAND_SECONDS,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** A kubectl command that may fail. */
  async tryKubectl(args: readonly string[], input?: string): Promise<CommandResult> {
    return attempt(this.file.kubectl, this.#arguments(args), {
      timeoutSeconds: COMMAND_SECONDS,
      ...(input === undefined ? {} : { input }),
    });
  }

  async helm(args: readonly string[]): Promise<string> {
    return run(this.file.helm, ['--kubeconfig', this.file.kubeconfig, ...args], { timeoutSeconds: 300 });
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    await this.kubectl(['apply', '-f', '-'], JSON.stringify(list));
  }

  /** Undefined when there is none. */
  async get(kind: string, name: string, namespace?: string): Promise<Seen> {
    const text = await this.kubectl([
      'get',
      kind,
      name,
      '--ignore-not-found',
      '-o=json',
      ...inNamespace(namespace),
    ]);
    return text.trim() === '' ? undefined : JSON.parse(text);
  }

  async list(kinds: string, namespace: string, selector?: string): Promise<Seen[]> {
    const text = await this.kubectl([
      'get',
      kinds,
      '-o=json',
      ...inNamespace(namespace),
      ...(selector === undefined ? [] : ['-l', selector]),
    ]);
    return (JSON.parse(text) as { items: Seen[] }).items;
  }

  /** Makes a namespace in which only pods of the standard `restricted` are admitted. */
  async makeNamespace(name: string): Promise<void> {
    await this.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name,
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'latest',
        },
      },
    });
  }

  async removeNamespace(name: string): Promise<void> {
    await this.kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait=true', WAIT]);
  }

  /** The job's status; {} before there is one. */
  async statusOf(name: string, namespace: string): Promise<Seen> {
    return (await this.get('wsitrainingjob', name, namespace))?.status ?? {};
  }

  /**
   * Waits until a job's condition is True. Another end of the job ends the wait.
   * @returns the job's status
   */
  async untilCondition(name: string, namespace: string, type: string): Promise<Seen> {
    return this.until(`job ${name} is ${type}`, async () => {
      const status = await this.statusOf(name, namespace);
      const isTrue = (wanted: string): boolean =>
        status.conditions?.some((one: Seen) => one.type === wanted && one.status === 'True') === true;
      if (isTrue(type)) return { done: status };
      for (const end of ['Failed', 'Succeeded'] as const) {
        if (isTrue(end))
          throw new WsiError('Internal', `the job has ${end}: ${JSON.stringify(status, null, 1)}`);
      }
      return { seen: status };
    });
  }

  /** Waits until the training has come to a step. */
  async untilStep(name: string, namespace: string, step: number): Promise<Seen> {
    return this.until(`job ${name} is at step ${step}`, async () => {
      const status = await this.statusOf(name, namespace);
      return (status.progress?.step ?? 0) >= step ? { done: status } : { seen: status };
    });
  }

  /**
   * Observes repeatedly, for as long as something happens. An observation that throws an error of the command (the API server
   * may be away) is no end.
   * @param observe `done` with the result, or `seen` with what is there instead
   * @throws WsiError `Unavailable` when what is seen has not changed for long, with what was seen last
   */
  async until<Result>(
    what: string,
    observe: () => Promise<{ readonly done: Result } | { readonly seen: unknown }>,
  ): Promise<Result> {
    const patience = new Patience();
    for (;;) {
      let seen: unknown;
      try {
        const answer = await observe();
        if ('done' in answer) return answer.done;
        ({ seen } = answer);
      } catch (error) {
        if (!(error instanceof WsiError) || error.code !== 'Unavailable') throw error;
        seen = error.message;
      }
      const text = typeof seen === 'string' ? seen : JSON.stringify(seen, null, 1);
      const over = patience.after(text);
      if (over !== undefined) {
        throw new WsiError('Unavailable', `still not: ${what}; ${over}. Last seen: ${text}`);
      }
      await delay(LOOK_MILLISECONDS);
    }
  }

  #arguments(args: readonly string[]): string[] {
    return ['--kubeconfig', this.file.kubeconfig, ...args];
  }
}

function inNamespace(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ['-n', namespace];
}

function readSession(): SessionFile {
  const path = process.env[SESSION_VARIABLE];
  if (path === undefined) {
    throw new WsiError('InvalidArgument', 'these tests need a cluster', { remedy: 'Run: npm run e2e' });
  }
  return JSON.parse(readFileSync(path, 'utf8')) as SessionFile;
}
