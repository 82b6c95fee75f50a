/**
 * A storm over a job of a cluster: its pods, the operator that leads and the API server. Where the nodes of the cluster
 * are this machine (`native`), processes are hit as well as pods, networks cut and checkpoints damaged.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';
import type { V1Pod } from '@kubernetes/client-node';
import { type Log, type ProviderName, providers, type RunningCluster } from '@wsi-operator/cluster';
import { uninstall } from '../run/installation.ts';
import { prepareCluster, type PreparedCluster } from '../run/prepared-cluster.ts';
import { leadingOperator } from '../suite/leading-operator.ts';
import { Session } from '../suite/session.ts';
import { makeCohort } from '../suite/synthetic-cohort.ts';
import type { Arena } from './arena.ts';
import { damageStopped } from './checkpoint-damage.ts';
import { ClusterRun, PATIENCE_SECONDS } from './cluster-run.ts';
import { STORM_NAMESPACE } from './cluster-storm-job.ts';
import type { Replicas } from './leader.ts';
import { NodeReach } from './node-reach.ts';
import type { RunOutcome } from './outcome.ts';
import { markOf, signal, type ProcessMark } from './processes.ts';
import {
  describeVictim,
  type FaultAction,
  type FaultKind,
  type OtherVictim,
  type Victim,
} from './schedule.ts';

const POLL_MILLISECONDS = 100;

export class ClusterArena implements Arena {
  readonly shares: Partial<Record<FaultKind, number>> = { kill: 30, rescale: 12, resume: 4 };
  readonly impossible: Partial<Record<FaultKind, string>> = {
    delay: 'the network of pods is cut and broken, not slowed down',
    diskFull: 'the claims share a disk with everything else',
  };
  readonly others: readonly OtherVictim[];
  replicas: Replicas = { workers: 2, servers: 2 };
  readonly #cluster: RunningCluster;
  readonly #prepared: PreparedCluster;
  readonly #session: Session;
  readonly #directory: string;
  readonly #epochs: number;
  readonly #reach: NodeReach | undefined;
  readonly #lasting = new Set<Promise<unknown>>();
  #current: ClusterRun | undefined;
  #kills = 0;

  static async make(provider: ProviderName, epochs: number, log: Log): Promise<ClusterArena> {
    const cluster = await providers[provider].start({ nodes: 2, gangScheduling: true, log });
    try {
      const directory = await mkdtemp(join(tmpdir(), 'wsi-storm-'));
      const prepared = await prepareCluster(cluster, directory, log);
      const arena = new ClusterArena(cluster, prepared, directory, epochs);
      await arena.#session.makeNamespace(STORM_NAMESPACE);
      await makeCohort(arena.#session, STORM_NAMESPACE);
      return arena;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor(cluster: RunningCluster, prepared: PreparedCluster, directory: string, epochs: number) {
    this.#cluster = cluster;
    this.#prepared = prepared;
    this.#session = new Session({ ...prepared.session, short: false, builds: true });
    this.#directory = directory;
    this.#epochs = epochs;
    this.others = cluster.features.restartApiServer ? ['leader', 'apiServer'] : ['leader'];
    if (cluster.provider === 'native') {
      this.#reach = new NodeReach(directory);
      Object.assign(this.shares, { pause: 16, drop: 8, partition: 10, corruption: 6 });
    } else {
      const reason = 'the nodes of this cluster are other machines';
      Object.assign(this.impossible, { pause: reason, drop: reason, partition: reason, corruption: reason });
    }
  }

  async quiet(): Promise<RunOutcome> {
    await this.#start('quiet', { workers: 1, servers: 1 });
    while (!(await this.isFinished())) await delay(POLL_MILLISECONDS);
    return (await this.conclude()).outcome;
  }

  async begin(run: number): Promise<void> {
    await this.#start(`storm-${run}`, this.replicas);
  }

  async steps(): Promise<number> {
    return this.#run.steps();
  }

  async isFinished(): Promise<boolean> {
    return this.#run.isFinished();
  }

  async inject(action: FaultAction): Promise<string | undefined> {
    switch (action.kind) {
      case 'kill':
        return this.#kill(action.victim);
      case 'rescale':
        this.replicas = { ...this.replicas, workers: action.workers };
        return (await this.#run.change({ workers: { replicas: action.workers } }))
          ? 'while it runs'
          : undefined;
      case 'resume':
        this.replicas = { workers: action.workers, servers: action.servers };
        return (await this.#run.resumeWith(this.replicas)) ? 'suspended, and resumed' : undefined;
      case 'corruption':
        return this.#corrupt(action);
      case 'delay':
      case 'diskFull':
        throw new RangeError(`${action.kind} is not possible on a cluster`);
      default:
        return this.#disturb(action);
    }
  }

  async conclude(): Promise<{ outcome: RunOutcome; leftovers: readonly string[] }> {
    await Promise.all(this.#lasting);
    const outcome = await this.#run.outcome();
    return { outcome, leftovers: await this.#run.remove() };
  }

  async close(keep: boolean): Promise<void> {
    await Promise.all(this.#lasting);
    this.#prepared.close();
    if (keep) {
      await this.#cluster.keep();
      process.stderr.write(`storm: kept: export KUBECONFIG=${this.#cluster.kubeconfig}\n`);
      return;
    }
    await this.#session.removeNamespace(STORM_NAMESPACE).catch(() => undefined);
    await uninstall(this.#cluster).catch(() => undefined);
    await this.#cluster.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get #run(): ClusterRun {
    if (this.#current === undefined) throw new WsiError('Internal', 'no run has begun');
    return this.#current;
  }

  async #start(name: string, replicas: Replicas): Promise<void> {
    const options = { name, epochs: this.#epochs, marker: this.#directory, ...replicas };
    this.#current = await ClusterRun.start(this.#session, this.#reach, options);
  }

  async #kill(victim: Victim): Promise<string | undefined> {
    this.#kills += 1;
    if (victim.role === 'apiServer') {
      const secondsAway = this.#kills % 4;
      await this.#cluster.restartApiServer({ secondsAway });
      return `killed, and started again after ${secondsAway} s`;
    }
    const found = await this.#find(victim);
    if (found === undefined) return undefined;
    const { pod, mark } = found;
    // By turns a process that dies in its pod, and a pod that is taken away without notice.
    if (mark !== undefined && this.#kills % 2 === 0) {
      if (!signal(mark, 'SIGKILL')) return undefined;
      // The next fault must not strike a dead one.
      while (markOf(mark.pid)?.started === mark.started) await delay(POLL_MILLISECONDS);
      return `process ${mark.pid} of ${pod}`;
    }
    const namespace = 'index' in victim ? STORM_NAMESPACE : this.#session.file.operatorNamespace;
    const args = ['delete', 'pod', pod, '-n', namespace, '--ignore-not-found', '--grace-period=0', '--force'];
    await this.#run.persist(`${pod} is deleted`, async () => this.#session.kubectl(args));
    return `pod ${pod}`;
  }

  /** What lasts a while and ends by itself. */
  async #disturb(
    action: FaultAction & { kind: 'pause' | 'drop' | 'partition' },
  ): Promise<string | undefined> {
    const mark = (await this.#find(action.victim))?.mark;
    if (mark === undefined) return undefined;
    if (action.kind === 'drop') this.#meanwhile(this.#reach?.drop(mark));
    else if (action.kind === 'partition') this.#meanwhile(this.#reach?.partition(mark, action.milliseconds));
    else if (!signal(mark, 'SIGSTOP')) return undefined;
    else this.#meanwhile(delay(action.milliseconds).then(() => signal(mark, 'SIGCONT')));
    return `process ${mark.pid}`;
  }

  async #corrupt(action: FaultAction & { readonly kind: 'corruption' }): Promise<string | undefined> {
    const mark = (await this.#find({ role: 'coordinator', index: 0 }))?.mark;
    const { output } = this.#run;
    return output === undefined || mark === undefined ? undefined : damageStopped(mark, output, action);
  }

  /** Waits for one that is being started; undefined when the run ends meanwhile. */
  async #find(victim: Victim): Promise<{ pod: string; mark?: ProcessMark } | undefined> {
    for (const end = performance.now() + PATIENCE_SECONDS * 1000; ;) {
      if (await this.isFinished()) return undefined;
      const pod = await this.#podOf(victim).catch(() => '');
      const mark = this.#processOf(victim, pod);
      if (mark !== undefined) return { pod, mark };
      if (this.#reach === undefined && pod !== '' && (await this.#runs(pod))) return { pod };
      if (performance.now() > end) {
        const what = `${describeVictim(victim)} was not there for ${PATIENCE_SECONDS} s`;
        throw new WsiError('Internal', what, { remedy: JSON.stringify(await this.#run.status(), null, 1) });
      }
      await delay(POLL_MILLISECONDS);
    }
  }

  async #podOf(victim: Victim): Promise<string> {
    if ('index' in victim) return `${this.#run.name}-${victim.role}-${victim.index}`;
    return victim.role === 'leader' ? leadingOperator(this.#session) : '';
  }

  #processOf(victim: Victim, pod: string): ProcessMark | undefined {
    if (victim.role === 'apiServer') return this.#reach?.apiServer();
    if (pod === '') return undefined;
    return victim.role === 'leader' ? this.#reach?.operatorProcess(pod) : this.#reach?.podProcess(pod);
  }

  /** A pod of the run, where its process cannot be seen; the operator's lease says enough of the leader's. */
  async #runs(pod: string): Promise<boolean> {
    if (!pod.startsWith(`${this.#run.name}-`)) return true;
    const found = (await this.#session.get('pod', pod, STORM_NAMESPACE).catch(() => undefined)) as
      V1Pod | undefined;
    return found?.status?.phase === 'Running' && found.metadata?.deletionTimestamp === undefined;
  }

  #meanwhile(work: Promise<unknown> | undefined): void {
    if (work === undefined) return;
    const lasting = work.finally(() => this.#lasting.delete(lasting));
    this.#lasting.add(lasting);
  }
}
