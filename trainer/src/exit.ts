/** How a role ends: its exit code says whether the operator should start it again, one line says why. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  detailsOf,
  ownText,
  writeFileAtomically,
  WsiError,
  type ErrorCode,
  type Logger,
} from '@wsi-operator/foundation';
import type { StatusReply } from '@wsi-operator/protocol';

export const exitCodes = {
  done: 0,
  /** Something went wrong that another start may mend. */
  failed: 1,
  /** The manifest, the cohort or a slide is wrong: starting again cannot help (EX_USAGE). */
  input: 64,
  /** A disk is full or gone (EX_IOERR). */
  storage: 74,
  /** Stopped by SIGTERM, with a checkpoint. */
  stopped: 143,
} as const;

const inputErrors: readonly ErrorCode[] = [
  'InvalidManifest',
  'InvalidCohort',
  'InvalidArgument',
  'SlideUnreadable',
  'SlideUnsupported',
  'NoTissue',
  'Diverged',
  'NotFound',
  'CheckpointInvalid',
  'WeightsInvalid',
];

export function exitCodeOf(error: WsiError): number {
  if (error.code === 'StorageFailed') return exitCodes.storage;
  return inputErrors.includes(error.code) ? exitCodes.input : exitCodes.failed;
}

/**
 * Logs the error, writes its line where the operator reads it, and returns the exit code. Where details are hidden, that line
 * is the public one, and the whole of it is in {@link FAILURE_FILE}.
 */
export async function reportFailure(thrown: unknown, logger: Logger): Promise<number> {
  const error = WsiError.from(thrown);
  logger.fatal({ code: ownText(error.code), error }, 'role failed');
  await writeLastWords(`${error.code}: ${await lastLineOf(error)}`);
  return exitCodeOf(error);
}

/** In the output directory: what a run that has failed says of it in full; it is made for its owner only. */
export const FAILURE_FILE = 'failure.json';

/** In the output directory: the lines of the log that name patients, slides or paths, whole; for its owner only. */
export const DETAILS_FILE = 'details.jsonl';

/** Of the role that has the output directory; others have nowhere to put details. */
export function outputFile(name: string): string | undefined {
  const output = process.env['WSI_OUTPUT'];
  return output === undefined || output === '' ? undefined : join(output, name);
}

/** What an earlier start of the run failed of does not stand beside its result. */
export async function removeFailure(): Promise<void> {
  const path = outputFile(FAILURE_FILE);
  if (path !== undefined) await rm(path, { force: true }).catch(() => undefined);
}

async function lastLineOf(error: WsiError): Promise<string> {
  if (detailsOf(process.env) === 'shown') return error.message;
  const written = await writeFailure(error);
  const message = error.publicMessage.replace(/[.\s]+$/, '');
  return written ? `${message}; details in OUTPUT/${FAILURE_FILE}` : message;
}

async function writeFailure(error: WsiError): Promise<boolean> {
  const path = outputFile(FAILURE_FILE);
  if (path === undefined) return false;
  const { code, message, problem, where, remedy, stack } = error;
  const content = { code, message, problem, where, remedy, stack, at: new Date().toISOString() };
  return writeFileAtomically(path, `${JSON.stringify(content, undefined, 2)}\n`, 0o600).then(
    () => true,
    () => false,
  );
}

/** What Kubernetes keeps of a termination message. */
const LONGEST_LAST_WORDS = 4096;

/**
 * The result of a finished run as one line of JSON, where the operator reads it: nobody may have asked the coordinator
 * between its last step and its end. Metrics are left out when there are too many of them.
 */
export async function reportResult(status: StatusReply): Promise<void> {
  const { parametersSha256, steps, tiles, tilesPerSecond, metrics, peakMemoryBytes } = status;
  const result = { parametersSha256, steps, tiles, tilesPerSecond, peakMemoryBytes };
  const whole = JSON.stringify({ ...result, metrics });
  await writeLastWords(whole.length < LONGEST_LAST_WORDS ? whole : JSON.stringify(result));
}

/**
 * Of a coordinator that was stopped: the step of its last checkpoint, as one line of JSON where the operator reads it.
 * Nobody may have asked it since that was written.
 */
export async function reportStop({ checkpointStep }: Pick<StatusReply, 'checkpointStep'>): Promise<void> {
  if (checkpointStep > 0) await writeLastWords(JSON.stringify({ checkpointStep }));
}

async function writeLastWords(text: string): Promise<void> {
  const path = process.env['WSI_TERMINATION_LOG'];
  if (path === undefined || path === '') return;
  // The exit code still says enough when this cannot be written (a full disk).
  await writeFile(path, `${text}\n`).catch(() => undefined);
}
