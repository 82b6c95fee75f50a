/** OME-XML, as far as it says which pages of a TIFF are the slide, and how large a pixel is. */
import { micrometresFrom, objectivePowerFrom } from './number-text.ts';

export interface OmeImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Planes of focus, and points in time. */
  readonly planes: number;
  /** Samples of the first channel: 3 for colour. */
  readonly samples: number | undefined;
  /** How many bits of a sample are used. */
  readonly significantBits: number | undefined;
  /** Micrometres a pixel; undefined where it is not said, or is in a unit that is no length. */
  readonly mppX: number | undefined;
  readonly mppY: number | undefined;
  readonly objectivePower: number | undefined;
  /** The page (of the main chain) with the first plane; undefined when the text does not say. */
  readonly page: number | undefined;
  /** Its pixels are in another file. */
  readonly elsewhere: string | undefined;
}

type Attributes = Readonly<Record<string, string>>;

export function isOme(description: string | undefined): description is string {
  return description !== undefined && /<(?:\w+:)?OME[\s>]/u.test(description.slice(0, 4096));
}

/** The images in the order of the text, which is that of their series. */
export function omeImages(xml: string): OmeImage[] {
  const images: OmeImage[] = [];
  const objectives = new Map<string, number | undefined>();
  let image: Attributes | undefined;
  let objective: string | undefined;
  let pixels: Attributes | undefined;
  let samples: string | undefined;
  let page: number | undefined;
  let elsewhere: string | undefined;
  const finish = (): void => {
    if (pixels !== undefined) {
      const power = objective === undefined ? undefined : objectives.get(objective);
      images.push({
        ...imageOf(image ?? {}, pixels),
        samples: count(samples),
        objectivePower: power,
        page,
        elsewhere,
      });
    }
    image = objective = pixels = samples = page = elsewhere = undefined;
  };
  for (const { name, attributes } of startTags(xml)) {
    if (name === 'Objective') {
      const { ID = '', NominalMagnification, CalibratedMagnification } = attributes;
      objectives.set(ID, objectivePowerFrom(NominalMagnification ?? CalibratedMagnification));
    } else if (name === 'Image') {
      finish();
      image = attributes;
    } else if (name === 'ObjectiveSettings') objective = attributes['ID'];
    else if (name === 'Pixels') pixels = attributes;
    else if (name === 'Channel') samples ??= attributes['SamplesPerPixel'] ?? '1';
    else if (name === 'TiffData' && page === undefined) page = firstPage(attributes);
    else if (name === 'UUID') elsewhere ??= attributes['FileName'];
  }
  finish();
  return images;
}

function firstPage({ IFD = '0', FirstZ = '0', FirstC = '0', FirstT = '0' }: Attributes): number | undefined {
  const first = [FirstZ, FirstC, FirstT].every((value) => Number(value) === 0);
  return first ? count(IFD) : undefined;
}

function imageOf(
  image: Attributes,
  pixels: Attributes,
): Omit<OmeImage, 'samples' | 'objectivePower' | 'page' | 'elsewhere'> {
  const { PhysicalSizeX, PhysicalSizeXUnit, PhysicalSizeY, PhysicalSizeYUnit } = pixels;
  return {
    name: image['Name'] ?? '',
    width: count(pixels['SizeX']) ?? 0,
    height: count(pixels['SizeY']) ?? 0,
    channels: count(pixels['SizeC']) ?? 1,
    planes: (count(pixels['SizeZ']) ?? 1) * (count(pixels['SizeT']) ?? 1),
    significantBits: count(pixels['SignificantBits']),
    mppX: micrometresFrom(PhysicalSizeX, PhysicalSizeXUnit),
    mppY: micrometresFrom(PhysicalSizeY, PhysicalSizeYUnit),
  };
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/u.test(text.trim()) ? Number(text) : undefined;
}

/**
 * Start tags in order, without their prefixes; comments and CDATA are passed over. One that is never closed takes the
 * rest of the text: searched for again at every other one, its end would take hours.
 */
function* startTags(xml: string): Generator<{ readonly name: string; readonly attributes: Attributes }> {
  const tags =
    /<!--[\s\S]*?(?:-->|$)|<!\[CDATA\[[\s\S]*?(?:\]\]>|$)|<(?:\w+:)?(\w+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*\/?>/gu;
  for (const [, name, text = ''] of xml.matchAll(tags)) {
    if (name === undefined) continue;
    const attributes: Record<string, string> = {};
    for (const [, key, double, single] of text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/gu)) {
      attributes[key!] = unescaped(double ?? single ?? '');
    }
    yield { name, attributes };
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/giu,
    (whole, hex, decimal, name: string | undefined) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
