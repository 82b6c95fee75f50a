/** OpenSlide's properties of a TIFF, as far as OpenSlide itself takes them from the file's tags. */
import { TAG } from './directories.ts';
import type { TiffLayout } from './layout.ts';
import { slideLevels } from './tiff-source.ts';

const APERIO = 'Aperio';

export async function tiffProperties(layout: TiffLayout): Promise<Record<string, string>> {
  const { main } = layout;
  const properties: Record<string, string> = {};
  const set = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') properties[name] = String(value);
  };
  const description = await main.text(TAG.imageDescription);
  const aperio = description?.startsWith(APERIO) === true;
  set('openslide.vendor', aperio ? 'aperio' : layout.subDirectories ? 'tiff' : 'generic-tiff');
  set('openslide.comment', description);
  set('tiff.ImageDescription', description);
  set('tiff.Make', await main.text(TAG.make));
  set('tiff.Model', await main.text(TAG.model));
  set('tiff.Software', await main.text(TAG.software));
  const levels = slideLevels(layout);
  set('openslide.level-count', levels.length);
  for (const [index, { width, height, downsample }] of levels.entries()) {
    set(`openslide.level[${index}].width`, width);
    set(`openslide.level[${index}].height`, height);
    set(`openslide.level[${index}].downsample`, downsample);
    set(`openslide.level[${index}].tile-width`, layout.levels[index]!.tileWidth);
    set(`openslide.level[${index}].tile-height`, layout.levels[index]!.tileHeight);
  }
  const unit = await main.number(TAG.resolutionUnit, 2);
  set('tiff.ResolutionUnit', ['none', 'inch', 'centimeter'][unit - 1]);
  const resolution = { x: await main.number(TAG.xResolution, 0), y: await main.number(TAG.yResolution, 0) };
  for (const [axis, perUnit] of Object.entries(resolution)) {
    if (!(perUnit > 0 && Number.isFinite(perUnit))) continue;
    set(`tiff.${axis.toUpperCase()}Resolution`, perUnit);
    if (!aperio && unit === 3) set(`openslide.mpp-${axis}`, 10_000 / perUnit);
    if (!aperio && unit === 2) set(`openslide.mpp-${axis}`, 25_400 / perUnit);
  }
  if (aperio) addAperio(description, set);
  return properties;
}

/** "Aperio Image Library ...|AppMag = 20|MPP = 0.4990|..." */
function addAperio(description: string, set: (name: string, value: string | undefined) => void): void {
  const found = new Map<string, string>();
  for (const part of description.split('|').slice(1)) {
    const at = part.indexOf('=');
    if (at > 0) found.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  for (const [name, value] of found) set(`aperio.${name}`, value);
  const mpp = asNumber(found.get('MPP'));
  set('openslide.mpp-x', mpp);
  set('openslide.mpp-y', mpp);
  set('openslide.objective-power', asNumber(found.get('AppMag')));
}

function asNumber(text: string | undefined): string | undefined {
  const value = Number(text);
  return text !== undefined && text !== '' && Number.isFinite(value) ? String(value) : undefined;
}
