/**
 * Where a run with a frozen encoder keeps the features of its slides: in its output directory, where processes of other machines
 * reach it as well, or else each process in a directory of its own, which goes with it.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { sha256, storageError, systemErrorCode, writeFileAtomically } from '@wsi-operator/foundation';

/** What a process needs to find the store of a run; as JSON in its welcome. */
export interface FeatureStorePlace {
  readonly directory: string;
  /** What the store's mark says: a directory of this path on another machine is another one. */
  readonly mark: string;
  /** Whether slides are told apart by their directories or endings only, so that the name of a slide is not enough. */
  readonly alike: boolean;
}

const MARK = '.wsi-features';
/** Also where another user's directory is in the way of the path. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EACCES'];
/** Beginning of the name of a directory for features that do not stay. */
const OWN = 'wsi-frozen-';

/** Makes the store in the output of a run, or finds it. @throws WsiError `StorageFailed` */
export async function makeFeatureStore(
  output: string,
  slides: readonly string[],
): Promise<FeatureStorePlace> {
  const directory = join(output, 'features');
  const file = join(directory, MARK);
  try {
    await mkdir(directory, { recursive: true });
    let mark = await readMark(file);
    if (mark === '') {
      mark = randomBytes(16).toString('hex');
      await writeFileAtomically(file, mark);
    }
    const names = slides.map((slide) => stemOf(slide).normalize('NFC').toLowerCase());
    return { directory, mark, alike: new Set(names).size < names.length };
  } catch (error) {
    throw storageError(file, error);
  }
}

/** A store of the processes of one command, which ends with it. */
export class TemporaryFeatureStore {
  readonly place: FeatureStorePlace;

  /** @throws WsiError `StorageFailed` */
  static async make(): Promise<TemporaryFeatureStore> {
    const own = join(tmpdir(), OWN);
    const directory = await mkdtemp(own).catch((error: unknown) => {
      throw storageError(own, error);
    });
    const place = await makeFeatureStore(directory, []);
    // Slides come one after the other: which of them are alike is not known.
    return new TemporaryFeatureStore({ ...place, alike: true });
  }

  private constructor(place: FeatureStorePlace) {
    this.place = place;
  }

  /** Nobody needs the features of these slides any more; they are made again for who does. */
  async remove(slides: readonly string[]): Promise<void> {
    await Promise.all(slides.map((slide) => rm(fileOf(this.place, slide), { force: true })));
  }

  /** Also while processes that were ended may still write. */
  async close(): Promise<void> {
    await rm(dirname(this.place.directory), { recursive: true, force: true, maxRetries: 10 });
  }
}

/** The directory that this process reads and writes. */
export class OpenFeatureStore {
  readonly #directory: string;
  readonly #alike: boolean;
  /** Whether others use it, too, and it stays. */
  readonly shared: boolean;

  /** @param place absent where there is no run that keeps any @throws WsiError `StorageFailed` */
  static async open(place?: FeatureStorePlace): Promise<OpenFeatureStore> {
    if (place !== undefined && (await isReachable(place))) {
      return new OpenFeatureStore(place.directory, place.alike, true);
    }
    const own = join(tmpdir(), OWN);
    try {
      return new OpenFeatureStore(await mkdtemp(own), true, false);
    } catch (error) {
      throw storageError(own, error);
    }
  }

  private constructor(directory: string, alike: boolean, shared: boolean) {
    this.#directory = directory;
    this.#alike = alike;
    this.shared = shared;
  }

  /** The file of a slide, as other programs name it as long as that tells slides apart. */
  fileOf(slide: string): string {
    return fileOf({ directory: this.#directory, alike: this.#alike }, slide);
  }

  async close(): Promise<void> {
    if (!this.shared) await rm(this.#directory, { recursive: true, force: true });
  }
}

async function isReachable({ directory, mark }: FeatureStorePlace): Promise<boolean> {
  if ((await readMark(join(directory, MARK))) !== mark) return false;
  return access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Empty where there is none. @throws WsiError `StorageFailed` when that cannot be known: a store of one's own costs days */
async function readMark(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (ABSENT.includes(systemErrorCode(error) ?? '')) return '';
    throw storageError(file, error);
  }
}

function fileOf({ directory, alike }: Pick<FeatureStorePlace, 'directory' | 'alike'>, slide: string): string {
  const stem = stemOf(slide);
  return join(directory, alike ? `${stem}-${sha256(slide).slice(0, 12)}.h5` : `${stem}.h5`);
}

function stemOf(slide: string): string {
  return basename(slide, extname(slide));
}
