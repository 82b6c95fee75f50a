/** Faults of many slides, reported together: equal faults are one line with the slides that have it. */
import { basename } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';

export interface SlideFault {
  /** The slide as it was given. */
  readonly slide: string;
  readonly error: WsiError;
  /** Of the table that named it. */
  readonly line?: number;
}

const SHOWN_SLIDES = 5;

/** Lines for people: `40 slides: There is no such slide. Check the path...` and then their names. */
export function foldedFaults(faults: readonly SlideFault[]): string[] {
  // A remedy that is a command with the slide's path would make each fault one of its own.
  const kinds = Map.groupBy(faults, ({ error }) => whatIsWrong(error, 'SLIDE'));
  return [...kinds].flatMap(([problem, of]) => {
    const [first] = of;
    if (of.length === 1) return [`${placeOf(first!)}: ${whatIsWrong(first!.error)}`];
    const names = of.slice(0, SHOWN_SLIDES).map(placeOf);
    const more = of.length > SHOWN_SLIDES ? [`  and ${of.length - SHOWN_SLIDES} more`] : [];
    return [`${of.length} slides: ${problem}`, ...names.map((name) => `  ${name}`), ...more];
  });
}

function placeOf({ slide, line }: SlideFault): string {
  return line === undefined ? slide : `${slide} (line ${line})`;
}

/** The message without the slide's path, which would make each fault one of its own. */
function whatIsWrong({ message, where }: WsiError, name = where && basename(where)): string {
  const plain =
    where !== undefined && message.startsWith(`${where}: `) ? message.slice(where.length + 2) : message;
  return where === undefined || name === undefined ? plain : plain.replaceAll(where, name);
}

/** What is wrong with one of many slides. @throws what was thrown, when it would be so with every other, too */
export function slideError(thrown: unknown): WsiError {
  const everywhere = ['Internal', 'StorageFailed', 'EngineFailed', 'Cancelled'];
  if (!(thrown instanceof WsiError) || everywhere.includes(thrown.code)) throw thrown;
  return thrown;
}

/** The end of a command that has met faults in some of what it was given. @throws WsiError when there are any */
export function requireNone(faults: readonly SlideFault[], done: number, verb: string): void {
  if (faults.length === 0) return;
  const all = done + faults.length;
  if (all === 1) throw faults[0]!.error;
  throw new WsiError(
    faults[0]!.error.code,
    `${faults.length} of ${all} slides could not be ${verb}:\n  ${foldedFaults(faults).join('\n  ')}`,
  );
}
