/** A file that is read as a whole, if it is not absurdly large: what is longer is not what was meant. */
import { open } from 'node:fs/promises';
import { WsiError } from './errors.ts';

/**
 * @param most bytes
 * @throws WsiError `InvalidArgument` for a longer one, also for one that has no end (a device, a pipe); what the system says of one that is not there
 */
export async function readBoundedFile(path: string, most: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(2 ** 18);
      const { bytesRead } = await file.read(chunk, 0, chunk.length);
      if (bytesRead === 0) return Buffer.concat(chunks, bytes);
      bytes += bytesRead;
      if (bytes > most) throw tooLong(path, most);
      chunks.push(chunk.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

function tooLong(path: string, most: number): WsiError {
  return new WsiError('InvalidArgument', `it is longer than ${most} bytes.`, {
    where: path,
    remedy: 'Check that this is the file that is meant.',
  });
}
