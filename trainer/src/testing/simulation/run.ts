/**
 * A whole run in one process: the real coordinator's training (generations, steps, task board, worker pool, server group,
 * journal, recovery points) and the real parameter servers, over simulated messages, time and disk. Workers speak the real
 * protocol and compute a made-up function. Any process may end at any message or disk action, and is started again.
 */
import { cutLines, stepLines } from '../../coordinator/learning/metrics-log.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { createLogger, sha256, WsiError, type Logger } from '@wsi-operator/foundation';
import { bytesOf } from '@wsi-operator/protocol';
import type { Connections } from '../../connections.ts';
import type { Prepared } from '../../coordinator/run/generation-parts.ts';
import { Generations } from '../../coordinator/run/generations.ts';
import { Journal } from '../../coordinator/run/journal.ts';
import { applied, decodeRecords, replayJournal } from '../../coordinator/run/journal-records.ts';
import { planSteps } from '../../plan/plan.ts';
import { Progress } from '../../coordinator/run/progress.ts';
import { Quarantine } from '../../coordinator/survey/quarantine.ts';
import { SelectionRecord } from '../../selection/selection-record.ts';
import { ServerGroup } from '../../coordinator/run/server-group.ts';
import { WorkerPool } from '../../coordinator/leases/worker-pool.ts';
import { ParameterServerService } from '../../server/service.ts';
import { RunMeasurement } from '../../measurement/run-measurement.ts';
import { UsageMeter } from '../../usage.ts';
import { Life, SimulatedTime } from './clock.ts';
import { SimulatedDisk } from './disk.ts';
import { SimulatedNetwork, type ServerProcess } from './network.ts';
import { simulatedBags, simulatedJob, simulatedModel, simulatedWelcome } from './simulated-job.ts';
import { work } from './worker.ts';

export interface SimulatedFault {
  /** Boundaries after the one before. */
  readonly after: number;
  /** The process that ends at once; `stop`: the coordinator is asked to stop, and started again once it has ended. */
  readonly role: 'coordinator' | 'server' | 'worker' | 'stop';
  readonly replica: number;
}

export interface SimulationOptions {
  /** Of the network's delays, not of the run. */
  readonly seed: number;
  readonly workers: number;
  readonly servers: number;
  readonly staleness: number;
  /** Whether the best epoch is kept, and training ends when the next is not better. */
  readonly selects?: boolean;
  readonly faults: readonly SimulatedFault[];
}

export interface SimulatedResult {
  readonly sha256: string;
  readonly tiles: number;
  /** Of the result, and of the last step that was trained. */
  readonly version: number;
  readonly step: number;
  /** Of `metrics.jsonl`: the loss by step, and the versions that were evaluated. */
  readonly losses: readonly [step: number, loss: number][];
  readonly evaluations: readonly number[];
  readonly boundaries: number;
  /** Coordinators that went on from what the servers held. */
  readonly takeovers: number;
  /** Coordinators that ended because they were asked to stop. */
  readonly stops: number;
  /** Tasks that were finished before a takeover, by the journal, and were begun again after it; no server was lost. */
  readonly recomputed: readonly string[];
}

const restartMilliseconds = 100;
const limitMilliseconds = 600_000;
const addressOf = (replica: number): string => `server-${replica}`;

export async function simulate(options: SimulationOptions): Promise<SimulatedResult> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #job: WsiTrainingJob;
  readonly #time = new SimulatedTime();
  readonly #network: SimulatedNetwork;
  readonly #disk = new SimulatedDisk();
  readonly #servers: (ServerProcess | undefined)[] = [];
  readonly #workers: Life[] = [];
  readonly #logger: Logger;
  #coordinator: { readonly life: Life; readonly pool: WorkerPool; stop(): void } | undefined;
  #faults: { at: number; fault: SimulatedFault }[] = [];
  #instances = 0;
  #takeovers = 0;
  #stops = 0;
  /** Finished tasks of the coordinator that ended last, and of the one that was taken over from. */
  #finished = new Set<string>();
  #taken = new Set<string>();
  readonly #recomputed: string[] = [];
  #result: Pick<SimulatedResult, 'sha256' | 'tiles' | 'version' | 'step'> | undefined;
  #failure: unknown;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#job = simulatedJob(options.staleness, options.selects);
    this.#network = new SimulatedNetwork(this.#time, options.seed, (count) => this.#strike(count));
    process.env['WSI_LOG_LEVEL'] = 'silent';
    const logger = createLogger({ role: 'simulation' });
    this.#logger = Object.assign(Object.create(logger) as Logger, {
      info: (_fields: unknown, message: string) => {
        if (message !== 'going on where the last coordinator stopped') return;
        this.#takeovers += 1;
        this.#taken = this.#finished;
      },
      warn: (_fields: unknown, message: string) => {
        // A server was lost since: what it held, and the steps since the recovery point, are computed again.
        if (message === 'going back to the last recovery point') this.#taken = new Set();
      },
    });
    let at = 0;
    this.#faults = options.faults.map((fault) => ({ at: (at += fault.after + 1), fault }));
  }

  async run(): Promise<SimulatedResult> {
    for (let replica = 0; replica < this.#options.servers; replica++) this.#startServer(replica);
    this.#startCoordinator();
    for (let replica = 0; replica < this.#options.workers; replica++) this.#startWorker(replica);
    const ended = (): boolean => this.#result !== undefined || this.#failure !== undefined;
    await this.#time.runUntil(ended, limitMilliseconds);
    for (const life of [this.#coordinator?.life, ...this.#workers]) life?.end();
    if (this.#result === undefined) throw this.#failure as Error;
    const { metrics } = this.#disk;
    return {
      ...this.#result,
      losses: stepLines(metrics).map(({ step, loss }) => [step, loss]),
      evaluations: cutLines(metrics, Number.MAX_SAFE_INTEGER, []).evaluated,
      boundaries: this.#network.boundaries,
      takeovers: this.#takeovers,
      stops: this.#stops,
      recomputed: this.#recomputed,
    };
  }

  #strike(count: number): void {
    while (this.#faults[0] !== undefined && this.#faults[0].at <= count && this.#result === undefined) {
      const { role, replica } = this.#faults.shift()!.fault;
      if (role === 'stop') {
        this.#coordinator?.stop();
        continue;
      }
      const again = { coordinator: () => this.#startCoordinator(), server: () => this.#startServer(replica) };
      const start = role === 'worker' ? () => this.#startWorker(replica) : again[role];
      const life = {
        coordinator: this.#coordinator?.life,
        server: this.#servers[replica]?.life,
        worker: this.#workers[replica],
      }[role];
      if (life?.alive !== true) continue;
      life.end();
      if (role === 'coordinator') this.#noteFinished();
      void this.#time.wait(restartMilliseconds).then(start);
    }
  }

  /** What the coordinator that ends now has finished, by its journal. */
  #noteFinished(): void {
    this.#taken = new Set();
    const left = replayJournal(decodeRecords(this.#disk.journal.content));
    this.#finished = new Set((left === undefined ? undefined : applied(left))?.embedded.keys());
  }

  #startServer(replica: number): void {
    this.#servers[replica] = { life: new Life(), service: new ParameterServerService(this.#logger) };
  }

  #startWorker(replica: number): void {
    const life = new Life();
    this.#workers[replica] = life;
    void work({ replica, instance: `w${this.#instances++}` }, life, {
      network: this.#network,
      time: this.#time,
      coordinator: () => this.#coordinator,
      began: ({ id, generation }) => {
        if (generation === this.#disk.generation && this.#taken.has(id)) this.#recomputed.push(id);
      },
      server: (of, address) => this.#network.clientOf(of, () => this.#find(address)),
    });
  }

  #find(address: string): ServerProcess | undefined {
    return this.#servers.find((_server, replica) => addressOf(replica) === address);
  }

  #startCoordinator(): void {
    const life = new Life();
    const clock = this.#time.clockOf(life);
    const logger = this.#logger;
    const measurement = new RunMeasurement(clock, { windowSeconds: 20, servers: this.#servers.length });
    const pool = new WorkerPool({ clock, logger, leaseMilliseconds: 5_000, observer: measurement });
    const stopping = new AbortController();
    this.#coordinator = {
      life,
      pool,
      stop: () => {
        const reason = new WsiError('Cancelled', 'the run was stopped');
        stopping.abort(reason);
        pool.cancelAll(reason);
      },
    };
    void this.#lead(life, { pool, measurement, progress: new Progress(clock), stop: stopping.signal });
  }

  async #lead(
    life: Life,
    parts: { pool: WorkerPool; measurement: RunMeasurement; progress: Progress; stop: AbortSignal },
  ): Promise<void> {
    const { pool, measurement, progress, stop } = parts;
    const clock = this.#time.clockOf(life);
    const logger = this.#logger;
    const { journal, selection, ...disk } = this.#disk.of(life, this.#network);
    const rule = this.#job.spec.training.selection;
    const generations: Generations = new Generations({
      job: this.#job,
      pool,
      progress,
      usage: new UsageMeter(),
      measurement,
      ...disk,
      journal: new Journal(journal, logger),
      selection: rule === undefined ? undefined : new SelectionRecord(selection, rule),
      files: { requireUnchanged: () => this.#network.boundary(life) },
      clock,
      logger,
      welcome: (_model, servers) => simulatedWelcome(generations.number, servers),
      setResultAside: () => Promise.resolve(),
      evaluate: async ({ servers, model }, version) => {
        const parameters = await servers.pull(version, 0, model.space.length);
        const { tiles, step } = progress;
        this.#result = { sha256: sha256(bytesOf(parameters)), tiles, version, step };
      },
      withoutSlide: (_prepared, error) => Promise.reject(error),
    });
    try {
      await generations.advance();
      const end = await generations.run(this.#prepared(life), stop);
      if (end === 'finished' || !life.alive) return;
      this.#stops += 1;
      life.end();
      pool.close();
      this.#noteFinished();
      void this.#time.wait(restartMilliseconds).then(() => this.#startCoordinator());
    } catch (error) {
      if (life.alive) this.#failure = error;
    }
  }

  #prepared(life: Life): Prepared {
    const { training } = this.#job.spec;
    const model = simulatedModel();
    const bags = simulatedBags();
    const connections: Pick<Connections, 'parameterServer'> = {
      parameterServer: (address) => {
        const client = this.#network.clientOf(life, () => this.#find(address));
        const connection = { address, client, redial: () => undefined, close: () => undefined };
        return connection as unknown as ReturnType<Connections['parameterServer']>;
      },
    };
    const addresses = Array.from({ length: this.#options.servers }, (_, replica) => addressOf(replica));
    const servers = new ServerGroup(addresses, {
      connections: connections as Connections,
      space: model.space,
      clock: this.#time.clockOf(life),
      logger: this.#logger,
    });
    const steps = planSteps(bags.filter((bag) => bag.case.split === 'train').length, {
      ...training,
      minimumBags: 1,
    });
    return {
      identity: 'simulated',
      bags,
      steps,
      initial: {
        digests: {},
        values: () => Promise.resolve(model.space.initial(training.seed)),
      },
      cohort: { cases: [], classes: ['a', 'b'] } as unknown as Prepared['cohort'],
      notes: [],
      surveyed: new Map(),
      quarantine: Quarantine.empty('', this.#logger),
      model,
      servers,
    };
  }
}
