/** Which file has a slide's annotations, and what is in it. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { readBoundedFile, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { isS3Address, parseS3Address } from '../s3/address.ts';
import { defaultStore, LARGEST_WHOLE, type S3Store } from '../s3/store.ts';
import { identifySlide } from '../slide-identity.ts';
import type { AreaChoice } from './areas.ts';
import { parseAnnotations, type Annotations } from './geojson.ts';
import type { OriginChoice } from './origin.ts';

export interface AnnotationOptions extends AreaChoice, OriginChoice {
  /** Directory, or `s3://BUCKET/PREFIX`, with one file a slide. */
  readonly directory: string;
  /** What follows for a slide that has no file: the run fails (the default), or its tissue is taken as it was found. */
  readonly missing?: 'fail' | 'detect' | undefined;
}

export interface AnnotationFile extends Annotations {
  readonly path: string;
  /** Of the file's bytes. */
  readonly sha256: string;
}

/** Areas that people drew have kilobytes; the text is held in memory, and parsed there. */
const MOST_BYTES = 2 ** 28;
const ENDINGS = ['.geojson', '.json'] as const;

/** The candidate paths: the slide's file name with and without its own ending. */
export function annotationPaths(slide: string, directory: string): string[] {
  const name = slide.slice(slide.replaceAll('\\', '/').lastIndexOf('/') + 1);
  const bare = name.replace(/(\.ome)?\.[^.]+$/i, '');
  const place = (file: string): string =>
    isS3Address(directory) ? `${directory.replace(/\/+$/, '')}/${file}` : join(directory, file);
  return [...new Set([bare, name])].flatMap((stem) => ENDINGS.map((ending) => place(`${stem}${ending}`)));
}

/**
 * The file of a slide, or undefined when there is none and that is allowed.
 * @throws WsiError NotFound without a file, InvalidArgument with two of them
 */
export async function findAnnotations(
  slide: string,
  { directory, missing = 'fail' }: AnnotationOptions,
  store?: S3Store,
): Promise<string | undefined> {
  const paths = annotationPaths(slide, directory);
  const exist = await Promise.all(paths.map((path) => exists(path, store)));
  const found = paths.filter((_, at) => exist[at]!);
  if (found.length > 1) {
    throw new WsiError(
      'InvalidArgument',
      `The slide has ${found.length} files of annotations: ${found.join(', ')}.`,
      {
        where: slide,
        remedy: 'Leave one of them in the directory.',
      },
    );
  }
  if (found.length === 1) return found[0]!;
  if (missing === 'detect') return undefined;
  throw new WsiError(
    'NotFound',
    `The slide has no annotations: none of ${paths.map((path) => posix.basename(path)).join(', ')} is in ${directory}.`,
    {
      where: slide,
      remedy: 'Add the file, or set patches.tissue.annotations.missing to detect.',
    },
  );
}

/** Identifies the version of a slide's annotation file; cheap. */
export async function identifyAnnotations(
  slide: string,
  options: AnnotationOptions,
  store?: S3Store,
): Promise<string> {
  const path = await findAnnotations(slide, options, store);
  if (path === undefined) return 'none';
  const { bytes, version } = await identifySlide(path, store);
  return `${path} ${bytes} ${version}`;
}

export async function readAnnotations(
  slide: string,
  options: AnnotationOptions,
  store?: S3Store,
): Promise<AnnotationFile | undefined> {
  const path = await findAnnotations(slide, options, store);
  if (path === undefined) return undefined;
  await requireSize(path, store);
  const bytes = await bytesOf(path, store ?? defaultStore());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...parseAnnotations(new TextDecoder().decode(bytes), path), path, sha256 };
}

async function requireSize(path: string, store?: S3Store): Promise<void> {
  const { bytes } = await identifySlide(path, store);
  if (bytes <= MOST_BYTES) return;
  throw new WsiError(
    'InvalidArgument',
    `The annotations have ${Math.round(bytes / 2 ** 20)} MiB, and ${MOST_BYTES / 2 ** 20} MiB are the most.`,
    { where: path, remedy: 'Export the annotations alone, without cells and other detections.' },
  );
}

async function bytesOf(path: string, store: S3Store): Promise<Uint8Array> {
  if (isS3Address(path)) {
    return (await store.read(parseS3Address(path), undefined, { what: 'annotations' })).data;
  }
  return readBoundedFile(path, LARGEST_WHOLE).catch((error: unknown) => {
    if (error instanceof WsiError) throw error;
    throw new WsiError('InvalidArgument', 'The annotations cannot be read.', {
      where: path,
      remedy: 'Let this user read the file.',
      cause: error,
    });
  });
}

async function exists(path: string, store: S3Store = defaultStore()): Promise<boolean> {
  if (!isS3Address(path)) {
    return stat(path).then(
      (status) => status.isFile(),
      (error: unknown) => {
        const code = systemErrorCode(error);
        if (code === 'ENOENT' || code === 'ENOTDIR') return false;
        throw error;
      },
    );
  }
  return store.read(parseS3Address(path), { start: 0, end: 1 }, { what: 'annotations' }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof WsiError && error.code === 'NotFound') return false;
      throw error;
    },
  );
}
