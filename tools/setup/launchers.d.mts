export interface Launcher {
  readonly pid: number;
  readonly born: string;
}
/** The processes of our own group that have started this one, nearest first. */
export function launchersOf(pid?: number): Launcher[];
/** Our parent alone, whatever its group. */
export function parentOf(pid?: number): Launcher[];
/** Calls `onGone` once when one of them has ended; returns what ends the watch. */
export function watchLaunchers(launchers: readonly Launcher[], onGone: () => void): () => void;
/** Whether the user has asked, by nohup, that this goes on without a terminal and without its starter. */
export function isKeptRunning(env?: NodeJS.ProcessEnv): boolean;
