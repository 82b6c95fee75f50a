/**
 * Which run a directory belongs to. OUTPUT/job.json holds the part of the job that decides the numbers; a run with
 * another such part must not go on from its checkpoints. Replicas, templates, checkpoint and run policy may differ, and
 * epochs may be added where the steps before them stay as they are.
 */
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { SCHEDULES, type WsiTrainingJob } from '@wsi-operator/api';
import {
  isRecord,
  canonicalJson,
  sha256,
  storageError,
  systemErrorCode,
  writeFileAtomically,
  WsiError,
} from '@wsi-operator/foundation';
import { recordOf } from '../../plan/believed.ts';
import { thisMachine, type Machine } from './machine.ts';

export interface RunIdentity {
  readonly name: string;
  /** Of the cohort's table, so that an edited one is noticed; empty when it cannot be read here. */
  readonly tableSha256: string;
  readonly numerics: Readonly<Record<string, unknown>>;
  /** Of the last time that it ran; they decide no number. */
  readonly sizes?: RunSizes;
  /** Where it ran the last time; what it measured holds there. */
  readonly machine?: Machine;
}

/** The part of the job that decides its sizes. */
export type RunSizes = Pick<WsiTrainingJob['spec'], 'autoscaling'> & {
  readonly workers: Pick<WsiTrainingJob['spec']['workers'], 'replicas'>;
  readonly parameterServers: Pick<WsiTrainingJob['spec']['parameterServers'], 'replicas'>;
};

const OTHER_RUN =
  'Choose another --output, restore these fields, or start over with --force-new (the old run is kept beside the new one).';
const IDENTITY_FILE = 'job.json';
const PREVIOUS = /^previous-(\d+)$/;
/** What tells that a directory holds a run, even without {@link IDENTITY_FILE}. */
const RUN_ENTRIES = [
  'result.json',
  'metrics.jsonl',
  'predictions.json',
  'heatmaps',
  'checkpoints',
  'quarantine.json',
  'selection.json',
  'report.html',
];

export function identityOf(job: WsiTrainingJob): RunIdentity {
  const { model, training } = job.spec;
  // Where the store is and by which key it is read decides no number; nor do the policies: one only leaves out slides,
  // which the trainer knows, the other only refuses.
  const {
    s3: _store,
    unreadableSlides: _unreadable,
    duplicateSlides: _duplicate,
    outcome: reported,
    ...rest
  } = job.spec.cohort;
  const cohort = { ...rest, outcome: learned(reported) };
  const { cacheBytes: _memoryOnly, ...patches } = job.spec.patches as Record<string, unknown>;
  return {
    name: job.metadata.name,
    tableSha256: tableDigest(cohort.table),
    numerics: { cohort, patches, model, training },
    sizes: sizesOf(job),
    machine: thisMachine(),
  };
}

/** Without what is only said in the report. */
function learned(outcome: WsiTrainingJob['spec']['cohort']['outcome']): Record<string, unknown> {
  const { positive: _class, timeUnit: _unit, ...rest } = outcome as Record<string, unknown>;
  return rest;
}

function sizesOf({ spec }: WsiTrainingJob): RunSizes {
  const { autoscaling, workers, parameterServers } = spec;
  return {
    ...(autoscaling === undefined ? {} : { autoscaling }),
    workers: { replicas: workers.replicas },
    parameterServers: { replicas: parameterServers.replicas },
  };
}

/** Which job a directory holds, and how it was to be sized. @throws WsiError when it holds none */
export async function readRunSizes(
  output: string,
): Promise<{ readonly name: string; readonly sizes: RunSizes; readonly machine?: Machine }> {
  const found = await readIdentity(output);
  if (found === undefined) {
    throw new WsiError('NotFound', 'holds no run', { where: output });
  }
  const one = { replicas: 1 };
  const { name, sizes = { workers: one, parameterServers: one }, machine } = found;
  return { name, sizes, ...(machine === undefined ? {} : { machine }) };
}

function tableDigest(path: string): string {
  try {
    return sha256(readFileSync(path));
  } catch {
    // The coordinator reports a missing table, with its name and the remedy.
    return '';
  }
}

/**
 * Claims the directory for the job, or finds it claimed by the same one.
 * @throws WsiError `InvalidArgument` when it belongs to another job or holds files of no known run
 */
export async function claimOutput(output: string, job: WsiTrainingJob): Promise<void> {
  const identity = identityOf(job);
  const before = await readIdentity(output);
  if (before !== undefined) {
    const changes = differences(before, identity);
    if (changes.length === 0) {
      await writeIdentity(output, identity, before);
      return;
    }
    throw new WsiError('InvalidArgument', `holds another run:\n  ${changes.join('\n  ')}\n${OTHER_RUN}`, {
      where: output,
    });
  }
  const strangers = (await entriesOf(output)).filter((name) => RUN_ENTRIES.includes(name));
  if (strangers.length > 0) {
    throw new WsiError('InvalidArgument', `holds ${strangers.join(', ')} of an unknown run`, {
      where: output,
      remedy: 'Choose another --output, or start over with --force-new.',
    });
  }
  await writeIdentity(output, identity);
}

async function writeIdentity(output: string, identity: RunIdentity, before?: RunIdentity): Promise<void> {
  if (before !== undefined && canonicalJson(before) === canonicalJson(identity)) return;
  await writeFileAtomically(join(output, IDENTITY_FILE), `${JSON.stringify(identity, null, 2)}\n`);
}

/**
 * Moves what an earlier run has left to OUTPUT/previous-N: everything of a known run, of an unknown one only what is
 * surely a run's. Returns where, or undefined when there was nothing.
 */
export async function setAside(output: string): Promise<string | undefined> {
  const entries = await entriesOf(output);
  const known = entries.includes(IDENTITY_FILE);
  const moved = entries.filter((name) =>
    known ? name !== '.wsi' && !PREVIOUS.test(name) : RUN_ENTRIES.includes(name),
  );
  if (moved.length === 0) return undefined;
  const numbers = entries.flatMap((name) => PREVIOUS.exec(name)?.[1] ?? []).map(Number);
  const target = join(output, `previous-${Math.max(0, ...numbers) + 1}`);
  try {
    await mkdir(target);
    for (const name of moved) await rename(join(output, name), join(target, name));
  } catch (error) {
    throw storageError(target, error);
  }
  return target;
}

async function readIdentity(output: string): Promise<RunIdentity | undefined> {
  const path = join(output, IDENTITY_FILE);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunIdentity;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new WsiError('InvalidArgument', 'cannot be read', {
      where: path,
      remedy: 'Choose another --output, or start over with --force-new.',
      cause: error,
    });
  }
}

async function entriesOf(output: string): Promise<string[]> {
  try {
    return await readdir(output);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw storageError(output, error);
  }
}

/** One line a field that differs: `spec.training.epochs: 5 there, 3 now`. */
export function differences(there: RunIdentity, here: RunIdentity): string[] {
  const now = withDefaults(here);
  const before = withEpochsAdded(withDefaults(there), now);
  const lines: string[] = [];
  if (before.name !== now.name) lines.push(`metadata.name: ${before.name} there, ${now.name} now`);
  compare('spec', before.numerics, now.numerics, lines);
  if (
    before.tableSha256 !== now.tableSha256 &&
    !lines.some((line) => line.startsWith('spec.cohort.table:'))
  ) {
    lines.push('spec.cohort.table: the table has been edited since');
  }
  return lines;
}

/** With the defaults of fields that were added since it was written. */
function withDefaults(before: RunIdentity): RunIdentity {
  const cohort = recordOf(before.numerics['cohort']);
  const split = { validation: 0, ...recordOf(cohort['split']) };
  return { ...before, numerics: { ...before.numerics, cohort: { ...cohort, split } } };
}

/** The identity as if it had had as many epochs, where these can be added. */
function withEpochsAdded(before: RunIdentity, now: RunIdentity): RunIdentity {
  const training = { ...recordOf(before.numerics['training']) };
  const next = recordOf(now.numerics['training']);
  const added = Number(next['epochs']) > Number(training['epochs']);
  const { name } = recordOf(training['schedule']);
  const known = Object.entries(SCHEDULES).find(([schedule]) => schedule === name);
  if (!added || known?.[1].dependsOnEpochs === true) return before;
  return { ...before, numerics: { ...before.numerics, training: { ...training, epochs: next['epochs'] } } };
}

function compare(path: string, before: unknown, now: unknown, lines: string[]): void {
  if (isRecord(before) && isRecord(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      compare(`${path}.${key}`, before[key], now[key], lines);
    }
  } else if (canonicalJson(before ?? null) !== canonicalJson(now ?? null)) {
    lines.push(`${path}: ${show(before)} there, ${show(now)} now`);
  }
}

function show(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
