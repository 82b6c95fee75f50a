/**
 * The directory of `wsi predict`. Results are added, never replaced by others:
 *
 *   model.json          which model the results are of; another one is refused
 *   predictions.jsonl   a line a bag as soon as it is done: from here a stopped prediction goes on
 *   predictions.json, predictions.csv, failures.json    written at the end, and when it is stopped
 *   NAME.json, NAME.heatmap.png    of every slide
 */
import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { storageError, systemErrorCode, WsiError, writeFileAtomically } from '@wsi-operator/foundation';
import { lockOutput, makeOutputDirectory, type OutputLock } from '@wsi-operator/operator';
import { outputNames } from '../slides/output-names.ts';
import { asCsv, type FailureRecord, type ModelCard, type PredictionRecord } from './records.ts';

const OWN_NAMES = ['model', 'predictions', 'failures'];

/** A line of the journal. */
interface DoneLine {
  /** Of the bag: its slides, as files. */
  readonly key: string;
  readonly record: PredictionRecord;
}

export class PredictionOutput {
  readonly directory: string;
  readonly #card: ModelCard;
  readonly #lock: OutputLock;
  /** By key, the last one of each. */
  readonly #done: Map<string, PredictionRecord>;
  readonly #names: Map<string, string>;

  /** @throws WsiError `InvalidArgument` when it holds results of another model; `Unavailable` when it is in use */
  static async open(
    directory: string,
    card: ModelCard,
    slides: readonly string[],
  ): Promise<PredictionOutput> {
    makeOutputDirectory(directory);
    const lock = lockOutput(directory, '');
    try {
      const before = await readCard(directory);
      const done = await readDone(directory);
      // One in which nothing came to a score is as good as empty.
      if (before !== undefined && before.sha256 !== card.sha256 && done.size > 0) {
        throw otherModel(directory, before, card);
      }
      const names = await namesOf(directory, slides, { done, isOurs: before !== undefined });
      await writeFileAtomically(join(directory, 'model.json'), asJson(card));
      return new PredictionOutput(directory, card, { lock, done, names });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    directory: string,
    card: ModelCard,
    parts: {
      readonly lock: OutputLock;
      readonly done: Map<string, PredictionRecord>;
      readonly names: Map<string, string>;
    },
  ) {
    this.directory = directory;
    this.#card = card;
    this.#lock = parts.lock;
    this.#done = parts.done;
    this.#names = parts.names;
  }

  /** What was predicted before, when its files are still there. */
  done(key: string): PredictionRecord | undefined {
    const record = this.#done.get(key);
    const whole = record?.files.every(({ tiles, heatmap }) =>
      [tiles, ...(heatmap === undefined ? [] : [heatmap])].every((file) =>
        existsSync(join(this.directory, file)),
      ),
    );
    return whole === true ? record : undefined;
  }

  /** The name of a slide's files, without endings. */
  nameOf(slide: string): string {
    const name = this.#names.get(slide);
    if (name === undefined) throw new WsiError('Internal', 'has no name for its files', { where: slide });
    return name;
  }

  async write(file: string, content: Uint8Array | string): Promise<void> {
    await writeFileAtomically(join(this.directory, file), content);
  }

  async add(key: string, record: PredictionRecord): Promise<void> {
    const path = join(this.directory, 'predictions.jsonl');
    try {
      await appendFile(path, `${JSON.stringify({ key, record } satisfies DoneLine)}\n`, { flush: true });
    } catch (error) {
      throw storageError(path, error);
    }
    this.#done.set(key, record);
  }

  /** Writes the files of the whole, in an order that does not depend on who was ready first. */
  async finish(failures: readonly FailureRecord[]): Promise<void> {
    // A bag whose slides were changed, or that was whole only later, stands there once, as it is now.
    const records = [...new Map([...this.#done.values()].map((record) => [bagKey(record), record])).values()];
    records.sort((a, b) => (bagKey(a) < bagKey(b) ? -1 : 1));
    await this.write('predictions.json', asJson(records, 1));
    await this.write('predictions.csv', asCsv(records, this.#card.classes));
    await this.write('failures.json', asJson(failures, 1));
  }

  close(): void {
    this.#lock.release();
  }
}

/** A bag is its slides, whether or not all of them could be used. */
function bagKey({ bag, slides, leftOut = [] }: PredictionRecord): string {
  return JSON.stringify([bag, ...[...slides, ...leftOut].sort()]);
}

async function readCard(directory: string): Promise<ModelCard | undefined> {
  const path = join(directory, 'model.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ModelCard;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new WsiError(
      'InvalidArgument',
      'cannot be read, so it is not known which model the results here are of',
      {
        where: path,
        remedy: 'Choose another --output.',
        cause: error,
      },
    );
  }
}

function otherModel(directory: string, before: ModelCard, now: ModelCard): WsiError {
  const difference =
    before.parametersSha256 !== now.parametersSha256
      ? `holds predictions of another checkpoint (${before.checkpoint}, step ${before.step})`
      : before.bag === now.bag
        ? 'holds predictions of this checkpoint with other settings'
        : `holds predictions of ${before.bag}s, and these are of ${now.bag}s`;
  return new WsiError('InvalidArgument', difference, {
    where: directory,
    remedy: 'Choose another --output.',
  });
}

/** A torn last line, as a process that was killed leaves it, is a bag that is not done. */
async function readDone(directory: string): Promise<Map<string, PredictionRecord>> {
  const text = await readFile(join(directory, 'predictions.jsonl'), 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw storageError(directory, error);
  });
  // What is added must not go on a line that is not whole.
  if (text !== '' && !text.endsWith('\n')) await appendFile(join(directory, 'predictions.jsonl'), '\n');
  const done = new Map<string, PredictionRecord>();
  for (const line of text.split('\n')) {
    try {
      const { key, record } = JSON.parse(line) as DoneLine;
      done.delete(key);
      done.set(key, record);
    } catch {
      // Not whole.
    }
  }
  return done;
}

async function namesOf(
  directory: string,
  slides: readonly string[],
  { done, isOurs }: { readonly done: ReadonlyMap<string, PredictionRecord>; readonly isOurs: boolean },
): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const { files } of done.values()) {
    for (const { slide, tiles } of files) known.set(slide, parse(tiles).name);
  }
  const there = await readdir(directory);
  const results = there.filter((name) => /\.(json|heatmap\.png)$/.test(name) && name !== 'model.json');
  if (!isOurs && results.length > 0) {
    throw new WsiError(
      'InvalidArgument',
      `holds files that nothing says the model of (${results.slice(0, 3).join(', ')})`,
      {
        where: directory,
        remedy: 'Choose another --output.',
      },
    );
  }
  // Files of a bag that was not done are made again; those of others keep their names.
  const taken = [...OWN_NAMES, ...known.values()];
  const unnamed = slides.filter((slide) => !known.has(slide));
  return new Map([...known, ...outputNames(unnamed, taken)]);
}

function asJson(content: unknown, indent = 2): string {
  return `${JSON.stringify(content, undefined, indent)}\n`;
}
