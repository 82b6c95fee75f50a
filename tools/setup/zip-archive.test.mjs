// @ts-check
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { SetupError } from './setup-error.mjs';
import { extract as extractFor } from './zip-archive.mjs';

/** @param {string} archive @param {string} destination @param {(name: string) => string | undefined} place */
const extract = (archive, destination, place) =>
  extractFor({ env: process.env, onStart: () => undefined }, archive, destination, place);

/** What the report of a refusal shows. @param {Promise<unknown>} work */
const refusal = (work) =>
  work.then(
    () => 'nothing was refused',
    (fault) => (fault instanceof SetupError ? fault.report() : String(fault)),
  );

/** @type {string} */
let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsi-zip-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** @param {{ name: string, content?: string, stored?: boolean, mode?: number, size?: number, sum?: number }[]} files */
function zip(files) {
  /** @type {Buffer[]} */ const bodies = [];
  /** @type {Buffer[]} */ const directory = [];
  let offset = 0;
  for (const { name, content = '', stored = false, mode = 0o644, size = content.length, sum } of files) {
    const packed = stored ? Buffer.from(content) : deflateRawSync(content);
    const sizes = (/** @type {Buffer} */ record, /** @type {number} */ at) => {
      record.writeUInt16LE(stored ? 0 : 8, at);
      record.writeUInt32LE(sum ?? crc32(content), at + 6);
      record.writeUInt32LE(packed.length, at + 10);
      record.writeUInt32LE(size, at + 14);
      record.writeUInt16LE(name.length, at + 18);
    };
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    sizes(local, 8);
    local.writeUInt16LE(5, 28);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    sizes(entry, 10);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    bodies.push(local, Buffer.from(name), Buffer.from('extra'), packed);
    directory.push(entry, Buffer.from(name));
    offset += 30 + name.length + 5 + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  const archive = join(folder, 'archive.zip');
  writeFileSync(archive, Buffer.concat([...bodies, ...directory, end, Buffer.from('a comment')]));
  return archive;
}

const everything = (/** @type {string} */ name) => name;

describe('a zip archive', () => {
  it('gives the chosen files, stored or deflated, and no others', async () => {
    const long = 'slide '.repeat(100_000);
    const archive = zip([
      { name: 'folder/' },
      { name: 'folder/long.txt', content: long },
      { name: 'folder/stored.txt', content: 'as it is', stored: true },
      { name: 'empty', stored: true },
      { name: 'program', content: '#!', mode: 0o755 },
      { name: 'unwanted', content: 'x' },
    ]);
    const out = join(folder, 'out');
    const written = await extract(archive, out, (name) => (name === 'unwanted' ? undefined : `at/${name}`));
    expect(written).toEqual(['at/folder/long.txt', 'at/folder/stored.txt', 'at/empty', 'at/program']);
    expect(readFileSync(join(out, 'at/folder/long.txt'), 'utf8')).toBe(long);
    expect(readFileSync(join(out, 'at/folder/stored.txt'), 'utf8')).toBe('as it is');
    expect(readFileSync(join(out, 'at/empty'), 'utf8')).toBe('');
    expect(statSync(join(out, 'at/program')).mode & 0o111).not.toBe(0);
    expect(statSync(join(out, 'at/empty')).mode & 0o111).toBe(0);
  });

  it.each(['../outside', '/outside', 'a/../../outside'])(
    'does not write outside its destination: %s',
    async (name) => {
      const archive = zip([
        { name: 'inside', content: 'x' },
        { name, content: 'x' },
      ]);
      expect(await refusal(extract(archive, join(folder, 'out'), everything))).toContain(
        'outside the destination',
      );
      expect(readdirSync(folder)).toEqual(['archive.zip']);
    },
  );

  it('is refused if a size or checksum does not match', async () => {
    const short = zip([{ name: 'short', content: 'abc', size: 5 }]);
    expect(await refusal(extract(short, folder, everything))).toContain(
      'short: 3 bytes came out of the archive instead of 5',
    );
    const other = zip([{ name: 'other', content: 'abc', sum: 1 }]);
    expect(await refusal(extract(other, folder, everything))).toContain("Bad CRC-32 for file 'other'");
  });

  it.each([
    ['cut off at its end', (/** @type {Buffer} */ bytes) => bytes.subarray(0, -40)],
    ['cut off at its start', (/** @type {Buffer} */ bytes) => bytes.subarray(20)],
    ['empty', () => Buffer.alloc(0)],
    ['something else', () => Buffer.alloc(500, 'x')],
  ])('is refused when it is %s', async (_, damage) => {
    const archive = zip([{ name: 'file', content: 'content' }]);
    writeFileSync(archive, damage(readFileSync(archive)));
    expect(await refusal(extract(archive, folder, everything))).toMatch(/^Unpacking .*archive.zip failed/);
  });
});
