/**
 * Local copies of slides in formats that only OpenSlide reads, which cannot read from S3. They are shared by the
 * processes of a machine, named by what is in them, and bounded: those that nobody has used for a while go first.
 */
import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readdir, rename, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type Logger, mapLimited, systemErrorCode } from '@wsi-operator/foundation';
import { formatS3Address, type S3Address } from './address.ts';
import { cacheDirectory, cacheStorageError, noRoom } from './cache-directory.ts';
import type { ListedObject, S3Store } from './store.ts';

export interface LocalCopy {
  /** The file that OpenSlide is given. */
  readonly path: string;
  /** It is not read any more, and may be removed when there is no room. */
  readonly release: () => Promise<void>;
}

/** Parts of an object that are read at a time. */
const PARTS_AT_ONCE = 4;
const PART_BYTES = 2 ** 23;
/** Left free for others. */
const RESERVE_BYTES = 2 ** 26;
/** Who uses a copy has a file here that says which, and renews it so often; one that is older is of a dead process. */
const USERS = 'users';
const RENEWAL_MILLISECONDS = 60_000;
const STALE_MILLISECONDS = 10 * RENEWAL_MILLISECONDS;

/** Copies on their way in this process, by their directory. */
const underWay = new Map<string, Promise<void>>();

/**
 * A copy of the object, and of those beside it that belong to the slide: all files of its MIRAX directory, or of the
 * directory of a DICOM or VMS slide.
 * @throws WsiError `StorageFailed` when there is no room, `SlideUnreadable` when the object was replaced
 */
export async function localCopy(
  store: S3Store,
  address: S3Address,
  object: { readonly bytes: number; readonly etag: string },
  logger: Pick<Logger, 'info'> | undefined,
): Promise<LocalCopy> {
  const directory = await cacheDirectory();
  const objects = await membersOf(store, address, object);
  const digest = createHash('sha256').update(address.bucket);
  for (const { key, bytes, etag } of objects) digest.update(`\n${key}\n${bytes}\n${etag}`);
  const folder = join(directory, `slide-${digest.digest('hex').slice(0, 32)}`);
  const user = await announceUser(directory, folder);
  const making = underWay.get(folder) ?? makeCopy(store, { address, objects, folder, directory, logger });
  underWay.set(folder, making);
  try {
    await making;
    return { path: join(folder, basename(address.key)), release: () => user.leave() };
  } catch (error) {
    await user.leave();
    throw error;
  } finally {
    underWay.delete(folder);
  }
}

/** From now on nobody removes the copy, be it there or on its way. */
async function announceUser(directory: string, folder: string): Promise<{ leave(): Promise<void> }> {
  const marker = join(directory, USERS, `${basename(folder)}.${randomUUID()}`);
  try {
    await mkdir(dirname(marker), { recursive: true });
    await writeFile(marker, '');
  } catch (error) {
    throw cacheStorageError(directory, error);
  }
  const renewal = setInterval(() => void writeFile(marker, '').catch(() => undefined), RENEWAL_MILLISECONDS);
  renewal.unref();
  return {
    leave: async () => {
      clearInterval(renewal);
      // The order of removal is that of last use.
      await utimes(folder, new Date(), new Date()).catch(() => undefined);
      await rm(marker, { force: true });
    },
  };
}

/** The objects that OpenSlide opens when it is given the first. */
async function membersOf(
  store: S3Store,
  address: S3Address,
  object: { readonly bytes: number; readonly etag: string },
): Promise<ListedObject[]> {
  const own = { key: address.key, ...object };
  const extension = extname(address.key).toLowerCase();
  const stem = address.key.slice(0, address.key.length - extension.length);
  const folder = folderOf(address.key);
  const prefix =
    extension === '.mrxs' ? `${stem}/` : ['.dcm', '.vms', '.vmu'].includes(extension) ? folder : undefined;
  const members: ListedObject[] = [own];
  if (prefix === undefined) return members;
  for await (const other of store.list({ bucket: address.bucket, key: prefix })) {
    const inside = extension === '.mrxs' || !other.key.slice(prefix.length).includes('/');
    // A key may be any text: none may lead out of the copy's directory.
    const plain = other.key.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    if (inside && plain && other.key !== own.key) members.push(other);
  }
  return members;
}

/** Empty, or with a slash at its end. */
function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

interface CopyPlan {
  readonly address: S3Address;
  readonly objects: readonly ListedObject[];
  readonly folder: string;
  readonly directory: string;
  readonly logger: Pick<Logger, 'info'> | undefined;
}

async function makeCopy(store: S3Store, plan: CopyPlan): Promise<void> {
  const { address, objects, folder, directory, logger } = plan;
  if (await isCopy(folder)) return;
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  await makeRoom(directory, bytes);
  logger?.info(
    { slide: formatS3Address(address), files: objects.length, bytes, directory },
    'copying a slide from S3, because its format cannot be read there',
  );
  const temporary = `${folder}.${randomUUID()}.tmp`;
  try {
    for (const object of objects) {
      const place = join(temporary, object.key.slice(folderOf(address.key).length));
      await mkdir(dirname(place), { recursive: true });
      await download(store, { bucket: address.bucket, key: object.key }, { object, place });
    }
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process was faster.
    if (['ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '') && (await isCopy(folder))) return;
    throw cacheStorageError(directory, error);
  }
}

async function download(
  store: S3Store,
  address: S3Address,
  { object, place }: { object: ListedObject; place: string },
): Promise<void> {
  const file = await open(place, 'wx');
  try {
    const parts = Array.from(
      { length: Math.ceil(object.bytes / PART_BYTES) },
      (_, index) => index * PART_BYTES,
    );
    await mapLimited(parts, PARTS_AT_ONCE, async (start) => {
      const range = { start, end: Math.min(start + PART_BYTES, object.bytes) };
      const { data } = await store.read(address, range, { etag: object.etag });
      await file.write(data, 0, data.length, start);
    });
  } finally {
    await file.close();
  }
}

/** Removes copies that nobody uses, the longest unused first, until there is room. */
async function makeRoom(directory: string, needed: number): Promise<void> {
  const wanted = needed + RESERVE_BYTES;
  let free = await freeBytes(directory);
  if (free >= wanted) return;
  const inUse = await usedCopies(directory);
  for (const { folder } of await copiesIn(directory)) {
    // Those on their way have longer names.
    if (inUse.has(basename(folder).split('.')[0]!)) continue;
    await rm(folder, { recursive: true, force: true });
    free = await freeBytes(directory);
    if (free >= wanted) return;
  }
  throw noRoom(directory, needed, Math.max(0, free - RESERVE_BYTES));
}

/** What may still be written: the disk's room, or what is left of WSI_CACHE_BYTES. */
async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  const limit = Number(process.env['WSI_CACHE_BYTES'] ?? '');
  if (!Number.isFinite(limit) || limit <= 0) return bavail * bsize;
  let used = 0;
  for (const { folder } of await copiesIn(directory)) used += await bytesIn(folder);
  return Math.min(bavail * bsize, limit + RESERVE_BYTES - used);
}

async function copiesIn(directory: string): Promise<{ folder: string; used: number }[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.startsWith('slide-'));
  const copies = await Promise.all(
    names.map(async (name) => {
      const folder = join(directory, name);
      const status = await stat(folder).catch(() => undefined);
      return status === undefined ? [] : [{ folder, used: status.mtimeMs }];
    }),
  );
  return copies.flat().sort((a, b) => a.used - b.used);
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let sum = 0;
  for (const entry of entries) {
    if (entry.isFile())
      sum += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return sum;
}

/** Names of the copies that living processes use. */
async function usedCopies(directory: string): Promise<Set<string>> {
  const users = join(directory, USERS);
  const used = new Set<string>();
  for (const name of await readdir(users).catch(() => [])) {
    const renewed = (await stat(join(users, name)).catch(() => undefined))?.mtimeMs ?? 0;
    if (Date.now() - renewed < STALE_MILLISECONDS) used.add(name.split('.')[0]!);
    else await rm(join(users, name), { force: true });
  }
  return used;
}

/** A directory, and no link to one. */
async function isCopy(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}
