/** A storm: runs of one job, one after the other, until every fault of the schedule has struck one of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';
import type { Arena } from './arena.ts';
import { differences, type RunOutcome } from './outcome.ts';
import { describeFault, type Fault } from './schedule.ts';

export interface FaultRecord extends Fault {
  readonly run: number;
  /** Steps that were committed when it struck. */
  readonly step: number;
  /** What was done in particular: the process, the file. */
  readonly done: string;
  /** Until the run was further than it had been; absent when it ended first. */
  readonly recoverySeconds?: number;
}

export interface StormResult {
  readonly records: readonly FaultRecord[];
  readonly runs: number;
  /** What was not as in the quiet run, or left over: none is as it should be. */
  readonly faults: readonly string[];
  readonly seconds: number;
}

export interface StormListener {
  readonly log: (line: string) => void;
  readonly onFault: (record: FaultRecord) => void;
}

/** A run that does not get on for so long hangs. */
const HANG_MILLISECONDS = 600_000;
const CHECK_MILLISECONDS = 50;

interface Open {
  readonly fault: Fault;
  readonly step: number;
  readonly done: string;
  readonly at: number;
}

export class Storm {
  readonly #arena: Arena;
  readonly #listener: StormListener;
  readonly #records: FaultRecord[] = [];
  readonly #wrong: string[] = [];
  #open: Open[] = [];
  #run = 0;
  /** The furthest that this run has come. */
  #highest = 0;
  #moved = performance.now();
  #quiet: RunOutcome | undefined;

  constructor(arena: Arena, listener: StormListener) {
    this.#arena = arena;
    this.#listener = listener;
  }

  /** Ends early at the first difference: what follows it would show nothing new. */
  async rage(schedule: readonly Fault[]): Promise<StormResult> {
    const begun = performance.now();
    this.#quiet = await this.#arena.quiet();
    this.#listener.log(`the quiet run ends with ${this.#quiet.parametersSha256}`);
    await this.#begin();
    for (const fault of schedule) {
      if (!this.#isFine) break;
      await this.#strike(fault);
    }
    while (this.#isFine && !(await this.#check())) await delay(CHECK_MILLISECONDS);
    if (this.#isFine) await this.#conclude();
    return {
      records: this.#records,
      runs: this.#run,
      faults: this.#wrong,
      seconds: (performance.now() - begun) / 1000,
    };
  }

  get #isFine(): boolean {
    return this.#wrong.length === 0;
  }

  async #begin(): Promise<void> {
    this.#run += 1;
    this.#highest = 0;
    this.#moved = performance.now();
    await this.#arena.begin(this.#run);
    this.#listener.log(`run ${this.#run} begins`);
  }

  /** Goes on in the next run when this one ends before the fault has struck. */
  async #strike(fault: Fault): Promise<void> {
    while (!(await this.#struck(fault))) {
      await this.#conclude();
      if (!this.#isFine) return;
      await this.#begin();
    }
  }

  /** False when the run ends before. */
  async #struck(fault: Fault): Promise<boolean> {
    if (!(await this.#isDue(fault))) return false;
    const step = await this.#arena.steps();
    const at = performance.now();
    const done = await this.#arena.inject(fault.action);
    if (done === undefined) return false;
    this.#open.push({ fault, step: Math.max(step, this.#highest), done, at });
    this.#listener.log(`fault ${fault.number}, step ${step}: ${describeFault(fault.action)} (${done})`);
    return true;
  }

  /** Waits for the fault's moment; false when the run ends first. */
  async #isDue({ afterSteps, afterMilliseconds }: Fault): Promise<boolean> {
    const from = this.#highest;
    do {
      if (await this.#check()) return false;
      if (this.#highest < from + afterSteps) await delay(CHECK_MILLISECONDS);
    } while (this.#highest < from + afterSteps);
    await delay(afterMilliseconds);
    return !(await this.#check());
  }

  /** Follows the run; true when it has ended. @throws WsiError when it hangs */
  async #check(): Promise<boolean> {
    const ended = await this.#arena.isFinished();
    const steps = await this.#arena.steps();
    if (steps > this.#highest || ended) {
      this.#highest = Math.max(steps, this.#highest);
      this.#moved = performance.now();
    }
    this.#open = this.#open.filter((open) => {
      const recovered = this.#highest > open.step;
      if (recovered || ended) this.#record(open, recovered);
      return !recovered && !ended;
    });
    if (performance.now() - this.#moved > HANG_MILLISECONDS) {
      throw new WsiError('Internal', `run ${this.#run} has not got on from step ${steps} for ten minutes`);
    }
    return ended;
  }

  #record({ fault, step, done, at }: Open, recovered: boolean): void {
    const seconds = Math.round(performance.now() - at) / 1000;
    const record = {
      ...{ ...fault, run: this.#run, step, done },
      ...(recovered ? { recoverySeconds: seconds } : {}),
    };
    this.#records.push(record);
    this.#listener.onFault(record);
  }

  async #conclude(): Promise<void> {
    while (!(await this.#check())) await delay(CHECK_MILLISECONDS);
    const { outcome, leftovers } = await this.#arena.conclude();
    this.#wrong.push(...differences(this.#quiet!, outcome), ...leftovers.map((of) => `left over: ${of}`));
    const comparison = this.#isFine ? 'as the quiet one' : `NOT as the quiet one`;
    this.#listener.log(`run ${this.#run} has ended, ${comparison}: ${outcome.parametersSha256}`);
  }
}
