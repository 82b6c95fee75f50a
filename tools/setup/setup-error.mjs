// @ts-check
/** A fault that the person at the keyboard can mend: what went wrong, what to do, and the evidence. */
export class SetupError extends Error {
  /**
   * @param {string} message one sentence: what went wrong
   * @param {string} remedy one sentence: what to do about it
   * @param {{ evidence?: string, cause?: unknown }} [more] evidence: the last lines that the failed program wrote
   */
  constructor(message, remedy, { evidence = '', cause } = {}) {
    super(message, { cause });
    this.name = 'SetupError';
    this.remedy = remedy;
    this.evidence = evidence;
  }

  /** The text for the terminal. */
  report() {
    const evidence = this.evidence === '' ? '' : `\n${this.evidence.replace(/^/gm, '    | ')}`;
    return `${this.message}\n    ${this.remedy}${evidence}`;
  }
}

const FULL_DISK = /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/i;
const NO_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|Temporary failure in name resolution|Failed to establish a new connection|Name or service not known|Network is unreachable|Connection refused|ReadTimeoutError|ConnectTimeoutError/i;
const WRONG_CHECKSUM = /EINTEGRITY|DO NOT MATCH THE HASHES/i;
const NO_PERMISSION = /EACCES|EPERM|EROFS|ENOTDIR|Permission denied|Read-only file system/i;

/**
 * The remedy for a program that failed, read off what it wrote; the order matters: a full disk also breaks
 * connections, and a missing network also makes pip say that it knows no such version.
 * @param {string} output
 * @returns {string | undefined}
 */
export function remedyFor(output) {
  if (FULL_DISK.test(output)) {
    return 'The disk is full: free some space, or put the cache elsewhere with WSI_CACHE=/path.';
  }
  if (WRONG_CHECKSUM.test(output)) {
    return 'A download is not the file that this project pins: do not use it; check the registry or the proxy in between.';
  }
  if (NO_NETWORK.test(output)) {
    return 'A package registry could not be reached: check the network and the proxy settings of npm and pip, then run the same command again; it goes on where it stopped.';
  }
  if (NO_PERMISSION.test(output)) {
    return 'A folder is not writable: check its owner, or put the cache elsewhere with WSI_CACHE=/path.';
  }
  return undefined;
}

/**
 * Any fault as a SetupError, for the edge of the program.
 * @param {unknown} fault
 * @returns {SetupError}
 */
export function asSetupError(fault) {
  if (fault instanceof SetupError) return fault;
  const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  const remedy = remedyFor(text);
  if (remedy !== undefined && fault instanceof Error)
    return new SetupError(fault.message, remedy, { cause: fault });
  return new SetupError(
    'The set-up failed in a way that it does not know.',
    'Please report this with the lines below.',
    {
      evidence: text,
      cause: fault,
    },
  );
}
