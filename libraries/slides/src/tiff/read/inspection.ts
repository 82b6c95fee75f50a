/** What the TIFF parser makes of a file that may be one. */
import { WsiError } from '@wsi-operator/foundation';
import type { ByteSource } from './byte-source.ts';
import { TiffDamage } from './damage.ts';
import { readTiff, type TiffFile } from './directories.ts';
import { describeTiff, type TiffDescription } from './layout.ts';

export interface TiffInspection {
  /** Undefined when it is not a TIFF. */
  readonly file?: TiffFile;
  readonly description?: TiffDescription;
  readonly damage?: TiffDamage | WsiError;
}

export async function inspectTiff(bytes: ByteSource): Promise<TiffInspection> {
  let file: TiffFile | undefined;
  try {
    file = await readTiff(bytes);
    if (file === undefined) return {};
    return { file, description: await describeTiff(file, bytes.size) };
  } catch (error) {
    if (error instanceof TiffDamage || error instanceof WsiError) {
      return { damage: error, ...(file === undefined ? {} : { file }) };
    }
    throw error;
  }
}
