/** What the set-up has put where; null: not set up. */
export interface Setup {
  /** The pinned Node. */
  readonly node: string | null;
  readonly nodeVersion: string | null;
  readonly tensorflowVariant: 'cpu' | 'gpu' | 'none' | null;
  readonly tensorflowVersion: string | null;
  /** libopenslide, to be opened as it is. */
  readonly openslideLibrary: string | null;
  /** The Python of the environment with the tests' reference implementations. */
  readonly pythonReference: string | null;
  /** The Python of the environment with the benchmarks' competitors. */
  readonly pythonBench: string | null;
}

export function setupFile(root?: string): string;
export function readSetup(where?: { root?: string; env?: NodeJS.ProcessEnv }): Setup;
