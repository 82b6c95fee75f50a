/** OpenSlide's properties of a TIFF, as far as OpenSlide itself takes them from the file's tags; and its resolution. */
import { micrometresFrom, micrometresIn } from '../../metadata/number-text.ts';
import type { MppClaim } from '../../metadata/resolution-claims.ts';
import type { OmeImage } from '../../metadata/ome.ts';
import { TAG } from './directories.ts';
import type { ReadableLayout } from './layout.ts';
import { aperioFields, aperioPower, isAperio, UNIT_MICROMETRES, type TiffPicture } from './picture.ts';

export async function tiffProperties(
  layout: ReadableLayout,
  base: TiffPicture,
): Promise<Record<string, string>> {
  const { main, levels } = layout;
  const properties: Record<string, string> = {};
  const set = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') properties[name] = String(value);
  };
  const { description, resolution } = base;
  const aperio = isAperio(description);
  set('openslide.vendor', aperio ? 'aperio' : layout.subDirectories ? 'tiff' : 'generic-tiff');
  set('openslide.comment', description);
  set('tiff.ImageDescription', description);
  set('tiff.Make', await main.text(TAG.make));
  set('tiff.Model', await main.text(TAG.model));
  set('tiff.Software', await main.text(TAG.software));
  set('openslide.level-count', levels.length);
  for (const [index, { width, height, downsample, tileWidth, tileHeight }] of levels.entries()) {
    set(`openslide.level[${index}].width`, width);
    set(`openslide.level[${index}].height`, height);
    set(`openslide.level[${index}].downsample`, downsample);
    set(`openslide.level[${index}].tile-width`, tileWidth);
    set(`openslide.level[${index}].tile-height`, tileHeight);
  }
  set('tiff.ResolutionUnit', resolution.unit);
  for (const axis of ['x', 'y'] as const) {
    const perUnit = resolution[axis];
    set(`tiff.${axis.toUpperCase()}Resolution`, perUnit);
    const unit = UNIT_MICROMETRES[resolution.unit];
    if (!aperio && perUnit !== undefined && unit !== undefined) set(`openslide.mpp-${axis}`, unit / perUnit);
  }
  if (aperio) addAperio(description, set);
  return properties;
}

function addAperio(
  description: string,
  set: (name: string, value: string | number | undefined) => void,
): void {
  const fields = aperioFields(description);
  for (const [name, value] of fields) set(`aperio.${name}`, value);
  const mpp = micrometresFrom(fields.get('MPP'));
  set('openslide.mpp-x', mpp);
  set('openslide.mpp-y', mpp);
  set('openslide.objective-power', aperioPower(fields));
}

/** What a TIFF says of its resolution, what its format defines first. */
export function tiffClaims(base: TiffPicture, series: OmeImage | undefined): MppClaim[] {
  const claims: MppClaim[] = [];
  const { description, resolution } = base;
  if (series !== undefined) {
    claims.push({ source: 'OME-XML (PhysicalSizeX, PhysicalSizeY)', x: series.mppX, y: series.mppY });
  }
  if (isAperio(description)) {
    const mpp = micrometresFrom(aperioFields(description).get('MPP'));
    claims.push({ source: 'Aperio (MPP)', x: mpp, y: mpp });
  }
  const imageJ = imageJUnit(description);
  const unit = imageJ ?? UNIT_MICROMETRES[resolution.unit];
  if (unit !== undefined) {
    const per = (value: number | undefined): number | undefined =>
      value === undefined ? undefined : unit / value;
    claims.push({
      source: sourceOfTags(base, imageJ !== undefined),
      x: per(resolution.x),
      y: per(resolution.y),
    });
  }
  return claims;
}

function sourceOfTags({ resolution }: TiffPicture, imageJ: boolean): string {
  const { x = 'none', y = 'none', unit } = resolution;
  const number = (value: number | 'none'): string =>
    value === 'none' ? value : String(Number(value.toPrecision(6)));
  const per = imageJ ? "per unit of ImageJ's description" : `per ${unit}`;
  return `XResolution and YResolution (${number(x)} x ${number(y)} ${per})`;
}

/** Micrometres in the unit that ImageJ writes into the description; its tag for the unit says "none". */
function imageJUnit(description: string | undefined): number | undefined {
  if (description?.startsWith('ImageJ=') !== true) return undefined;
  const unit = /^unit=(.*)$/mu.exec(description)?.[1]?.replaceAll(/\\u00b5/giu, 'µ');
  return unit === undefined ? undefined : micrometresIn(unit);
}

export function tiffPower(base: TiffPicture, series: OmeImage | undefined): number | undefined {
  if (isAperio(base.description)) return aperioPower(aperioFields(base.description));
  return series?.objectivePower;
}
