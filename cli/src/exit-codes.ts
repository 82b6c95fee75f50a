/** Exit codes of `wsi`, after sysexits.h where it has one. The roles of a run use the same numbers. */
import { CommanderError } from 'commander';
import { WsiError, type ErrorCode } from '@wsi-operator/foundation';

export const EXIT_CODES = {
  done: 0,
  /** The run failed although its input is fine. */
  failed: 1,
  /** The command line, the manifest, the cohort or a slide is wrong. */
  input: 64,
  /** A fault of this program: please report it. */
  internal: 70,
  /** A file could not be written. */
  storage: 74,
  /** Something is in use or does not answer: try again later. */
  unavailable: 75,
  interrupted: 130,
  terminated: 143,
} as const;

export const EXIT_CODES_HELP = `Exit codes:
  0    done
  1    the run failed although its input is right
  64   the command line, the manifest, the cohort or a slide is wrong
  70   a fault of wsi itself
  74   a file could not be written (full disk, no permission)
  75   in use or not answering: try again later
  130  stopped by Ctrl-C, with a checkpoint where there is one
  143  stopped by SIGTERM, with a checkpoint where there is one`;

const BY_ERROR: Record<ErrorCode, number> = {
  InvalidManifest: EXIT_CODES.input,
  InvalidCohort: EXIT_CODES.input,
  InvalidArgument: EXIT_CODES.input,
  SlideUnreadable: EXIT_CODES.input,
  SlideUnsupported: EXIT_CODES.input,
  NoTissue: EXIT_CODES.input,
  NotFound: EXIT_CODES.input,
  CheckpointInvalid: EXIT_CODES.input,
  WeightsInvalid: EXIT_CODES.input,
  StorageFailed: EXIT_CODES.storage,
  EngineFailed: EXIT_CODES.failed,
  Diverged: EXIT_CODES.failed,
  StaleGeneration: EXIT_CODES.unavailable,
  Unavailable: EXIT_CODES.unavailable,
  Cancelled: EXIT_CODES.interrupted,
  Internal: EXIT_CODES.internal,
};

export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.input;
  return thrown instanceof WsiError ? BY_ERROR[thrown.code] : EXIT_CODES.internal;
}
