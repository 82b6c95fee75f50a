/**
 * Standard output and standard error. Nothing else here writes to them (the linter refuses it), so that no command can
 * forget to make printable what it shows.
 */
import { rendered } from './printable.ts';

/** A stream that takes text from anywhere. */
export interface TextStream {
  readonly write: (text: string) => void;
  readonly isTTY: boolean;
  /** Characters of a line; 0 when it is no terminal. */
  readonly columns: number;
}

function textStream(stream: NodeJS.WriteStream): TextStream {
  return {
    write: (text) => void stream.write(rendered(text)),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns || 0;
    },
  };
}

/** The result of a command. */
export const standardOutput = textStream(process.stdout);
/** Everything else that people read. */
export const standardError = textStream(process.stderr);

export function printLine(line: string): void {
  standardOutput.write(`${line}\n`);
}

export function noteLine(line: string): void {
  standardError.write(`${line}\n`);
}

/**
 * For another program, byte for byte: a manifest, a log as it was written. A terminal is shown what can be shown.
 */
export function writeData(text: string): void {
  if (process.stdout.isTTY) standardOutput.write(text);
  else process.stdout.write(text);
}

/** For libraries that draw by themselves; what they draw has to be printable before. */
export const drawingStream: NodeJS.WriteStream = process.stderr;

/** Standard output takes colours: NO_COLOR and the like, as Node reads them. */
export function takesColours(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
}

export function rowsOfTerminal(): number {
  return process.stdout.rows || 0;
}

/** A reader that has seen enough (head, less) is no error; a terminal that is gone must not keep a run from stopping. */
export function outliveReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    if (error.code !== 'EIO') throw error;
  });
  process.stderr.on('error', () => undefined);
}
