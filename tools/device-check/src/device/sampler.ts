/** Asks the driver about one device, again and again. */
import { askNvidiaSmi, type NvidiaSmi } from '@wsi-operator/foundation';
import { setTimeout as wait } from 'node:timers/promises';
import { parseSample, QUESTION, summarise, type DeviceSample, type DeviceSummary } from './samples.ts';

const EVERY_MILLISECONDS = 250;

export class DeviceSampler {
  readonly #question: readonly string[];
  readonly #asked: NvidiaSmi;
  readonly #samples: DeviceSample[] = [];
  readonly #stopped = new AbortController();
  #sampling: Promise<void> | undefined;
  /** Why there are no samples, in the driver's words. */
  #problem: string | undefined;

  /** @param device as `nvidia-smi -i` takes it; undefined: the first line that it prints counts */
  constructor(device: string | undefined, asked: NvidiaSmi = {}) {
    this.#question = device === undefined ? QUESTION : ['-i', device, ...QUESTION];
    this.#asked = asked;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  start(): void {
    this.#sampling ??= this.#sample();
  }

  /** What was sampled; the first question is answered in any case. */
  async stop(): Promise<DeviceSummary> {
    this.#stopped.abort();
    await this.#sampling;
    return summarise(this.#samples);
  }

  async #sample(): Promise<void> {
    const { signal } = this.#stopped;
    try {
      do {
        const sample = parseSample(await askNvidiaSmi(this.#question, this.#asked));
        if (sample !== undefined) this.#samples.push(sample);
        await wait(EVERY_MILLISECONDS, undefined, { signal }).catch(() => undefined);
      } while (!signal.aborted);
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }
}
