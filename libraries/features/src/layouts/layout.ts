/**
 * The layouts in which features are exchanged, told apart by what is in a file and never by its name (pure).
 *
 * - TRIDENT: `features` [N, D] or [1, N, D]; `coords` [N, 2] in level-0 pixels, with the attribute `patch_size_level0`.
 * - CLAM: the same datasets without that attribute.
 * - STAMP: `feats` [N, D]; `coords` [N, 2] in micrometres; attributes of the file, of which `unit` says so.
 */
import type { FeatureFile, FeatureKey, FeatureLayout } from '../feature-file.ts';

/** An attribute's value: text or one number; anything else is as if it were not there. */
export type Attributes = Readonly<Record<string, string | number>>;

/** The attributes that are read, and of what. */
export const ATTRIBUTES = {
  file: [
    'unit',
    'extractor',
    'tile_size_um',
    'wsi_encoder',
    'wsi_encoder_digest',
    'wsi_patches',
    'wsi_slide_fingerprint',
    'wsi_version',
  ],
  features: ['encoder'],
  coords: ['patch_size_level0', 'level0_width', 'level0_height', 'unit'],
} as const;

export interface FoundAttributes {
  readonly file: Attributes;
  readonly features: Attributes;
  readonly coords: Attributes;
}

type Meaning = Pick<FeatureFile, 'layout' | 'coordinates' | 'width' | 'height' | 'encoder' | 'key'>;

/** What the file means, or why its unit is not known. */
export function meaningOf(
  layout: 'stamp' | 'pixels',
  attributes: FoundAttributes,
): Meaning | { readonly wrongUnit: string | undefined } {
  return layout === 'stamp' ? stamp(attributes) : pixels(attributes);
}

const MICROMETRES = ['um', 'µm', 'μm'];
const PIXELS = ['px', 'pixel', 'pixels'];

function stamp({ file }: FoundAttributes): Meaning | { readonly wrongUnit: string | undefined } {
  const { unit } = file;
  if (typeof unit !== 'string' || !MICROMETRES.includes(unit))
    return { wrongUnit: unit === undefined ? unit : String(unit) };
  return {
    layout: 'stamp',
    coordinates: { unit: 'micrometres', ...positive('tileSide', file['tile_size_um']) },
    ...word('encoder', file['extractor']),
    ...keyOf(file),
  };
}

function pixels({
  file,
  features,
  coords,
}: FoundAttributes): Meaning | { readonly wrongUnit: string | undefined } {
  const unit = coords['unit'] ?? file['unit'];
  if (unit !== undefined && !PIXELS.includes(String(unit))) return { wrongUnit: String(unit) };
  const layout: FeatureLayout = coords['patch_size_level0'] === undefined ? 'clam' : 'trident';
  return {
    layout,
    coordinates: { unit: 'pixels', ...positive('tileSide', coords['patch_size_level0']) },
    ...positive('width', coords['level0_width']),
    ...positive('height', coords['level0_height']),
    ...word('encoder', features['encoder']),
    ...keyOf(file),
  };
}

function positive<Name extends string>(
  name: Name,
  value: string | number | undefined,
): { readonly [N in Name]?: number } {
  const usable = typeof value === 'number' && Number.isFinite(value) && value > 0;
  return (usable ? { [name]: value } : {}) as { readonly [N in Name]?: number };
}

function word<Name extends string>(
  name: Name,
  value: string | number | undefined,
): { readonly [N in Name]?: string } {
  return (typeof value === 'string' && value !== '' ? { [name]: value } : {}) as {
    readonly [N in Name]?: string;
  };
}

function keyOf(file: Attributes): { readonly key?: FeatureKey } {
  const text = (name: (typeof ATTRIBUTES.file)[number]): string | undefined => {
    const value = file[name];
    return typeof value === 'string' ? value : undefined;
  };
  const encoder = text('wsi_encoder');
  const encoderDigest = text('wsi_encoder_digest');
  const patches = text('wsi_patches');
  const slideFingerprint = text('wsi_slide_fingerprint');
  const toolVersion = text('wsi_version');
  const known =
    encoder !== undefined &&
    encoderDigest !== undefined &&
    patches !== undefined &&
    slideFingerprint !== undefined &&
    toolVersion !== undefined;
  return known ? { key: { encoder, encoderDigest, patches, slideFingerprint, toolVersion } } : {};
}
