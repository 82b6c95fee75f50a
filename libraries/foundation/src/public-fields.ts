/** The public part of the fields of a log line, and of errors in them (pure). */
import { systemErrorCode, WsiError } from './errors.ts';
import { PublicText } from './public-text.ts';

/** Instead of a text that is not public: whether it is kept whole in the output volume, or nowhere. */
export const HIDDEN_TEXT = { kept: '(in the output volume)', nowhere: '(hidden)' } as const;

/** Deeper than any line of ours: an object that contains itself must end. */
const DEEPEST = 6;

export interface PublicFields {
  readonly fields: unknown;
  /** Whether anything was left out. */
  readonly hidden: boolean;
}

/**
 * @param fields the first argument of a logging call; a message in its place is the author's own text
 * @param isKept asked where something is hidden
 */
export function publicFields(fields: unknown, isKept: () => boolean = () => false): PublicFields {
  if (typeof fields === 'string') return { fields, hidden: false };
  let hidden = false;
  const hide = (): string => {
    hidden = true;
    return isKept() ? HIDDEN_TEXT.kept : HIDDEN_TEXT.nowhere;
  };
  const shown = (value: unknown, depth: number): unknown => {
    if (value instanceof PublicText) return String(value);
    if (value instanceof Error) {
      hidden = true;
      return publicError(value);
    }
    if (value === null || ['number', 'boolean', 'bigint', 'undefined'].includes(typeof value)) return value;
    if (typeof value !== 'object' || depth >= DEEPEST) return hide();
    if (Array.isArray(value)) return value.map((item) => shown(item, depth + 1));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item, depth + 1)]));
  };
  // An error in the place of the fields is what pino calls its field itself.
  if (fields instanceof Error) return { fields: { error: publicError(fields) }, hidden: true };
  return { fields: shown(fields, 0), hidden };
}

interface PublicError {
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

function publicError(error: Error): PublicError {
  const { code, publicMessage } = WsiError.from(error);
  const stack = framesOf(error);
  const system = systemErrorCode(error);
  return {
    code: system !== undefined && /^E[A-Z0-9]{2,20}$/.test(system) ? system : code,
    message: publicMessage,
    ...(stack === undefined ? {} : { stack }),
  };
}

/** Where in the program it happened, without the message that V8 writes above it. */
function framesOf({ name, message, stack }: Error): string | undefined {
  const head = message === '' ? name : `${name}: ${message}`;
  if (stack?.startsWith(`${head}\n`) !== true) return undefined;
  return stack.slice(head.length + 1);
}
