/**
 * Models of a user's earlier runs on one machine, one file a shape: a run begins with what the last one like it has
 * measured. The folder may be shared by users and by machines (a home directory on a network, a cache for a group), so
 * each user has a directory of his own for each machine: how fast somebody's job runs is theirs to tell, and a model
 * that another machine has measured is wrong here.
 */
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { canonicalJson, sha256, writeFileAtomically } from '@wsi-operator/foundation';
import { autoscalingOf, type EarlierModel } from '../../autoscaling/index.ts';
import { jobName } from '../../job/names.ts';
import { thisMachine } from './machine.ts';

interface Stored extends EarlierModel {
  readonly shape: string;
}

export class ModelStore {
  readonly #user: number;
  readonly #directory: string;
  /** A file is read once a run. */
  readonly #read = new Map<string, Promise<EarlierModel | undefined>>();

  /** @param user the number of the user whose runs these are */
  constructor(directory: string, user = process.getuid?.() ?? 0, machine = thisMachine()) {
    this.#user = user;
    this.#directory = join(directory, sha256(canonicalJson({ user, machine })).slice(0, 16));
  }

  /** Undefined when there is none, when it cannot be read, and for a job that has its own. */
  async earlierModel(job: WsiTrainingJob, device: string | undefined): Promise<EarlierModel | undefined> {
    const sought = autoscalingOf(job).modelSought(device);
    if (sought === undefined) return undefined;
    const { shape } = sought;
    let found = this.#read.get(shape);
    if (found === undefined) this.#read.set(shape, (found = this.#readFile(shape)));
    return found;
  }

  /** Keeps what the run has measured. @throws WsiError when it cannot be written */
  async keep(job: WsiTrainingJob): Promise<void> {
    const { shape, model } = job.status?.autoscaling ?? {};
    if (shape === undefined || model === undefined) return;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const stored: Stored = { shape, job: jobName(job), model };
    await writeFileAtomically(this.#path(shape), `${JSON.stringify(stored)}\n`);
  }

  async #readFile(shape: string): Promise<EarlierModel | undefined> {
    try {
      const { job, model, ...rest } = JSON.parse(await this.#readOwn(this.#path(shape))) as Partial<Stored>;
      const whole =
        typeof job === 'string' && job !== '' && typeof model === 'string' && rest.shape === shape;
      return whole ? { job, model } : undefined;
    } catch {
      // None yet, or torn: the run measures for itself.
      return undefined;
    }
  }

  async #readOwn(path: string): Promise<string> {
    const file = await open(path);
    try {
      const { uid } = await file.stat();
      return uid === this.#user ? await file.readFile('utf8') : '';
    } finally {
      await file.close();
    }
  }

  #path(shape: string): string {
    return join(this.#directory, `${sha256(shape).slice(0, 16)}.json`);
  }
}
