/**
 * A file of tensors that may be larger than what should be in memory: its header, then its data once from the beginning
 * to the end, so that the digest is of the very bytes that were used.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { publicText, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { headerLength, parseHeader, type Invalid, type TensorPlace } from './safetensors.ts';

/** Bytes of one version of a file or of an object in a store. */
export interface WeightsBytes {
  /** As the user knows it: a path, or s3://BUCKET/KEY. */
  readonly where: string;
  readonly size: number;
  /** Exactly `length` bytes. @throws WsiError when they are not there (any more) */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The most that is held beside the tensors that are wanted. */
const CHUNK_BYTES = 2 ** 22;

export interface WeightsHeader {
  readonly places: readonly TensorPlace[];
  /** Where the data begins in the file. */
  readonly dataStart: number;
}

/** @throws WsiError `WeightsInvalid` */
export async function readHeader(bytes: WeightsBytes): Promise<WeightsHeader> {
  const invalid = notSafetensors(bytes.where);
  const beginning = await bytes.read(0, Math.min(8, bytes.size));
  const zip = beginning[0] === 0x50 && beginning[1] === 0x4b;
  const pickle = beginning[0] === 0x80 && (beginning[1] ?? 0) <= 5 && (beginning[1] ?? 0) >= 2;
  if (zip || (pickle && headerIsAbsurd(beginning))) throw pytorchFile(bytes.where);
  const length = headerLength(beginning, bytes.size, invalid);
  const text = Buffer.from(await bytes.read(8, length)).toString('utf8');
  const dataStart = 8 + length;
  return { places: parseHeader(text, bytes.size - dataStart, invalid), dataStart };
}

/**
 * Reads the file once and gives the bytes of the wanted tensors, in the order of the file.
 * @returns the SHA-256 of the whole file
 */
export async function streamTensors(
  bytes: WeightsBytes,
  { places, dataStart }: WeightsHeader,
  { wanted, take }: TensorReader,
): Promise<string> {
  const hash = createHash('sha256');
  const pass = async (start: number, end: number, onto?: Uint8Array): Promise<void> => {
    for (let position = start; position < end; position += CHUNK_BYTES) {
      const chunk = await bytes.read(position, Math.min(CHUNK_BYTES, end - position));
      hash.update(chunk);
      onto?.set(chunk, position - start);
    }
  };
  await pass(0, dataStart);
  for (const place of places) {
    const content = wanted(place) ? new Uint8Array(place.end - place.start) : undefined;
    await pass(dataStart + place.start, dataStart + place.end, content);
    if (content !== undefined) take(place, content);
  }
  return hash.digest('hex');
}

export interface TensorReader {
  /** Whether the bytes of a tensor are held at once: its shape has been found to be right. */
  readonly wanted: (place: TensorPlace) => boolean;
  readonly take: (place: TensorPlace, content: Uint8Array) => void;
}

/** A file on a disk. @throws WsiError `NotFound`, `WeightsInvalid`, `StorageFailed` */
export async function openWeights(path: string): Promise<WeightsBytes> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const found = await file.stat();
    if (!found.isFile()) throw notAFile(path);
    return new WeightsOnDisk(path, file, found.size);
  } catch (error) {
    await file?.close();
    throw unreadable(path, error);
  }
}

class WeightsOnDisk implements WeightsBytes {
  readonly where: string;
  readonly size: number;
  readonly #file: FileHandle;

  constructor(where: string, file: FileHandle, size: number) {
    this.where = where;
    this.size = size;
    this.#file = file;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#file
        .read(buffer, done, length - done, position + done)
        .catch((error: unknown) => {
          throw unreadable(this.where, error);
        });
      if (bytesRead === 0) throw notSafetensors(this.where)('the file became shorter while it was read');
      done += bytesRead;
    }
    return buffer;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function unreadable(path: string, error: unknown): WsiError {
  if (error instanceof WsiError) return error;
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new WsiError('NotFound', publicText`there is no such file of weights`, {
      where: path,
      remedy: publicText`Check the path, and that its disk is mounted.`,
      cause: error,
    });
  }
  return new WsiError('StorageFailed', `the file of weights cannot be read (${code ?? String(error)})`, {
    where: path,
    remedy: publicText`Check its permissions, and that its disk is mounted and healthy.`,
    cause: error,
  });
}

function notAFile(path: string): WsiError {
  return new WsiError('WeightsInvalid', publicText`this is no file`, {
    where: path,
    remedy: publicText`Name the safetensors file itself.`,
  });
}

export function notSafetensors(where: string): Invalid {
  return (problem) =>
    new WsiError('WeightsInvalid', problem, {
      where,
      summary: publicText`the file is not a whole safetensors file`,
      remedy: publicText`Copy or download the file again, or save it again as safetensors.`,
    });
}

/** The first 8 bytes of a pickle, taken for a length, are far beyond any header. */
function headerIsAbsurd(beginning: Uint8Array): boolean {
  return beginning.slice(4).some((byte) => byte !== 0);
}

function pytorchFile(where: string): WsiError {
  return new WsiError('WeightsInvalid', publicText`this is a file of PyTorch, not safetensors`, {
    where,
    remedy: publicText`Convert it with: wsi encoder import FILE --encoder NAME --output FILE.safetensors`,
  });
}
