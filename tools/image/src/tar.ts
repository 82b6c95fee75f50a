/** Tar archives whose bytes depend on the entries only: no times, no owners, no order of a file system. */
import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { WsiError } from '@wsi-operator/foundation';
import { pack, type Header, type Pack } from 'tar-stream';

export type TarContent =
  | { readonly kind: 'directory' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer | string }
  /** A file of this machine. */
  | { readonly kind: 'file'; readonly from: string };

export interface TarEntry {
  /** Relative, without a slash at either end. */
  readonly path: string;
  /** Permission bits; 0o755 for folders and 0o644 for files when left out. */
  readonly mode?: number;
  readonly content: TarContent;
}

const CHUNK = 1 << 20;
const TYPES = { directory: 'directory', link: 'symlink', bytes: 'file', file: 'file' } as const;

/** Writes an archive of the entries in the given order. */
export async function writeTar(file: string, entries: Iterable<TarEntry>): Promise<void> {
  // Opened before anything can fail: a stream that opens by itself may make the file after the failure is reported.
  const target = await open(file, 'w');
  await pipeline(joined(tarBytes(entries)), target.createWriteStream());
}

/** The bytes of an archive. */
export async function* tarBytes(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  const archive = pack({ highWaterMark: CHUNK });
  const filled = fill(archive, entries);
  // Awaited below where it matters: the archive ends with a fault of its own when filling it fails.
  filled.catch(() => undefined);
  try {
    yield* archive as AsyncIterable<Buffer>;
  } catch (error) {
    await filled;
    throw error;
  }
}

/** The same bytes in fewer pieces: thousands of small files would otherwise be thousands of system calls. */
export async function* joined(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < CHUNK) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  yield Buffer.concat(waiting);
}

async function fill(archive: Pack, entries: Iterable<TarEntry>): Promise<void> {
  try {
    for (const entry of entries) await add(archive, entry);
    archive.finalize();
  } catch (error) {
    archive.destroy(error as Error);
    throw error;
  }
}

async function add(archive: Pack, entry: TarEntry): Promise<void> {
  const { content } = entry;
  if (content.kind === 'file') {
    await addFile(archive, entry, content.from);
    return;
  }
  const bytes = content.kind === 'bytes' ? Buffer.from(content.bytes) : Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    archive.entry(headerOf(entry), bytes, (error) => (error ? reject(error) : resolve()));
  });
}

async function addFile(archive: Pack, entry: TarEntry, from: string): Promise<void> {
  const { size } = statSync(from);
  const source = createReadStream(from, { highWaterMark: CHUNK });
  try {
    await pipeline(source, archive.entry({ ...headerOf(entry), size }));
  } catch (error) {
    if (source.bytesRead === size || !source.readableEnded) throw error;
    throw new WsiError('StorageFailed', 'The file changed while it was read', {
      where: entry.path,
      cause: error,
    });
  }
}

type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

function headerOf({ path, mode, content }: TarEntry): EntryHeader {
  const type = TYPES[content.kind];
  return {
    name: type === 'directory' ? `${path}/` : path,
    type,
    mode: mode ?? (type === 'file' ? 0o644 : 0o755),
    uid: 0,
    gid: 0,
    mtime: new Date(0),
    ...(content.kind === 'link' ? { linkname: content.target } : {}),
  };
}
