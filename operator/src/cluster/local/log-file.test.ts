import { closeSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LogFile } from './log-file.ts';

describe('LogFile', () => {
  it('is cut past its limit, goes on in the same file and keeps what was before in another', () => {
    const directory = mkdtempSync(join(tmpdir(), 'wsi-log-'));
    try {
      const log = new LogFile(directory, 'pod', 10);
      const file = log.open();
      writeSync(file, 'first line\n');
      log.bound();
      writeSync(file, 'second');
      log.bound();
      closeSync(file);
      expect(readFileSync(log.path, 'utf8')).toBe('second');
      expect(readFileSync(join(directory, 'pod.1.log'), 'utf8')).toBe('first line\n');
      expect(log.tail(2)).toBe('cond');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
