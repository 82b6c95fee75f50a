/** The folder of all clones' downloads and builds; may be deleted at any time. */
export function cacheDirectory(env?: NodeJS.ProcessEnv): string;
/** SHA-256, hexadecimal, of the parts each with its length. */
export function digest(...parts: readonly (string | Buffer)[]): string;

export interface Lock {
  /** The lock stays held while this process lives, even when the holder has been killed. */
  recordChild(pid: number): void;
  release(): void;
}
/** Waits until nobody alive holds the lock. */
export function acquireLock(path: string, options?: { onWait?: (holder: string) => void }): Promise<Lock>;
/** Fills a folder under another name and renames it; does nothing when the target is there. */
export function publishDirectory(target: string, fill: (directory: string) => Promise<void>): Promise<void>;
/** Removes what killed processes left half-made in the folder's sections. Only for the holder of the lock on it. */
export function removeUnfinished(cache: string): number;
