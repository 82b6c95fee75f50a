/** Layers that are large and seldom change, kept in the user's cache: `<cache>/images/layers/<key>/layer.tar.zst`. */
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, digest, publishDirectory } from '@wsi-operator/setup/shared-cache';
import type { LayerContent } from './contents.ts';
import { writeLayer, type Layer, type LayerFile } from './oci-archive.ts';
import type { TarEntry } from './tar.ts';

const UNUSED_MILLISECONDS = 7 * 86_400_000;
/** Part of every key: counts up when the same entries become other bytes, so that a cached layer is never an older one's. */
const ARCHIVE_FORMAT = 2;

/** The layer's archive: from the cache where it may be, else written into the folder. */
export async function layerOf(content: LayerContent, folder: string): Promise<Layer> {
  const described = { description: `wsi-operator: ${content.name}` };
  if (!content.kept) {
    const file = join(folder, `${content.name}.tar.zst`);
    return { file, ...described, ...(await writeLayer(file, content.entries)) };
  }
  const section = join(cacheDirectory(), 'images', 'layers');
  const target = join(section, `${content.name}-${layerKey(content.entries)}`);
  await publishDirectory(target, async (directory) => {
    const written = await writeLayer(join(directory, 'layer.tar.zst'), content.entries);
    writeFileSync(join(directory, 'layer.json'), JSON.stringify(written));
  });
  const now = new Date();
  utimesSync(target, now, now);
  removeUnused(section, now.getTime());
  const written = JSON.parse(readFileSync(join(target, 'layer.json'), 'utf8')) as LayerFile;
  return { file: join(target, 'layer.tar.zst'), ...described, ...written };
}

function layerKey(entries: readonly TarEntry[]): string {
  return digest(String(ARCHIVE_FORMAT), ...entries.map(identity)).slice(0, 16);
}

/** Identifies an entry without reading it: files by size and times, as make does. */
function identity({ path, mode, content }: TarEntry): string {
  const parts: unknown[] = [path, mode, content.kind];
  if (content.kind === 'link') parts.push(content.target);
  if (content.kind === 'bytes') parts.push(digest(content.bytes));
  if (content.kind === 'file') {
    const { size, mtimeMs, ctimeMs } = lstatSync(content.from);
    parts.push(content.from, size, mtimeMs, ctimeMs);
  }
  return JSON.stringify(parts);
}

function removeUnused(section: string, now: number): void {
  for (const name of readdirSync(section)) {
    const entry = join(section, name);
    const usedAt = existsSync(entry) ? statSync(entry).mtimeMs : now;
    if (now - usedAt > UNUSED_MILLISECONDS) rmSync(entry, { recursive: true, force: true });
  }
}
