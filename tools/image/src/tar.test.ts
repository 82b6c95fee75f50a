import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tarBytes, writeTar, type TarEntry } from './tar.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-tar-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const tar = (...args: string[]): string =>
  execFileSync('tar', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });

describe('a tar archive', () => {
  it('has files of this machine, larger than what is held in memory at once, and empty ones', async () => {
    const large = Buffer.alloc((5 << 20) + 3, 'slide');
    writeFileSync(join(directory, 'large'), large);
    writeFileSync(join(directory, 'empty'), '');
    const archive = join(directory, 'archive.tar');
    await writeTar(archive, [
      { path: 'large', content: { kind: 'file', from: join(directory, 'large') } },
      { path: 'empty', content: { kind: 'file', from: join(directory, 'empty') } },
      { path: 'nothing', content: { kind: 'bytes', bytes: '' } },
    ]);
    const read = execFileSync('tar', ['-xOf', archive, 'large'], { maxBuffer: 1 << 24 });
    expect(read.equals(large)).toBe(true);
    expect(tar('-tf', archive)).toBe('large\nempty\nnothing\n');
  });

  it('records no time and no owner, and keeps the given order', async () => {
    const archive = join(directory, 'archive.tar');
    const link = `${'a-folder/'.repeat(20)}run`;
    await writeTar(archive, [
      { path: 'b', content: { kind: 'directory' } },
      { path: 'a', content: { kind: 'link', target: link } },
    ]);
    expect(tar('--numeric-owner', '-tvf', archive).replace(/ +/g, ' ')).toBe(
      `drwxr-xr-x 0/0 0 1970-01-01 00:00 b/\nlrwxr-xr-x 0/0 0 1970-01-01 00:00 a -> ${link}\n`,
    );
  });

  it('is refused when a file changes while it is read, or is gone', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, Buffer.alloc(8 << 20));
    function* entries(): Generator<TarEntry> {
      yield { path: 'changes', content: { kind: 'file', from: file } };
    }
    const bytes = tarBytes(entries());
    await bytes.next();
    const opened = openSync(file, 'r+');
    ftruncateSync(opened, 6 << 20);
    closeSync(opened);
    await expect(buffer(bytes)).rejects.toMatchObject({ code: 'StorageFailed' });
    const gone: TarEntry = { path: 'gone', content: { kind: 'file', from: join(directory, 'gone') } };
    await expect(writeTar(join(directory, 'other.tar'), [gone])).rejects.toThrow('ENOENT');
  });
});
