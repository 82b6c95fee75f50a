/** The safetensors file that is made of what an encoder needs of a file of either format. */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EncoderName } from '@wsi-operator/api';
import { publicText, storageError, syncDirectory, WsiError } from '@wsi-operator/foundation';
import { readEncoderWeights, requireMatch, type EncoderWeights } from './encoder-weights.ts';
import type { FoundTensor, TensorFile } from './match.ts';
import { openStateDict } from './pytorch/state-dict.ts';
import { encodeHeader } from './safetensors.ts';
import { openWeights, readHeader, type WeightsBytes } from './weights-file.ts';

export interface ImportedWeights extends EncoderWeights {
  /** `safetensors` or `PyTorch`. */
  readonly format: 'safetensors' | 'PyTorch';
  /** Keys of a PyTorch file that led to the tensors. */
  readonly under: readonly string[];
  /** Names in the file that were taken, with its prefix. */
  readonly taken: readonly string[];
  readonly ignored: readonly string[];
  readonly prefix: string;
}

/**
 * Writes what the encoder needs of a file as safetensors, under the published names, and checks what was written. The
 * output appears whole or not at all.
 * @throws WsiError `WeightsInvalid`, `NotFound`, `StorageFailed`
 */
export async function importWeights(
  input: string,
  { encoder, output, key }: { readonly encoder: EncoderName; readonly output: string; readonly key?: string },
): Promise<ImportedWeights> {
  const bytes = await openWeights(input);
  try {
    const source = await openTensors(bytes, key);
    const { prefix, needed, ignored } = requireMatch(encoder, source.tensors, input);
    const taken = source.tensors.filter(({ name }) => needed.has(name));
    const temporary = `${output}.${process.pid}.tmp`;
    try {
      await write(temporary, taken, prefix, source);
      const weights = await readBack(temporary, encoder, input);
      await rename(temporary, output).catch((error: unknown) => {
        throw storageError(output, error);
      });
      await syncDirectory(dirname(output));
      const { format, under } = source;
      return { ...weights, format, under, taken: taken.map(({ name }) => name), ignored, prefix };
    } finally {
      await rm(temporary, { force: true });
    }
  } finally {
    await bytes.close();
  }
}

type Opened = TensorFile & Pick<ImportedWeights, 'format' | 'under'>;

async function openTensors(bytes: WeightsBytes, key: string | undefined): Promise<Opened> {
  const beginning = Buffer.from(await bytes.read(0, Math.min(8, bytes.size)));
  if (beginning.toString('latin1', 0, 4) === 'PK\u0003\u0004') {
    return { format: 'PyTorch', ...(await openStateDict(bytes, key)) };
  }
  if (beginning.toString('hex').startsWith('80028a0a')) throw oldFormat(bytes.where);
  const { places, dataStart } = await readHeader(bytes);
  const byName = new Map(places.map((place) => [place.name, place]));
  return {
    format: 'safetensors',
    under: [],
    tensors: places,
    read: (name) => {
      const { start, end } = byName.get(name)!;
      return bytes.read(dataStart + start, end - start);
    },
  };
}

async function write(
  path: string,
  taken: readonly FoundTensor[],
  prefix: string,
  source: TensorFile,
): Promise<void> {
  const tensors = taken.map(({ name, type, shape }) => ({ name: name.slice(prefix.length), type, shape }));
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'wx');
    try {
      await file.appendFile(encodeHeader(tensors, { format: 'pt' }));
      for (const { name } of taken) await file.appendFile(await source.read(name));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof WsiError ? error : storageError(path, error);
  }
}

/** What is wrong with the numbers is said of the file that they come from. */
async function readBack(path: string, encoder: EncoderName, input: string): Promise<EncoderWeights> {
  const bytes = await openWeights(path);
  try {
    return await readEncoderWeights({ ...reading(bytes), where: input }, encoder);
  } finally {
    await bytes.close();
  }
}

function reading(bytes: WeightsBytes): WeightsBytes {
  const { where, size } = bytes;
  return {
    where,
    size,
    read: (position, length) => bytes.read(position, length),
    close: () => bytes.close(),
  };
}

function oldFormat(where: string): WsiError {
  return new WsiError('WeightsInvalid', publicText`this is PyTorch's old format, from before version 1.6`, {
    where,
    remedy: publicText`Save it again in Python: torch.save(torch.load(FILE, map_location='cpu', weights_only=True), FILE).`,
  });
}
