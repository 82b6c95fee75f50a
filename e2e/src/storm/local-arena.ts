/** A storm over `wsi run`: processes of this machine, sockets behind proxies, an output directory on a small disk. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Role } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import type { Arena } from './arena.ts';
import { damageStopped } from './checkpoint-damage.ts';
import type { LinkFault } from './faulty-role.ts';
import { Leader, type Replicas } from './leader.ts';
import { localLeftovers } from './leftovers.ts';
import { readOutcome, stepsOf, type RunOutcome } from './outcome.ts';
import { markOf, processesWith, signal, type ProcessMark } from './processes.ts';
import { describeVictim, type FaultAction, type FaultKind, type Victim } from './schedule.ts';
import { SmallDisk } from './small-disk.ts';
import { LEASE_MILLISECONDS, makeStormCohort, stormManifest } from './storm-job.ts';

const JOB = 'storm';
const FAULTY_ROLE = new URL('./faulty-role.ts', import.meta.url).pathname;
/** A process that was killed is back within seconds; that is waited for, so that the next fault finds it. */
const PATIENCE_MILLISECONDS = 180_000;
const LOOK_MILLISECONDS = 20;

export class LocalArena implements Arena {
  readonly shares: Partial<Record<FaultKind, number>> = {
    ...{ kill: 30, pause: 16, rescale: 12, resume: 4, delay: 8, drop: 10, partition: 10, corruption: 6 },
  };
  readonly impossible: Partial<Record<FaultKind, string>> = {};
  readonly others = ['leader'] as const;
  replicas: Replicas = { workers: 2, servers: 2 };
  readonly #directory: string;
  readonly #disk: SmallDisk;
  readonly #marker: string;
  readonly #lasting = new Set<Promise<unknown>>();
  #leader: Leader;
  #output = '';
  #closing = false;

  /** @param directory has to be short: sockets are below it */
  static async make(epochs: number): Promise<LocalArena> {
    const directory = await mkdtemp(join(tmpdir(), 'wsi-storm-'));
    for (const name of ['t', 'links']) await mkdir(join(directory, name));
    const cohort = await makeStormCohort(join(directory, 'cohort'));
    const write = (file: string, command?: readonly string[]): Promise<void> =>
      writeFile(join(directory, file), JSON.stringify(stormManifest(JOB, cohort, epochs, command)));
    await write('quiet.json');
    await write('storm.json', [process.execPath, '--no-warnings', FAULTY_ROLE]);
    return new LocalArena(directory, await SmallDisk.make(join(directory, 'disk')));
  }

  private constructor(directory: string, disk: SmallDisk) {
    this.#directory = directory;
    this.#disk = disk;
    this.#marker = directory;
    if (disk.canBeFilled) this.shares.diskFull = 4;
    else this.impossible.diskFull = 'a disk that can be filled needs root';
    this.#leader = this.#leaderOf('storm.json', 'none');
  }

  async quiet(): Promise<RunOutcome> {
    const output = join(this.#directory, 'quiet');
    const leader = this.#leaderOf('quiet.json', output);
    this.#leader = leader;
    leader.start({ workers: 1, servers: 1 });
    const end = await leader.end;
    if (end !== 'finished') throw new WsiError('Internal', `the quiet run was ${end}`);
    return readOutcome(output);
  }

  async begin(run: number): Promise<void> {
    this.#output = join(this.#disk.path, `run-${run}`);
    this.#leader = this.#leaderOf('storm.json', this.#output);
    this.#leader.start(this.replicas);
  }

  async steps(): Promise<number> {
    return stepsOf(this.#output);
  }

  /** A leader that found no room on the disk is started again, as its message advises. */
  async isFinished(): Promise<boolean> {
    if (this.#leader.isAlive) return false;
    const end = await this.#leader.end;
    if (end === 'finished') return true;
    if (end === 'storage') await delay(500);
    this.#leader.start(this.replicas);
    return false;
  }

  async inject(action: FaultAction): Promise<string | undefined> {
    switch (action.kind) {
      case 'kill':
        return this.#kill(action.victim);
      case 'pause':
        return this.#pause(action.victim, action.milliseconds);
      case 'rescale':
        return this.#rescale(action.workers);
      case 'resume':
        return this.#resume({ workers: action.workers, servers: action.servers });
      case 'drop':
        return this.#disturb(action.victim, { kind: 'drop', until: 0, each: 0 });
      case 'delay':
      case 'partition': {
        const { kind } = action;
        const each = kind === 'delay' ? action.each : 0;
        return this.#disturb(action.victim, { kind, until: Date.now() + action.milliseconds, each });
      }
      case 'diskFull':
        this.#disk.fill();
        this.#afterwards(action.milliseconds, () => this.#disk.free());
        return 'filled';
      case 'corruption':
        return this.#corrupt(action);
    }
  }

  async conclude(): Promise<{ outcome: RunOutcome; leftovers: readonly string[] }> {
    await Promise.all(this.#lasting);
    const outcome = readOutcome(this.#output);
    const leftovers = await localLeftovers({
      marker: this.#marker,
      output: this.#output,
      temporary: join(this.#directory, 't'),
      mostCheckpoints: 3,
    });
    if (leftovers.length === 0) await rm(this.#output, { recursive: true });
    return { outcome, leftovers };
  }

  async close(keep: boolean): Promise<void> {
    this.#closing = true;
    this.#disk.free();
    await this.#leader.kill().catch(() => undefined);
    for (const mark of processesWith(`WSI_STORM=${this.#marker}`)) signal(mark, 'SIGKILL');
    await Promise.all(this.#lasting);
    if (keep) process.stderr.write(`storm: kept ${this.#directory}, the run is in ${this.#output}\n`);
    else {
      await this.#disk.remove();
      await rm(this.#directory, { recursive: true, force: true });
    }
  }

  async #kill(victim: Victim): Promise<string | undefined> {
    if (victim.role === 'leader') {
      if ((await this.#leader.kill()) === 'finished') return undefined;
      this.#leader.start(this.replicas);
      return 'killed, and started again';
    }
    const mark = await this.#find(victim);
    if (mark === undefined || !signal(mark, 'SIGKILL')) return undefined;
    // The next fault must not strike a dead one.
    while (markOf(mark.pid)?.started === mark.started) await delay(LOOK_MILLISECONDS);
    return `process ${mark.pid}`;
  }

  async #pause(victim: Victim, milliseconds: number): Promise<string | undefined> {
    const mark = await this.#find(victim);
    if (mark === undefined || !signal(mark, 'SIGSTOP')) return undefined;
    this.#afterwards(milliseconds, () => signal(mark, 'SIGCONT'));
    return `process ${mark.pid}`;
  }

  async #rescale(workers: number): Promise<string | undefined> {
    if (this.#leader.rescale(workers)) {
      this.replicas = { ...this.replicas, workers };
      return 'while it runs';
    }
    return this.#resume({ ...this.replicas, workers });
  }

  async #resume(replicas: Replicas): Promise<string | undefined> {
    this.replicas = replicas;
    if ((await this.#leader.stop()) === 'finished') return undefined;
    this.#leader.start(replicas);
    return 'stopped, and started again';
  }

  async #disturb(victim: Victim, fault: LinkFault): Promise<string | undefined> {
    if (!('index' in victim)) return undefined;
    const file = join(this.#directory, 'links', `${victim.role}-${victim.index}.json`);
    await writeFile(`${file}.new`, JSON.stringify(fault));
    await rename(`${file}.new`, file);
    return fault.kind;
  }

  async #corrupt(action: FaultAction & { readonly kind: 'corruption' }): Promise<string | undefined> {
    const mark = await this.#find({ role: 'coordinator', index: 0 });
    return mark === undefined ? undefined : damageStopped(mark, this.#output, action);
  }

  /** Waits for a process that is being started again; undefined when the run ends meanwhile. */
  async #find(victim: Victim): Promise<ProcessMark | undefined> {
    const deadline = performance.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      if (await this.isFinished()) return undefined;
      const found = 'index' in victim ? this.#podProcess(victim.role, victim.index) : this.#leader.mark;
      if (found !== undefined) return found;
      if (performance.now() > deadline || this.#closing) {
        throw new WsiError('Internal', `${describeVictim(victim)} was not started again`, {
          where: this.#output,
          remedy: this.#leader.lastWords(),
        });
      }
      await delay(LOOK_MILLISECONDS);
    }
  }

  #podProcess(role: Role, index: number): ProcessMark | undefined {
    try {
      const file = join(this.#output, '.wsi', 'pods', `${JOB}-${role}-${index}.json`);
      const { pid, started } = JSON.parse(readFileSync(file, 'utf8')) as ProcessMark;
      const mark = markOf(pid);
      // Written down with the boot before it.
      return mark !== undefined && started.endsWith(`/${mark.started}`) ? mark : undefined;
    } catch {
      return undefined;
    }
  }

  #afterwards(milliseconds: number, then: () => unknown): void {
    const lasting = delay(milliseconds)
      .then(then)
      .finally(() => this.#lasting.delete(lasting));
    this.#lasting.add(lasting);
  }

  #leaderOf(manifest: string, output: string): Leader {
    return new Leader({
      manifest: join(this.#directory, manifest),
      output,
      log: join(this.#directory, 'leader.log'),
      environment: {
        ...process.env,
        TMPDIR: join(this.#directory, 't'),
        // A thousand processes are started: half of a start is compiling what the one before has compiled.
        NODE_COMPILE_CACHE: join(this.#directory, 'compiled'),
        WSI_STORM: this.#marker,
        WSI_STORM_LINKS: join(this.#directory, 'links'),
        WSI_LEASE_MILLISECONDS: LEASE_MILLISECONDS,
      },
    });
  }
}
