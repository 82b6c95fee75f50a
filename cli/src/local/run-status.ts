/** Runs on this machine, as recorded in their directories: what `wsi status DIR` shows. */
import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCondition, type WsiTrainingJobStatus } from '@wsi-operator/api';
import { createLogger, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { outputOwner, readRunSizes, type OutputOwner } from '@wsi-operator/operator';
import { CheckpointDirectory } from '@wsi-operator/trainer';
import { shortAge } from '../cluster/ages.ts';
import { formatFields, formatTable } from '../cluster/table.ts';
import { barLine, formatBytes, formatMetric, formatRate, mostTelling } from '../progress/view.ts';

export interface LocalRunState {
  readonly directory: string;
  readonly name: string;
  readonly status: WsiTrainingJobStatus;
  /** Whether its `wsi run` is there. */
  readonly owner: OutputOwner;
  /** Of the newest checkpoint: a run that was stopped may have written one that its status does not know of. */
  readonly checkpointStep: number | undefined;
}

/**
 * A job's name has neither dots nor slashes, so a path is meant wherever there is one; and a directory that is there is
 * meant before a job, unless a cluster is named beside it.
 */
export function isRunPath(text: string, flags: Partial<Record<ClusterFlag, string>> = {}): boolean {
  if (/[./]/.test(text)) return true;
  const isCluster = CLUSTER_FLAGS.some((flag) => flags[flag] !== undefined);
  return !isCluster && statSync(text, { throwIfNoEntry: false })?.isDirectory() === true;
}

const CLUSTER_FLAGS = ['namespace', 'context', 'kubeconfig'] as const;
type ClusterFlag = (typeof CLUSTER_FLAGS)[number];

/** The run in a directory, or those directly below it. @throws WsiError NotFound when there is none */
export async function localRuns(directory: string): Promise<LocalRunState[]> {
  if (existsSync(join(directory, 'job.json'))) return [await localRunState(directory)];
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    const missing = systemErrorCode(error) === 'ENOENT';
    throw new WsiError('NotFound', missing ? 'there is no such directory' : 'is not a directory', {
      where: directory,
      remedy: 'Give the output directory of `wsi run`, or one that holds some of them.',
    });
  });
  const below = entries
    .map(({ name }) => join(directory, name))
    .filter((path) => existsSync(join(path, 'job.json')))
    .sort();
  if (below.length > 0) return Promise.all(below.map(localRunState));
  throw new WsiError('NotFound', 'holds no run, nor do the directories in it', {
    where: directory,
    remedy:
      'Give the output directory of `wsi run`; for a job of the cluster with this name, its --namespace, too.',
  });
}

async function localRunState(directory: string): Promise<LocalRunState> {
  const { name } = await readRunSizes(directory);
  const [status, steps] = await Promise.all([readStatus(directory), checkpointSteps(directory)]);
  return { directory, name, status, owner: outputOwner(directory), checkpointStep: steps.at(-1) };
}

/** Of the checkpoints that are there, in order. */
export function checkpointSteps(directory: string): Promise<number[]> {
  const logger = createLogger({ role: 'status' }, { details: 'shown' });
  return new CheckpointDirectory(join(directory, 'checkpoints'), logger).steps();
}

/** Between two writes of it there is always a whole one. */
async function readStatus(directory: string): Promise<WsiTrainingJobStatus> {
  const path = join(directory, 'status.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as WsiTrainingJobStatus;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return {};
    throw WsiError.from(error, 'StorageFailed', { where: path });
  }
}

/** What its status says, unless nobody is there who could still do it. */
export function phaseOfRun({ status, owner }: LocalRunState): string {
  const phase = status.phase ?? 'Pending';
  if (['Succeeded', 'Failed'].includes(phase)) return phase;
  if (owner === 'gone') return phase === 'Suspended' ? 'Stopped' : 'Interrupted';
  return phase;
}

export function isOverOrGone(run: LocalRunState): boolean {
  return ['Succeeded', 'Failed', 'Stopped', 'Interrupted'].includes(phaseOfRun(run));
}

/** One run, in full. */
export function runDetails(run: LocalRunState, { columns, now }: { columns: number; now: number }): string {
  const { name, directory, status } = run;
  const phase = phaseOfRun(run);
  const rate = status.throughput?.tilesPerSecond ?? 0;
  const metrics = mostTelling(status.metrics ?? {}).map(
    ([metric, value]) => `${metric} ${formatMetric(value)}`,
  );
  const memory = status.memory?.workers ?? 0;
  const failed = findCondition(status.conditions, 'Failed');
  return formatFields([
    ['Run', `${name} in ${directory}`],
    ['Phase', `${phase}${doing(run, phase)}${since(status, now)}`],
    ...(status.progress === undefined ? [] : [['Progress', progressLine(run, columns - 12)] as const]),
    ...(rate > 0 ? [['Throughput', `${formatRate(rate)} tiles/s`] as const] : []),
    ...(metrics.length > 0 ? [['Metrics', metrics.join('  ')] as const] : []),
    ...(phase === 'Failed' && failed !== undefined
      ? [['Because', `${failed.reason}: ${failed.message}`] as const]
      : []),
    ...(memory > 0 ? [['Memory', `${formatBytes(memory)} (largest worker)`] as const] : []),
    ...checkpointLine(run),
    ...(status.parametersSha256 === undefined
      ? []
      : [['Parameters', `sha256 ${status.parametersSha256}`] as const]),
    ...next(run, phase),
  ]);
}

function checkpointLine({ status, checkpointStep }: LocalRunState): [string, string][] {
  const step = checkpointStep ?? status.checkpoint?.step;
  return step === undefined ? [] : [['Checkpoint', `after step ${step}`]];
}

/** Without a time that is left to one that nobody goes on with. */
function progressLine(run: LocalRunState, columns: number): string {
  const { eta, ...progress } = run.status.progress ?? {};
  // Nobody estimates the time that is left of a run that stands still.
  if (isOverOrGone(run)) return barLine({ ...run.status, phase: 'Suspended', progress }, columns);
  return barLine(
    { ...run.status, progress: { ...progress, ...(eta === undefined ? {} : { eta }) } },
    columns,
  );
}

function doing({ status, owner }: LocalRunState, phase: string): string {
  if (phase === 'Interrupted') return ', no process of it is there';
  if (owner === 'elsewhere') return ', on another machine';
  return phase === 'Running' && status.message !== undefined ? `, ${status.message}` : '';
}

function since({ startTime, completionTime }: WsiTrainingJobStatus, now: number): string {
  if (completionTime !== undefined) return `, ended ${shortAge(completionTime, now)} ago`;
  return startTime === undefined ? '' : `, started ${shortAge(startTime, now)} ago`;
}

function next({ directory }: LocalRunState, phase: string): [string, string][] {
  if (phase === 'Succeeded') return [['Report', join(directory, 'report.html')]];
  if (phase === 'Failed') return [['Logs', join(directory, 'logs')]];
  return phase === 'Stopped' || phase === 'Interrupted'
    ? [['Next', 'the command that started it goes on from the checkpoint']]
    : [];
}

/** Several runs, a line each. */
export function runTable(runs: readonly LocalRunState[], now: number): string {
  const headers = ['RUN', 'PHASE', 'STEP', 'ETA', 'WORKERS', 'TILES/S', 'STARTED', 'DIRECTORY'];
  return formatTable(
    headers,
    runs.map((run) => {
      const { progress = {}, throughput, workers, startTime } = run.status;
      const over = isOverOrGone(run);
      return [
        run.name,
        phaseOfRun(run),
        progress.steps === undefined || progress.steps === 0
          ? '-'
          : `${progress.step ?? 0}/${progress.steps}`,
        over ? '-' : (progress.eta ?? '-'),
        over ? '-' : (workers?.summary ?? '-'),
        throughput?.tilesPerSecond === undefined ? '-' : formatRate(throughput.tilesPerSecond),
        startTime === undefined ? '-' : shortAge(startTime, now),
        run.directory,
      ];
    }),
  );
}
