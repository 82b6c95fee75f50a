/**
 * Tar archives whose bytes depend on the entries only: no times, no owners, no order of a file system. POSIX ustar,
 * with pax headers where a name is too long for it.
 */
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { WsiError } from '@wsi-operator/foundation';

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

const BLOCK = 512;
const CHUNK = 1 << 20;
const LARGEST_SIZE = 8 ** 11 - 1;
const TYPES = { directory: '5', link: '2', bytes: '0', file: '0' } as const;

/** Writes an archive of the entries in the given order. */
export async function writeTar(file: string, entries: Iterable<TarEntry>): Promise<void> {
  await pipeline(joined(tarBytes(entries)), createWriteStream(file));
}

/** The bytes of an archive. */
export async function* tarBytes(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for (const entry of entries) yield* entryBytes(entry);
  yield Buffer.alloc(BLOCK * 2);
}

async function* entryBytes(entry: TarEntry): AsyncGenerator<Buffer> {
  const { content } = entry;
  const bytes = content.kind === 'bytes' ? Buffer.from(content.bytes) : undefined;
  const size = content.kind === 'file' ? statSync(content.from).size : (bytes?.length ?? 0);
  yield* headers(entry, size);
  let written = bytes?.length ?? 0;
  if (bytes !== undefined) yield bytes;
  if (content.kind === 'file') {
    for await (const chunk of createReadStream(content.from, { highWaterMark: CHUNK })) {
      written += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  }
  if (written !== size) {
    throw new WsiError('StorageFailed', 'The file changed while it was read', { where: entry.path });
  }
  yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
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

/** The header blocks of an entry. */
export function headers(entry: TarEntry, size: number): Buffer[] {
  const path = entry.content.kind === 'directory' ? `${entry.path}/` : entry.path;
  const target = entry.content.kind === 'link' ? entry.content.target : '';
  const records = [
    ...(splitName(path) === undefined ? [paxRecord('path', path)] : []),
    ...(Buffer.byteLength(target) > 100 ? [paxRecord('linkpath', target)] : []),
    ...(size > LARGEST_SIZE ? [paxRecord('size', String(size))] : []),
  ];
  const mode =
    entry.mode ?? (entry.content.kind === 'file' || entry.content.kind === 'bytes' ? 0o644 : 0o755);
  const main = header({ path, mode, size, type: TYPES[entry.content.kind], target });
  if (records.length === 0) return [main];
  const body = Buffer.from(records.join(''));
  const padded = Buffer.alloc(Math.ceil(body.length / BLOCK) * BLOCK);
  body.copy(padded);
  return [
    header({ path: 'pax-header', mode: 0o644, size: body.length, type: 'x', target: '' }),
    padded,
    main,
  ];
}

function header(fields: { path: string; mode: number; size: number; type: string; target: string }): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  // A name too long for the header is cut here, and whole in the pax header before it.
  const { prefix, name } = splitName(fields.path) ?? { prefix: '', name: fields.path };
  put(block, name, 0, 100);
  put(block, octal(fields.mode, 7), 100, 8);
  put(block, octal(0, 7), 108, 8);
  put(block, octal(0, 7), 116, 8);
  put(block, octal(Math.min(fields.size, LARGEST_SIZE), 11), 124, 12);
  put(block, octal(0, 11), 136, 12);
  put(block, ' '.repeat(8), 148, 8);
  put(block, fields.type, 156, 1);
  put(block, fields.target, 157, 100);
  put(block, 'ustar\x0000', 257, 8);
  put(block, octal(0, 7), 329, 8);
  put(block, octal(0, 7), 337, 8);
  put(block, prefix, 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(block, `${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return block;
}

function put(block: Buffer, text: string, at: number, length: number): void {
  Buffer.from(text).copy(block, at, 0, length);
}

/** A path as ustar keeps it: 155 bytes, a slash, 100 bytes. Undefined: it does not fit. */
function splitName(path: string): { prefix: string; name: string } | undefined {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let at = path.indexOf('/'); at >= 0 && at < path.length - 1; at = path.indexOf('/', at + 1)) {
    const prefix = path.slice(0, at);
    const name = path.slice(at + 1);
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name };
  }
  return undefined;
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  length = bytes + String(length).length;
  return `${length}${rest}`;
}
