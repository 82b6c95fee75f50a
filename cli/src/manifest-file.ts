import { text as streamText } from 'node:stream/consumers';
import { readBoundedFile, systemErrorCode, WsiError } from '@wsi-operator/foundation';

/** Bytes; no manifest has a megabyte of characters. */
const LONGEST = 2 ** 22;

/** A manifest as people know it: `standard input` for `-`. */
export function manifestName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/** The text of a manifest; `-` is standard input. Throws NotFound. */
export async function manifestText(path: string): Promise<string> {
  if (path === '-') return streamText(process.stdin);
  try {
    return (await readBoundedFile(path, LONGEST)).toString('utf8');
  } catch (thrown) {
    if (thrown instanceof WsiError) throw thrown;
    const code = systemErrorCode(thrown);
    const problem =
      code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? String(thrown)})`;
    throw new WsiError('NotFound', problem, { where: path, cause: thrown });
  }
}
