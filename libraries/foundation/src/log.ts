/**
 * Structured logs: one line an event, a constant message with fields. Every line carries the job, the role and the
 * replica that the logger was made with.
 *
 * Who reads a pod's log need not be allowed to see patients' data. So a logger hides every text in its fields that is not
 * {@link PublicText}, and logs errors with their public message, unless it is made for a terminal of the user's own. What
 * it hid goes to a file that only the run's user can read, when it has one.
 */
import { fstatSync } from 'node:fs';
import { pino, type Logger as PinoLogger } from 'pino';
import { publicFields } from './public-fields.ts';
import type { Details } from './public-text.ts';

export type Logger = PinoLogger;

export interface LogIdentity {
  readonly job?: string;
  readonly role: string;
  readonly replica?: number;
}

export interface LogPrivacy {
  /** `hidden` if unset: nothing private leaves by an oversight. */
  readonly details?: Details;
  /** File to which lines with something hidden are added, whole; it is made for its owner only. */
  readonly detailsFile?: string | undefined;
}

/** Of the file of details: a run that says the same a million times must not fill the volume. */
const LARGEST_DETAILS_BYTES = 32 * 2 ** 20;

/**
 * A logger that writes JSON lines to standard error (standard output belongs to a command's result).
 * The level is `WSI_LOG_LEVEL` (fatal, error, warn, info, debug, trace or silent), `info` if unset.
 */
export function createLogger(identity: LogIdentity, { details, detailsFile }: LogPrivacy = {}): Logger {
  const level = process.env['WSI_LOG_LEVEL'] ?? 'info';
  const shape = {
    level,
    base: identity,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    messageKey: 'message',
    errorKey: 'error',
  };
  // Synchronous: a line written just before a crash must not be lost.
  const destination = pino.destination({ dest: 2, sync: true });
  if (details === 'shown') return pino(shape, destination);
  const whole = lazily(() => detailsLogger(shape, detailsFile));
  return pino(
    {
      ...shape,
      hooks: {
        logMethod([fields, ...rest]: unknown[], write, number) {
          const { fields: shown, hidden } = publicFields(fields, () => whole() !== undefined);
          if (hidden) whole()?.[levelName(number)](fields, ...(rest as [string]));
          write.apply(this, [shown, ...rest] as Parameters<typeof write>);
        },
      },
    },
    destination,
  );
}

type LevelName = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

function levelName(number: number): LevelName {
  return (pino.levels.labels[number] ?? 'info') as LevelName;
}

function detailsLogger(shape: pino.LoggerOptions, file: string | undefined): Logger | undefined {
  if (file === undefined) return undefined;
  try {
    const destination = pino.destination({ dest: file, append: true, sync: true, mode: 0o600 });
    // A full disk costs the details, not the run.
    destination.on('error', () => undefined);
    const { size } = fstatSync((destination as unknown as { readonly fd: number }).fd);
    let room = LARGEST_DETAILS_BYTES - size;
    return pino(shape, {
      write: (line: string) => {
        room -= Buffer.byteLength(line);
        if (room > 0) destination.write(line);
      },
    });
  } catch {
    return undefined;
  }
}

function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
