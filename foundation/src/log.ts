/**
 * Structured logs: one line an event, a constant message with fields. Every line carries the job, the role and the
 * replica that the logger was made with.
 */
import { pino, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

export interface LogIdentity {
  readonly job?: string;
  readonly role: string;
  readonly replica?: number;
}

/**
 * A logger that writes JSON lines to standard error (standard output belongs to a command's result).
 * The level is `WSI_LOG_LEVEL` (fatal, error, warn, info, debug, trace or silent), `info` if unset.
 */
export function createLogger(identity: LogIdentity): Logger {
  const level = process.env['WSI_LOG_LEVEL'] ?? 'info';
  return pino(
    {
      level,
      base: identity,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
      errorKey: 'error',
    },
    // Synchronous: a line written just before a crash must not be lost.
    pino.destination({ dest: 2, sync: true }),
  );
}
