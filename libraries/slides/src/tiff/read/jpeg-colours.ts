/** Whether JPEG data are red, green, blue or luminance and chroma, as far as they say it themselves. */

const MARKER = { start: 0xd8, jfif: 0xe0, adobe: 0xee, scan: 0xda, end: 0xd9 } as const;
/** SOF0 to SOF15, but for the tables among them. */
const FRAMES: readonly number[] = [
  0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf,
];

/**
 * @param data begins with a JPEG image; its end may be missing
 * @returns undefined where the data do not say, as is usual in TIFF
 */
export function jpegColours(data: Uint8Array): 'rgb' | 'ycbcr' | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let said: 'rgb' | 'ycbcr' | undefined;
  for (const { marker, body } of segments(bytes)) {
    if (marker === MARKER.jfif && body.toString('latin1', 0, 4) === 'JFIF') said = 'ycbcr';
    else if (marker === MARKER.adobe && body.toString('latin1', 0, 5) === 'Adobe' && body.length >= 12) {
      said ??= body[11] === 0 ? 'rgb' : 'ycbcr';
    } else if (FRAMES.includes(marker)) return ofFrame(body) ?? said;
  }
  return said;
}

/** Colours called R, G and B are those; channels that are kept with fewer pixels are chroma. */
function ofFrame(body: Buffer): 'rgb' | 'ycbcr' | undefined {
  if (body.length < 15 || body[5] !== 3) return undefined;
  const channels = [6, 9, 12].map((at) => ({
    name: String.fromCharCode(body[at]!),
    sampling: body[at + 1]!,
  }));
  if (channels.map(({ name }) => name).join('') === 'RGB') return 'rgb';
  return channels.every(({ sampling }) => sampling === channels[0]!.sampling) ? undefined : 'ycbcr';
}

function* segments(data: Buffer): Generator<{ readonly marker: number; readonly body: Buffer }> {
  let at = 2;
  if (data[0] !== 0xff || data[1] !== MARKER.start) return;
  while (at + 4 <= data.length && data[at] === 0xff) {
    const marker = data[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === MARKER.scan || marker === MARKER.end) return;
    const end = at + 2 + data.readUInt16BE(at + 2);
    yield { marker, body: data.subarray(at + 4, end) };
    at = end;
  }
}
