import { afterEach, expect, it } from '@jest/globals';
import { WsiError } from './errors.ts';
import { keepFilesPrivate } from './private-files.ts';

it('an invalid mask is reported publicly by the name of its variable', () => {
  let thrown: unknown;
  try {
    keepFilesPrivate('rw-r--r--');
  } catch (error) {
    thrown = error;
  }
  const { publicMessage } = WsiError.from(thrown);
  expect(publicMessage).toMatch(/^WSI_UMASK: this is no mask of file rights\. Leave it away, or give 027/);
});

const atFirst = process.umask(0o077);
process.umask(atFirst);
afterEach(() => {
  process.umask(atFirst);
});

it.each([
  [0o022, '', 0o077],
  [0o027, '', 0o077],
  // Stricter than the program would be.
  [0o277, '', 0o277],
  [0o077, '027', 0o027],
  [0o022, '0007', 0o007],
])('the umask %o with WSI_UMASK=%p becomes %o', (before, variable, after) => {
  process.umask(before);
  keepFilesPrivate(variable);
  expect(process.umask(after)).toBe(after);
});
