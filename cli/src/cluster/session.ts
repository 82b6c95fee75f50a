/** What a command has at hand: the cluster, and where its words go. */
import type { ApiClient } from '@wsi-operator/controller';
import type { Clock } from '@wsi-operator/foundation';
import type { Interrupts } from '../progress/interrupts.ts';
import type { ProgressDisplay } from '../progress/display.ts';

export interface Terminal {
  /** The result of the command: standard output. */
  out(text: string): void;
  /** A result for another program, byte for byte: standard output. */
  data(text: string): void;
  /** Everything else that people read: standard error. */
  note(line: string): void;
  /** Width of standard output, in characters. */
  readonly columns: number;
  readonly rows: number;
  /** Standard output takes colours. */
  readonly colour: boolean;
  /** Standard output is a terminal, whose text can be drawn over. */
  readonly redraws: boolean;
  readonly clock: Clock;
  /** Progress of a job, as of `wsi run`. */
  display(): ProgressDisplay;
  interrupts(onFirst: (signal: string) => void): Interrupts;
  /** Yes or no by the person at the terminal; undefined when there is nobody to ask. */
  confirm(question: string): Promise<boolean | undefined>;
}

export interface ClusterSession {
  readonly client: ApiClient;
  readonly namespace: string;
  /** Of the kubeconfig, for messages. */
  readonly context: string;
  /** `wsi` or `kubectl wsi`. */
  readonly program: string;
  /** The options that led here, for suggested commands; empty or with a leading space. */
  readonly where: string;
  readonly terminal: Terminal;
}
