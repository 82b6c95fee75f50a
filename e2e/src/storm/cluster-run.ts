/** One job of a storm on a cluster: begun, followed, changed and removed with kubectl, also while the API server is away. */
import { setTimeout as delay } from 'node:timers/promises';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import type { KubernetesObject } from '@wsi-operator/controller';
import { WAIT, type Session } from '../suite/session.ts';
import { clusterStormJob, STORM_NAMESPACE } from './cluster-storm-job.ts';
import type { Replicas } from './leader.ts';
import { leftFiles } from './leftovers.ts';
import type { NodeReach } from './node-reach.ts';
import { readOutcome, stepsOf, type RunOutcome } from './outcome.ts';
import { STORM_TRAINING } from './storm-job.ts';

/** kubectl is a program: it is not started twenty times a second. */
const ASK_MILLISECONDS = 500;
/** Longer than the API server is ever away or paused, and than an operator takes to follow another one. */
export const PATIENCE_SECONDS = 300;
const MANAGED = 'app.kubernetes.io/managed-by=wsi-operator';
const KINDS = 'pods,services,configmaps,secrets,networkpolicies,poddisruptionbudgets,persistentvolumeclaims';

export interface ClusterRunOptions extends Replicas {
  readonly name: string;
  readonly epochs: number;
  readonly marker: string;
}

export class ClusterRun {
  readonly name: string;
  readonly #session: Session;
  readonly #reach: NodeReach | undefined;
  #asked = { at: -Infinity, finished: false };
  #output: string | undefined;

  static async start(
    session: Session,
    reach: NodeReach | undefined,
    options: ClusterRunOptions,
  ): Promise<ClusterRun> {
    const run = new ClusterRun(session, reach, options.name);
    const job = JSON.stringify(clusterStormJob(options));
    await run.persist(`job ${options.name} is made`, async () => session.kubectl(['apply', '-f', '-'], job));
    return run;
  }

  private constructor(session: Session, reach: NodeReach | undefined, name: string) {
    this.#session = session;
    this.#reach = reach;
    this.name = name;
  }

  /** The output directory, where it can be got at and is there. */
  get output(): string | undefined {
    return this.#output;
  }

  /** @throws WsiError `Internal` when the job has failed */
  async isFinished(): Promise<boolean> {
    if (performance.now() - this.#asked.at < ASK_MILLISECONDS) return this.#asked.finished;
    const status = await this.status();
    if (isTrue(status, 'Failed')) {
      throw new WsiError('Internal', `the job has failed: ${JSON.stringify(status, null, 1)}`);
    }
    this.#output ??= await this.#reach
      ?.folderOf(this.#session, `${this.name}-output`, STORM_NAMESPACE)
      .catch(() => undefined);
    this.#asked = { at: performance.now(), finished: isTrue(status, 'Succeeded') };
    return this.#asked.finished;
  }

  async steps(): Promise<number> {
    if (this.#reach !== undefined) return this.#output === undefined ? 0 : stepsOf(this.#output);
    return (await this.status()).progress?.step ?? 0;
  }

  /** {} while the API server is away. */
  async status(): Promise<WsiTrainingJobStatus> {
    return this.#seen().catch(() => ({}));
  }

  /** @returns false when the run has ended before */
  async change(spec: object): Promise<boolean> {
    if (await this.isFinished()) return false;
    await this.#kubectl('patch', 'wtj', this.name, '--type=merge', '-p', JSON.stringify({ spec }));
    return true;
  }

  /** Frees every pod, and goes on from the checkpoint with other numbers. @returns false when the run has ended before */
  async resumeWith({ workers, servers }: Replicas): Promise<boolean> {
    if (!(await this.change({ suspend: true }))) return false;
    const status = await this.#session.until(`${this.name} is suspended`, async () => {
      const seen = await this.#seen();
      return ['Suspended', 'Succeeded', 'Failed'].some((end) => isTrue(seen, end))
        ? { done: seen }
        : { seen };
    });
    if (!isTrue(status, 'Suspended')) return false;
    await this.change({ workers: { replicas: workers }, parameterServers: { replicas: servers } });
    return this.change({ suspend: false });
  }

  async outcome(): Promise<RunOutcome> {
    const { parametersSha256 = '' } = await this.persist('the result is read', async () => this.#seen());
    if (this.#output === undefined) return { parametersSha256 };
    const outcome = readOutcome(this.#output);
    if (outcome.parametersSha256 === parametersSha256) return outcome;
    throw new WsiError(
      'Internal',
      `the status says ${parametersSha256}, the result ${outcome.parametersSha256}`,
    );
  }

  /** @returns what is left that should not be: files before it is removed, processes and objects after that */
  async remove(): Promise<string[]> {
    const files =
      this.#output === undefined ? [] : await leftFiles(this.#output, STORM_TRAINING.checkpoint.keep);
    await this.#kubectl('delete', 'wtj', this.name, '--ignore-not-found', '--wait=true', WAIT);
    return [...files, ...(await this.#leftObjects())];
  }

  /** Again and again while the API server is away. */
  async persist<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    return this.#session.until(what, async () => ({ done: await work() }));
  }

  async #seen(): Promise<WsiTrainingJobStatus> {
    return (await this.#session.statusOf(this.name, STORM_NAMESPACE)) as WsiTrainingJobStatus;
  }

  async #leftObjects(): Promise<string[]> {
    for (let waited = 0; ; waited += ASK_MILLISECONDS) {
      const objects = await this.persist('what is left is listed', async () =>
        this.#session.list(KINDS, STORM_NAMESPACE, MANAGED),
      );
      const left = objects.map(({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`);
      const all = [...left, ...(this.#reach?.living() ?? [])];
      if (all.length === 0 || waited > 60_000) return all;
      await delay(ASK_MILLISECONDS);
    }
  }

  async #kubectl(...args: string[]): Promise<string> {
    return this.persist(args.slice(0, 3).join(' '), async () =>
      this.#session.kubectl([...args, '-n', STORM_NAMESPACE]),
    );
  }
}

function isTrue({ conditions = [] }: WsiTrainingJobStatus, wanted: string): boolean {
  return conditions.some(({ type, status }) => type === wanted && status === 'True');
}
