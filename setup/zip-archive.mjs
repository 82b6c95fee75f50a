// @ts-check
/**
 * Takes chosen files out of a zip archive (a Python wheel is one) without unpacking the rest, in constant memory.
 * Reads the plain format: no encryption, no archive of 4 GB or more. The archive's own checksum was verified when it
 * was downloaded, so of an entry only the size is checked.
 */
import { constants, createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_LENGTH = 22;
const ENTRY_LENGTH = 46;
const LOCAL_LENGTH = 30;
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const NEEDS_ZIP64 = 0xffffffff;

/**
 * @typedef {{ name: string, method: number, packed: number, size: number, mode: number, offset: number }} Entry
 * @typedef {import('node:fs/promises').FileHandle} FileHandle
 */

/**
 * @param {string} archive
 * @param {string} destination
 * @param {(name: string) => string | undefined} place where in the destination an entry goes; undefined: nowhere
 * @returns {Promise<string[]>} the files written, relative to the destination
 */
export async function extract(archive, destination, place) {
  const file = await open(archive, constants.O_RDONLY);
  /** @type {string[]} */
  const written = [];
  try {
    for (const entry of await directoryOf(file)) {
      if (entry.name.endsWith('/')) continue;
      const target = place(entry.name);
      if (target === undefined) continue;
      await extractEntry(file, archive, entry, join(destination, insideOnly(target)));
      written.push(target);
    }
  } finally {
    await file.close();
  }
  return written;
}

/** @param {FileHandle} file @returns {Promise<Entry[]>} */
async function directoryOf(file) {
  const { size } = await file.stat();
  const tailLength = Math.min(size, END_LENGTH + LONGEST_COMMENT);
  const tail = await readAt(file, size - tailLength, tailLength);
  let end = tail.length - END_LENGTH;
  while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end -= 1;
  if (end < 0) throw new Error('This is not a zip archive: it has no end record.');
  const length = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (start === NEEDS_ZIP64) throw new Error('Zip archives of 4 GB or more are not supported.');
  return parseDirectory(await readAt(file, start, length), tail.readUInt16LE(end + 10));
}

/** @param {Buffer} bytes @param {number} count @returns {Entry[]} */
function parseDirectory(bytes, count) {
  /** @type {Entry[]} */
  const entries = [];
  for (let at = 0, index = 0; index < count; index += 1) {
    if (bytes.readUInt32LE(at) !== ENTRY_SIGNATURE)
      throw new Error('The zip archive has a broken directory.');
    const nameLength = bytes.readUInt16LE(at + 28);
    const entry = {
      name: bytes.toString('utf8', at + ENTRY_LENGTH, at + ENTRY_LENGTH + nameLength),
      method: bytes.readUInt16LE(at + 10),
      packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      mode: bytes.readUInt16LE(at + 40) & 0o777,
      offset: bytes.readUInt32LE(at + 42),
    };
    entries.push(entry);
    at += ENTRY_LENGTH + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

/** @param {FileHandle} file @param {string} archive @param {Entry} entry @param {string} target */
async function extractEntry(file, archive, entry, target) {
  const local = await readAt(file, entry.offset, LOCAL_LENGTH);
  if (local.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new Error(`${entry.name}: broken in the archive.`);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new Error(`${entry.name}: compressed in a way (${entry.method}) that is not supported.`);
  }
  const start = entry.offset + LOCAL_LENGTH + local.readUInt16LE(26) + local.readUInt16LE(28);
  mkdirSync(dirname(target), { recursive: true });
  const sink = createWriteStream(target, { mode: entry.mode & 0o111 ? 0o755 : 0o644 });
  if (entry.packed === 0) {
    await new Promise((resolve, reject) => sink.on('error', reject).end(resolve));
  } else {
    const source = createReadStream(archive, {
      start,
      end: start + entry.packed - 1,
      highWaterMark: 1 << 20,
    });
    if (entry.method === STORED) await pipeline(source, sink);
    else await pipeline(source, createInflateRaw({ chunkSize: 1 << 20 }), sink);
  }
  if (sink.bytesWritten !== entry.size) {
    throw new Error(
      `${entry.name}: ${sink.bytesWritten} bytes came out of the archive instead of ${entry.size}.`,
    );
  }
}

/** @param {FileHandle} file @param {number} position @param {number} length */
async function readAt(file, position, length) {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error('The zip archive ends too early.');
  return buffer;
}

/** @param {string} path */
function insideOnly(path) {
  const clean = normalize(path);
  if (isAbsolute(clean) || clean === '..' || clean.startsWith('../')) {
    throw new Error(`The zip archive names a file outside the destination: ${path}`);
  }
  return clean;
}
