/** The slides of a cohort in S3: what lies below a prefix, by one listing. */
import { posix } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import {
  formatS3Address,
  isS3Address,
  parseS3Address,
  type ObjectIdentity,
  type S3Address,
  type S3Store,
} from '@wsi-operator/slides';
import { SMALLEST_SLIDE } from './file-copies.ts';
import type { SlideAcceptance } from './slide-directory.ts';
import { quoted } from './spelling/characters.ts';
import { didYouMean } from './spelling/nearest.ts';
import type { SlideLookup, SlideOracle } from './table-fields.ts';

export interface SlidePrefix {
  /** Knows what is below the prefix, and what was requested outside of it. */
  readonly oracle: SlideOracle;
  /** Looks for the slides outside of the prefix that the oracle was asked for; whether there were any. */
  lookOutside(): Promise<boolean>;
}

/** An object, or why there is none. */
type Known = ObjectIdentity | string;

/** @throws WsiError `NotFound` when there is nothing below the prefix, and what {@link S3Store.list} throws */
export async function slidePrefix(
  { bucket, key }: S3Address,
  store: S3Store,
  accept: SlideAcceptance = { empty: false },
): Promise<SlidePrefix> {
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
  const where = formatS3Address({ bucket, key: prefix });
  /** By key. */
  const inside = new Map<string, ObjectIdentity>();
  for await (const object of store.list({ bucket, key: prefix })) {
    if (!object.key.endsWith('/')) inside.set(object.key, object);
  }
  if (inside.size === 0) {
    throw new WsiError('NotFound', 'there are no slides below this prefix.', {
      where,
      remedy: "Correct the cohort's `slides`: case matters.",
    });
  }
  /** By address; those that have been asked for, and not yet requested, are undefined. */
  const outside = new Map<string, Known | undefined>();
  const names = namesByDirectory(inside.keys());
  /** The first object that was asked for of each content. */
  const firsts = new Map<string, string>();

  const oracle = (name: string): SlideLookup => {
    const missing = (problem: string): SlideLookup => ({
      found: false,
      reason: `the slide ${quoted(name)} ${problem}`,
    });
    const address = isS3Address(name) ? name : formatS3Address({ bucket, key: posix.join(prefix, name) });
    if (!address.startsWith(where)) {
      const known = outside.get(address);
      if (known === undefined) outside.set(address, undefined);
      if (typeof known === 'object') return found(address, known, { accept, missing, firsts });
      return missing(known ?? `lies outside of ${where}`);
    }
    const folder = address.slice(where.length - prefix.length);
    const object = inside.get(folder);
    if (object !== undefined) return found(address, object, { accept, missing, firsts });
    if (names.has(`${folder.replace(/\/$/, '')}/`))
      return missing("is a directory; name the slide's file in it");
    const parent = folder.slice(0, folder.lastIndexOf('/') + 1);
    const hint = didYouMean(posix.basename(folder), names.get(parent) ?? []);
    return missing(`does not exist in ${formatS3Address({ bucket, key: parent })}${hint}`);
  };

  const lookOutside = async (): Promise<boolean> => {
    const wanted = [...outside].filter(([, known]) => known === undefined).map(([address]) => address);
    await Promise.all(wanted.map(async (address) => outside.set(address, await lookUp(address, store))));
    return wanted.length > 0;
  };
  return { oracle, lookOutside };
}

interface Finding {
  readonly accept: SlideAcceptance;
  readonly missing: (problem: string) => SlideLookup;
  readonly firsts: Map<string, string>;
}

function found(
  address: string,
  { bytes, etag }: ObjectIdentity,
  { accept, missing, firsts }: Finding,
): SlideLookup {
  if (bytes === 0 && !accept.empty) return missing('is an empty object (0 bytes); upload it again');
  const content = bytes < SMALLEST_SLIDE ? address : `${bytes} ${etag}`;
  const first = firsts.get(content) ?? address;
  firsts.set(content, first);
  return { found: true, path: address, identity: address, copyOf: first === address ? undefined : first };
}

async function lookUp(address: string, store: S3Store): Promise<Known> {
  try {
    return await store.identify(parseS3Address(address));
  } catch (error) {
    const { code, message, retryable } = WsiError.from(error);
    // A store that does not answer says nothing about the slide.
    if (retryable || code === 'Unavailable') throw error;
    return `cannot be used: ${message}`;
  }
}

/** Names of the objects and directories in each directory (with a slash at its end). */
function namesByDirectory(keys: Iterable<string>): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const key of keys) {
    const end = key.lastIndexOf('/') + 1;
    const directory = key.slice(0, end);
    const known = names.get(directory);
    if (known === undefined) names.set(directory, [key.slice(end)]);
    else known.push(key.slice(end));
  }
  return names;
}
