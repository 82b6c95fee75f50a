// @ts-check
import { describe, expect, it } from '@jest/globals';
import { platformOf, requireGnuLibc } from './platform.mjs';

describe('the platform', () => {
  it.each([
    ['linux', 'x64', 'linux-x64'],
    ['linux', 'arm64', 'linux-arm64'],
    ['darwin', 'arm64', 'darwin-arm64'],
  ])('%s %s is supported', (platform, arch, name) => expect(platformOf({ platform, arch })).toBe(name));

  it.each([
    ['win32', 'x64'],
    ['linux', 'riscv64'],
  ])('%s %s is refused', (platform, arch) => {
    expect(() => platformOf({ platform, arch })).toThrow(`This machine is ${platform}-${arch}`);
  });

  it.each([
    ['2.28', true],
    ['2.36', true],
    ['3.0', true],
    ['2.27', false],
    ['1.90', false],
  ])('the C library %s is new enough: %p', (glibc, accepted) => {
    const check = () => requireGnuLibc('linux-x64', glibc);
    if (accepted) expect(check).not.toThrow();
    else expect(check).toThrow(`The GNU C library here is ${glibc}`);
  });

  it('Linux without the GNU C library is refused, macOS is not checked', () => {
    expect(() => requireGnuLibc('linux-x64', null)).toThrow('Alpine has musl');
    expect(() => requireGnuLibc('darwin-arm64', null)).not.toThrow();
  });
});
