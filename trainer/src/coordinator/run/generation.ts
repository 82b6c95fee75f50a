/** The run's generation: a number that grows with every start and roll-back, and survives both. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from '@wsi-operator/foundation';

export class GenerationFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The next generation, on disk before it is used: no two coordinators ever share one. */
  async next(): Promise<number> {
    const text = await readFile(this.#path, 'utf8').catch(() => '0');
    const last = Number.parseInt(text, 10);
    const generation = (Number.isInteger(last) && last > 0 ? last : 0) + 1;
    await writeFileAtomically(this.#path, `${generation}\n`);
    return generation;
  }
}
