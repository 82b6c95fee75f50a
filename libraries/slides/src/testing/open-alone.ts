/**
 * Opens a slide in a process of its own and reads a region of it, as a worker would: the message, and the memory that it
 * took, as JSON. A process that was ended by the memory that it asked for prints nothing.
 */
import { execFile } from 'node:child_process';
import { peakResidentBytes } from '@wsi-operator/foundation';
import { openSlide, type ReaderChoice } from '../open-slide.ts';

export interface OpenedAlone {
  /** Of the error; undefined when it was opened and read. */
  readonly message?: string;
  readonly code?: string;
  /** Beyond what the process has without a slide, at the most. */
  readonly peakBytes: number;
  readonly milliseconds: number;
}

/** @throws Error with what the process printed, when it ended without an answer */
export function openAlone(path: string, reader: ReaderChoice = 'auto'): Promise<OpenedAlone> {
  const args = ['--no-warnings', import.meta.filename, path, reader];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as OpenedAlone);
      else
        reject(new Error(`ended by ${error.signal ?? error.code ?? 'itself'}: ${stderr}`, { cause: error }));
    });
  });
}

async function main(path: string, reader: ReaderChoice): Promise<OpenedAlone> {
  // The libraries are loaded, and what they need at first is taken.
  await openSlide(import.meta.filename, { reader }).catch(() => undefined);
  const before = peakResidentBytes();
  const started = performance.now();
  const failure = await readCorner(path, reader).then(
    () => ({}),
    (error: unknown) => {
      const { code, message } = error as { code?: string; message: string };
      return { code: code ?? '', message };
    },
  );
  return {
    ...failure,
    peakBytes: peakResidentBytes() - before,
    milliseconds: performance.now() - started,
  };
}

async function readCorner(path: string, reader: ReaderChoice): Promise<void> {
  const slide = await openSlide(path, { reader });
  try {
    const [width, height] = [Math.min(slide.width, 256), Math.min(slide.height, 256)];
    await slide.readRegion({ level: 0, x: 0, y: 0, width, height });
  } finally {
    await slide.close();
  }
}

if (import.meta.main) {
  const [path = '', reader = 'auto'] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await main(path, reader as ReaderChoice)));
}
