/** Reads files of features without blocking the caller's thread, and never more of one than was asked for. */
import type { FeatureFile, SurveyedFeatures } from './feature-file.ts';
import { Hdf5Thread } from './thread/hdf5-thread.ts';

export class FeatureReader {
  readonly #thread: Hdf5Thread;

  /** @param patienceMs milliseconds for a part of a file, after which it is refused */
  constructor(patienceMs?: number) {
    this.#thread = new Hdf5Thread(patienceMs);
  }

  /**
   * What the file's header says.
   * @throws WsiError `SlideUnreadable`, `SlideUnsupported` or `NoTissue`, which name the file
   */
  describe(path: string): Promise<FeatureFile> {
    return this.#thread.call({ kind: 'describe', path });
  }

  /** Reads the whole file, in parts, and checks every number. @throws like `describe` */
  survey(path: string): Promise<SurveyedFeatures> {
    return this.#thread.call({ kind: 'survey', path });
  }

  /** Where the tiles lie, [N, 2], in the unit of the file. @throws like `describe` */
  places(path: string): Promise<Float64Array> {
    return this.#thread.call({ kind: 'places', path });
  }

  /** Rows from `start` on, float32 [count, D]. @throws like `describe` */
  rows(path: string, start: number, count: number): Promise<Float32Array> {
    return this.#thread.call({ kind: 'rows', path, start, count });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
