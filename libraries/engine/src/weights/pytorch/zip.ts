/**
 * The zip files that `torch.save` writes: entries that are stored, not compressed, so that an entry is a range of the file
 * and nothing can grow when it is read. Read here because a general reader would decompress, which is refused.
 * Source: PKWARE's APPNOTE.TXT, 4.3 and 4.5.3 (zip64).
 */
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { WeightsBytes } from '../weights-file.ts';

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** Where its bytes begin in the file. */
  readonly start: () => Promise<number>;
}

const LONGEST_DIRECTORY = 2 ** 24;
const MOST_ENTRIES = 2 ** 16;
const END = { signature: 0x06054b50, bytes: 22, longestComment: 65_535 } as const;
const END_64 = { signature: 0x06064b50, bytes: 56 } as const;
const LOCATOR_64 = { signature: 0x07064b50, bytes: 20 } as const;
const CENTRAL = { signature: 0x02014b50, bytes: 46 } as const;
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const;
const LARGE = 0xffffffff;

/** By name. @throws WsiError `WeightsInvalid` */
export async function readZip(file: WeightsBytes): Promise<ReadonlyMap<string, ZipEntry>> {
  const { position, length } = await findDirectory(file);
  if (length > LONGEST_DIRECTORY || position + length > file.size)
    throw damaged(file, 'its directory is torn');
  const directory = Buffer.from(await file.read(position, length));
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < directory.length;) {
    if (at + CENTRAL.bytes > directory.length || directory.readUInt32LE(at) !== CENTRAL.signature) {
      throw damaged(file, 'its directory is torn');
    }
    const nameEnd = at + CENTRAL.bytes + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    const end = extraEnd + directory.readUInt16LE(at + 32);
    if (end > directory.length) throw damaged(file, 'its directory is torn');
    const name = directory.toString('utf8', at + CENTRAL.bytes, nameEnd);
    if (entries.has(name)) throw damaged(file, `it has two entries ${name.slice(0, 80)}`);
    if (entries.size >= MOST_ENTRIES) throw damaged(file, `it has more than ${MOST_ENTRIES} entries`);
    entries.set(name, entryOf(file, name, directory.subarray(at, extraEnd)));
    at = end;
  }
  return entries;
}

async function findDirectory(file: WeightsBytes): Promise<{ position: number; length: number }> {
  const tailStart = Math.max(0, file.size - END.bytes - END.longestComment);
  const tail = Buffer.from(await file.read(tailStart, file.size - tailStart));
  for (let at = tail.length - END.bytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END.signature) continue;
    const [length, position] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    const locator = at - LOCATOR_64.bytes;
    const is64 = locator >= 0 && tail.readUInt32LE(locator) === LOCATOR_64.signature;
    if (!is64) return { position, length };
    const end64 = safe(file, tail.readBigUInt64LE(locator + 8));
    if (end64 + END_64.bytes > file.size) throw damaged(file, 'its directory is torn');
    const record = Buffer.from(await file.read(end64, END_64.bytes));
    if (record.readUInt32LE(0) !== END_64.signature) throw damaged(file, 'its directory is torn');
    return {
      length: safe(file, record.readBigUInt64LE(40)),
      position: safe(file, record.readBigUInt64LE(48)),
    };
  }
  throw damaged(file, 'it has no directory: it is truncated');
}

/** @param record of the central directory, without its comment */
function entryOf(file: WeightsBytes, name: string, record: Buffer): ZipEntry {
  const shown = name.slice(0, 80);
  const [flags, method] = [record.readUInt16LE(8), record.readUInt16LE(10)];
  if ((flags & 1) !== 0) throw damaged(file, `its entry ${shown} is encrypted`);
  if (method !== 0) throw damaged(file, `its entry ${shown} is compressed, which torch.save does not do`);
  let [packed, size, header] = [record.readUInt32LE(20), record.readUInt32LE(24), record.readUInt32LE(42)];
  const nameEnd = CENTRAL.bytes + record.readUInt16LE(28);
  const extra = extra64(record.subarray(nameEnd));
  // The fields of 64 bits are there only for those that do not fit 32, in this order.
  let at = 0;
  const next = (): number => {
    if (at + 8 > extra.length) throw damaged(file, `its entry ${shown} has no size`);
    at += 8;
    return safe(file, extra.readBigUInt64LE(at - 8));
  };
  if (size === LARGE) size = next();
  if (packed === LARGE) packed = next();
  if (header === LARGE) header = next();
  if (packed !== size || header + LOCAL.bytes + size > file.size) {
    throw damaged(file, `its entry ${shown} does not fit it`);
  }
  return {
    name,
    size,
    start: async () => {
      const local = Buffer.from(await file.read(header, LOCAL.bytes));
      const start = header + LOCAL.bytes + local.readUInt16LE(26) + local.readUInt16LE(28);
      if (local.readUInt32LE(0) !== LOCAL.signature || start + size > file.size) {
        throw damaged(file, `its entry ${shown} does not fit it`);
      }
      return start;
    },
  };
}

/** The extra field with sizes of 64 bits, empty if there is none. */
function extra64(extra: Buffer): Buffer {
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, end);
    at = end;
  }
  return Buffer.alloc(0);
}

function safe(file: WeightsBytes, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(file, 'its directory is torn');
  return Number(value);
}

function damaged({ where }: WeightsBytes, problem: string): WsiError {
  return new WsiError('WeightsInvalid', `as a zip file of PyTorch, ${problem}`, {
    where,
    summary: publicText`this is no whole file of PyTorch`,
    remedy: publicText`Download or copy the file again.`,
  });
}
