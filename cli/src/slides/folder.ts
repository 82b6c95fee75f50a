/** The slides in a directory and those below it. */
import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** Of the formats that OpenSlide and the fast path read; of formats of several files, the one that is opened. */
const SLIDE_EXTENSIONS: ReadonlySet<string> = new Set(
  'svs svslide tif tiff btf tf8 ndpi scn mrxs bif vms vmu dcm czi qptiff'
    .split(' ')
    .map((name) => `.${name}`),
);
const DICOM_HEAD_BYTES = 65_536;

export function looksLikeSlide(name: string): boolean {
  // Files that begin with a dot are hidden; macOS leaves `._slide.svs` on disks of others.
  return !name.startsWith('.') && SLIDE_EXTENSIONS.has(extname(name).toLowerCase());
}

export function looksLikeFeatures(name: string): boolean {
  return !name.startsWith('.') && extname(name).toLowerCase() === '.h5';
}

/** Paths in order; of a DICOM slide, whose levels are files of their own, the largest. */
export async function slidesBelow(directory: string, isOne = looksLikeSlide): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter(({ name }) => isOne(name))) {
    const path = join(entry.parentPath, entry.name);
    if (!isHiddenBelow(directory, path) && (await isFile(entry, path))) found.push(path);
  }
  const dicom = found.filter((path) => extname(path).toLowerCase() === '.dcm');
  const others = found.filter((path) => !dicom.includes(path));
  return [...others, ...(await onePerSeries(dicom))].sort(byText);
}

function isHiddenBelow(directory: string, path: string): boolean {
  return path
    .slice(directory.length)
    .split('/')
    .some((part) => part.startsWith('.'));
}

async function isFile(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  // A link that leads nowhere is a slide that is missing: opening it says so.
  return stat(path).then(
    (target) => target.isFile(),
    () => true,
  );
}

async function onePerSeries(paths: readonly string[]): Promise<string[]> {
  const largest = new Map<string, { path: string; bytes: number }>();
  for (const path of [...paths].sort(byText)) {
    const series = await seriesOf(path).catch(() => undefined);
    const bytes = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    const key = series ?? path;
    if (bytes > (largest.get(key)?.bytes ?? -1)) largest.set(key, { path, bytes });
  }
  return [...largest.values()].map(({ path }) => path);
}

/** The SeriesInstanceUID (0020,000E) as whole-slide images have it: explicit VR, little endian. */
async function seriesOf(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(DICOM_HEAD_BYTES), position: 0 });
    const head = buffer.subarray(0, bytesRead);
    const at = head.indexOf(Buffer.from([0x20, 0x00, 0x0e, 0x00, 0x55, 0x49]));
    if (head.toString('latin1', 128, 132) !== 'DICM' || at < 0 || at + 8 > bytesRead) return undefined;
    const end = at + 8 + head.readUInt16LE(at + 6);
    return end > bytesRead ? undefined : head.toString('latin1', at + 8, end).replace(/[\0 ]+$/, '');
  } finally {
    await file.close();
  }
}

/** The same on every machine, unlike the locale's. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
