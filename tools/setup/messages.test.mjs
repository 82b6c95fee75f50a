// @ts-check
import { describe, expect, it } from '@jest/globals';
import { evidenceOf, exitCodeOf, run, withoutBendingSettings } from './command.mjs';
import { requireTools } from './required-tools.mjs';
import { SetupError, asSetupError, remedyFor } from './setup-error.mjs';

describe('the message of a fault', () => {
  it.each([
    ['npm error code ENOSPC', 'The disk is full'],
    ["OSError: [Errno 28] No space left on device: '/x'", 'The disk is full'],
    ['npm error code EAI_AGAIN', 'A package registry could not be reached'],
    [
      'NewConnectionError(...): Failed to establish a new connection\nERROR: Could not find a version',
      'A package registry could not be reached',
    ],
    ['npm error code EINTEGRITY', 'not the file that this project pins'],
    [
      'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.',
      'not the file that this project pins',
    ],
    ['EACCES: permission denied, mkdir', 'A folder is not writable'],
    ['ENOSPC, and then ECONNRESET', 'The disk is full'],
  ])('says what to do about %s', (output, remedy) => expect(remedyFor(output)).toContain(remedy));

  it('does not guess a cause', () => {
    expect(remedyFor('a compiler error')).toBeUndefined();
    expect(asSetupError(new Error('surprise')).report()).toMatch(
      /does not know\.\n.*report this.*\n {4}\| Error: surprise/,
    );
    expect(asSetupError('text').evidence).toBe('text');
  });

  it('keeps an existing message, with its evidence indented', () => {
    const fault = new SetupError('It failed.', 'Do this.', { evidence: 'one\ntwo' });
    expect(asSetupError(fault)).toBe(fault);
    expect(fault.report()).toBe('It failed.\n    Do this.\n    | one\n    | two');
  });

  it('shows the first and the last lines of a long output, without npm warnings', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    const shown = evidenceOf(['npm warn old', '', ...lines].join('\n')).split('\n');
    expect(shown).toHaveLength(21);
    expect([shown[0], shown[8], shown[20]]).toEqual(['line 0', '...', 'line 99']);
    expect(evidenceOf('short\n')).toBe('short');
  });
});

describe('a program of the set-up', () => {
  const node = process.execPath;

  it('returns its output', async () => {
    expect(await run({ file: node, args: ['-p', '6 * 7'], what: 'node', remedy: '' })).toBe('42\n');
  });

  it.each([
    ['process.exit(3)', 'The program failed (exit code 3).'],
    [
      'process.kill(process.pid, "SIGKILL"); setTimeout(() => {}, 1000)',
      'The program failed (signal SIGKILL).',
    ],
  ])('is reported when it fails: %s', async (script, message) => {
    const running = run({ file: node, args: ['-e', script], what: 'The program', remedy: 'Mend it.' });
    await expect(running).rejects.toMatchObject({ name: 'SetupError', message, remedy: 'Mend it.' });
  });

  it('is reported when it cannot be started', async () => {
    const running = run({ file: '/not/there', args: [], what: 'The program', remedy: 'Install it.' });
    await expect(running).rejects.toMatchObject({
      message: expect.stringContaining('could not be started'),
      remedy: 'Install it.',
    });
  });

  it('does not inherit npm settings that would affect it, except the registry', () => {
    const env = {
      npm_config_nodedir: '/usr',
      NPM_CONFIG_OMIT: 'dev',
      npm_config_workspace: 'cli',
      npm_config_registry: 'r',
      PATH: 'p',
    };
    expect(withoutBendingSettings(env)).toEqual({ npm_config_registry: 'r', PATH: 'p' });
  });

  it('ends with the exit code that a shell would show', () => {
    expect([
      exitCodeOf(0, null),
      exitCodeOf(4, null),
      exitCodeOf(null, 'SIGINT'),
      exitCodeOf(null, 'SIGTERM'),
    ]).toEqual([0, 4, 130, 143]);
  });
});

describe('required tools', () => {
  const nothing = { PATH: '/not/there' };

  it('are all named at once, with the way to install them here', () => {
    const missing = (/** @type {string} */ platform) => {
      try {
        requireTools(['c++', 'make', 'c++'], nothing, platform);
        return undefined;
      } catch (fault) {
        return /** @type {SetupError} */ (fault).report();
      }
    };
    expect(missing('linux')).toContain(
      'This machine lacks g++: a C++ compiler, to build the TensorFlow binding; make: make',
    );
    expect(missing('linux')).toContain('apt-get install g++ make');
    expect(missing('darwin')).toContain('for example: xcode-select --install');
  });

  it('are those that the environment chooses', () => {
    expect(() => requireTools(['c++'], { ...nothing, CXX: `${process.execPath} -O2` })).not.toThrow();
    expect(() => requireTools(['python3'], { ...nothing, WSI_PYTHON: process.execPath })).not.toThrow();
    expect(() => requireTools(['c++'], { ...nothing, CXX: 'icpx' })).toThrow('lacks icpx');
  });
});
