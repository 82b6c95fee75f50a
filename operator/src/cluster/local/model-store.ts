/** Models of earlier runs on this machine, one file a shape: a run begins with what the last one like it has measured. */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WsiTrainingJob } from '@wsi/api';
import { sha256, writeFileAtomically } from '@wsi/foundation';
import { asksForModel } from '../../plan/autoscaling/earlier.ts';
import { shapeName } from '../../plan/autoscaling/index.ts';
import { jobName } from '../../plan/names.ts';
import type { EarlierModel } from '../port.ts';

interface Stored extends EarlierModel {
  readonly shape: string;
}

export class ModelStore {
  readonly #directory: string;
  /** A file is read once a run. */
  readonly #read = new Map<string, Promise<EarlierModel | undefined>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Undefined when there is none, when it cannot be read, and for a job that has its own. */
  async earlierModel(job: WsiTrainingJob, device: string | undefined): Promise<EarlierModel | undefined> {
    if (!asksForModel(job)) return undefined;
    const shape = shapeName(job, device);
    let found = this.#read.get(shape);
    if (found === undefined) this.#read.set(shape, (found = this.#readFile(shape)));
    return found;
  }

  /** Keeps what the run has measured. @throws WsiError when it cannot be written */
  async keep(job: WsiTrainingJob): Promise<void> {
    const { shape, model } = job.status?.autoscaling ?? {};
    if (shape === undefined || model === undefined) return;
    mkdirSync(this.#directory, { recursive: true });
    const stored: Stored = { shape, job: jobName(job), model };
    await writeFileAtomically(this.#path(shape), `${JSON.stringify(stored)}\n`);
  }

  async #readFile(shape: string): Promise<EarlierModel | undefined> {
    try {
      const { job, model, ...rest } = JSON.parse(
        await readFile(this.#path(shape), 'utf8'),
      ) as Partial<Stored>;
      const whole =
        typeof job === 'string' && job !== '' && typeof model === 'string' && rest.shape === shape;
      return whole ? { job, model } : undefined;
    } catch {
      // None yet, or torn: the run measures for itself.
      return undefined;
    }
  }

  #path(shape: string): string {
    return join(this.#directory, `${sha256(shape).slice(0, 16)}.json`);
  }
}
