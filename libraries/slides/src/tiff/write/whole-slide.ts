/** Checks whether a slide of ours is complete and made with the expected parameters, from a few kilobytes of it. */
import { open, type FileHandle } from 'node:fs/promises';
import { systemErrorCode, storageError } from '@wsi-operator/foundation';

const JPEG_TABLES = 347;

/**
 * The file's size when it was written to its end with `digest` in its description, else undefined. A file is whole
 * when its directory is set (that is written last) and its JPEG tables, the last bytes of all, are there.
 */
export async function isWholeSlide(path: string, digest: string): Promise<number | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const head = await readAt(file, 0, 1024);
    if (head.length < 16 || head.readUInt16LE(2) !== 43 || !head.includes(`Synthesis = ${digest}\0`, 16)) {
      return undefined;
    }
    const { size } = await file.stat();
    const start = Number(head.readBigUInt64LE(8));
    return start !== 0 && (await lastByte(file, start)) === size ? size : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw storageError(path, error);
  } finally {
    await file?.close();
  }
}

async function lastByte(file: FileHandle, start: number): Promise<number | undefined> {
  const count = await readAt(file, start, 8);
  if (count.length < 8) return undefined;
  const entries = await readAt(file, start + 8, Math.min(64, Number(count.readBigUInt64LE())) * 20);
  for (let at = 0; at + 20 <= entries.length; at += 20) {
    if (entries.readUInt16LE(at) !== JPEG_TABLES) continue;
    const end = Number(entries.readBigUInt64LE(at + 12)) + Number(entries.readBigUInt64LE(at + 4));
    return Math.ceil(end / 8) * 8;
  }
  return undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
