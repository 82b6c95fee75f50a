/** How a role ends: its exit code tells the operator whether to start it again, one line tells people why. */
import { writeFile } from 'node:fs/promises';
import { WsiError, type ErrorCode, type Logger } from '@wsi/foundation';
import type { StatusReply } from '@wsi/protocol';

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
];

export function exitCodeOf(error: WsiError): number {
  if (error.code === 'StorageFailed') return exitCodes.storage;
  return inputErrors.includes(error.code) ? exitCodes.input : exitCodes.failed;
}

/** Logs the error, writes its line where the operator reads it, and returns the exit code. */
export async function reportFailure(thrown: unknown, logger: Logger): Promise<number> {
  const error = WsiError.from(thrown);
  logger.fatal({ code: error.code, error }, 'role failed');
  await writeLastWords(`${error.code}: ${error.message}`);
  return exitCodeOf(error);
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

async function writeLastWords(text: string): Promise<void> {
  const path = process.env['WSI_TERMINATION_LOG'];
  if (path === undefined || path === '') return;
  // The exit code still tells the story when this cannot be written (a full disk).
  await writeFile(path, `${text}\n`).catch(() => undefined);
}
