/**
 * `selection.json`: what was measured after each epoch for the choice of one, and, once training has ended, which version
 * was chosen. On disk before anything follows from it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, isRecord, parseJson, writeFileAtomically } from '@wsi-operator/foundation';
import {
  select,
  withScore,
  writtenSelection,
  type EpochScore,
  type Selected,
  type SelectionRule,
  type WrittenSelection,
} from './selection.ts';

interface Content {
  readonly format: 1;
  readonly scores: readonly EpochScore[];
  /** Version of the checkpoint that the result is of; absent while the run trains. */
  readonly chosen?: number;
}

/** Where the record is kept. */
export interface SelectionStore {
  /** The text that is there; undefined without one. */
  read(): Promise<string | undefined>;
  /** As a whole or not at all. @throws WsiError `StorageFailed` */
  write(text: string): Promise<void>;
}

export class SelectionFile implements SelectionStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(): Promise<string | undefined> {
    return readFile(this.#path, 'utf8').catch(() => undefined);
  }

  write(text: string): Promise<void> {
    return writeFileAtomically(this.#path, text);
  }
}

export class SelectionRecord {
  readonly rule: SelectionRule;
  readonly #store: SelectionStore;
  #content: Content = { format: 1, scores: [] };

  constructor(store: SelectionStore, rule: SelectionRule) {
    this.#store = store;
    this.rule = rule;
  }

  get selected(): Selected {
    return select(this.#content.scores, this.rule);
  }

  has(version: number): boolean {
    return this.#content.scores.some((score) => score.version === version);
  }

  written(epochs: number): WrittenSelection | undefined {
    return writtenSelection(this.#content.scores, this.rule, epochs);
  }

  /** Takes up what is there up to the version at which the run goes on; later epochs are measured again. */
  async open(version: number): Promise<void> {
    const found = parseContent(await this.#store.read());
    const scores = (found?.scores ?? []).filter((score) => score.version <= version);
    const content: Content = { format: 1, scores };
    if (canonicalJson(found ?? null) === canonicalJson(content)) this.#content = content;
    else await this.#write(content);
  }

  /** @throws WsiError `StorageFailed` */
  async add(score: EpochScore): Promise<void> {
    await this.#write({ format: 1, scores: withScore(this.#content.scores, score) });
  }

  /** @throws WsiError `StorageFailed` */
  async choose(version: number): Promise<void> {
    await this.#write({ ...this.#content, chosen: version });
  }

  async #write(content: Content): Promise<void> {
    await this.#store.write(`${JSON.stringify(content, undefined, 1)}\n`);
    this.#content = content;
  }
}

/** The record of a run's output directory; undefined where no epoch is to be chosen. */
export function selectionIn(output: string, rule: SelectionRule | undefined): SelectionRecord | undefined {
  return rule && new SelectionRecord(new SelectionFile(join(output, 'selection.json')), rule);
}

/** The version that a finished run has chosen, by its `selection.json`; undefined where it chose none. */
export async function chosenVersion(path: string): Promise<number | undefined> {
  return parseContent(await new SelectionFile(path).read())?.chosen;
}

/** What is damaged is as good as absent. */
function parseContent(text: string | undefined): Content | undefined {
  try {
    const value = parseJson(text ?? '');
    return isContent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isContent(value: unknown): value is Content {
  if (!isRecord(value) || value['format'] !== 1) return false;
  const { scores, chosen } = value;
  if (chosen !== undefined && !isCount(chosen)) return false;
  return Array.isArray(scores) && scores.every(isScore);
}

function isScore(score: unknown): boolean {
  if (!isRecord(score)) return false;
  const { epoch, version, value } = score;
  const isMeasured = value === undefined || (typeof value === 'number' && Number.isFinite(value));
  return isCount(epoch) && isCount(version) && isMeasured;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
