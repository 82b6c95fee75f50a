/** The bytes of an ONNX file, all of it: what it would read from other files is refused, since no digest would know it. */
import { readFile, stat } from 'node:fs/promises';
import { publicText, systemErrorCode, WsiError } from '@wsi-operator/foundation';

/** What a message of Protocol Buffers, and with it an ONNX file, can hold. */
const LONGEST = 2 ** 31 - 1;

/**
 * A tensor elsewhere names its file under the key `location`: a field of its own, with tag and length. Metadata of this
 * name would be refused, too.
 */
const ELSEWHERE = Buffer.from('\n\u0008location', 'latin1');

/** @throws WsiError `WeightsInvalid`, `NotFound` */
export async function readOnnx(file: string): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Buffer;
  try {
    const { size } = await stat(file);
    if (size > LONGEST) {
      throw new WsiError('WeightsInvalid', publicText`the file is larger than an ONNX file can be`, {
        where: file,
      });
    }
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof WsiError) throw error;
    const code = systemErrorCode(error);
    throw new WsiError(
      'NotFound',
      code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code ?? String(error)})`,
      { where: file, remedy: publicText`Check the path.`, cause: error },
    );
  }
  if (bytes.includes(ELSEWHERE)) {
    throw new WsiError('WeightsInvalid', publicText`a part of its weights is in another file`, {
      where: file,
      remedy: publicText`Save it as one file, in Python: onnx.save(onnx.load(IN), OUT).`,
    });
  }
  // A buffer of its own, which a thread can take.
  return new Uint8Array(bytes);
}
