/** What is fuzzed: a parser, with whole inputs to begin from and the words of its language. */

export interface FuzzTarget {
  readonly name: string;
  /** Whole inputs, small; mutations begin with them and with the corpus. */
  readonly seeds: () => Promise<readonly Buffer[]>;
  /** What stands in inputs of this kind, and in attacks on it. */
  readonly words: readonly string[];
  /** Parses the input. Returns for a value; throws for a refusal. */
  readonly run: (input: Buffer) => Promise<void>;
  /** A refusal inside of the parser, which its caller turns into a WsiError. */
  readonly accepts?: (error: unknown) => boolean;
  /** Why an error needs no remedy of its own; without it each must have one. */
  readonly remedyElsewhere?: string;
  readonly close?: () => Promise<void>;
}
