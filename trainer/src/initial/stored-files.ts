/** Files of weights and checkpoints, on a disk or in S3: one version of each, read in parts. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openWeights, type WeightsBytes } from '@wsi-operator/engine';
import { publicText, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { formatS3Address, isS3Address, parseS3Address, type S3Store } from '@wsi-operator/slides';

/** @throws WsiError that names the file and the remedy */
export async function openStored(path: string, store: S3Store): Promise<WeightsBytes> {
  if (!isS3Address(path)) return openWeights(path);
  const address = parseS3Address(path);
  const { bytes: size, etag } = await store.identify(address);
  return {
    where: path,
    size,
    read: async (position, length) => {
      if (length === 0) return new Uint8Array();
      const { data } = await store.read(address, { start: position, end: position + length }, { etag });
      if (data.length !== length) {
        throw new WsiError('WeightsInvalid', publicText`the object became shorter while it was read`, {
          where: path,
          remedy: publicText`Wait until it is completely written, then start again.`,
        });
      }
      return data;
    },
    close: () => Promise.resolve(),
  };
}

/** Names of what is in a directory or below a prefix, without what is further down; none if it is not there. */
export async function namesIn(path: string, store: S3Store): Promise<string[]> {
  if (!isS3Address(path)) {
    return readdir(path).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return [];
      throw new WsiError('StorageFailed', `the directory cannot be read (${systemErrorCode(error) ?? ''})`, {
        where: path,
        cause: error,
      });
    });
  }
  const address = parseS3Address(joined(path, ''));
  const names = new Set<string>();
  for await (const { key } of store.list(address)) {
    const [name = ''] = key.slice(address.key.length).split('/');
    if (name !== '') names.add(name);
  }
  return [...names];
}

/** The path of something in a directory or below a prefix. */
export function joined(path: string, name: string): string {
  if (!isS3Address(path)) return join(path, name);
  const { bucket, key } = parseS3Address(path);
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
  return formatS3Address({ bucket, key: prefix + name });
}
