/**
 * The last word of a process, from its termination message or its result to what the rest relies on. This is the one
 * place that parses it and decides what of it is believed: it is data of a stranger, since a template's command may write
 * what it likes. Nothing here throws.
 */
import { ROLES } from '@wsi-operator/api';
import { isRecord } from '@wsi-operator/foundation';
import {
  countOf,
  DIGEST,
  METRIC,
  MOST_METRICS,
  numberOf,
  numbersOf,
  recordOf,
  ROLE,
  wordOf,
} from './believed.ts';
import type { TrainingProgress } from './training-progress.ts';

/** What a result says of its run, within the bounds of any other answer of a coordinator. */
export type FinalResult = Pick<
  TrainingProgress,
  'parametersSha256' | 'steps' | 'tiles' | 'tilesPerSecond' | 'metrics' | 'peakMemoryBytes'
>;

export interface LastWord {
  /** It is the result of a run, as the trainer writes it; perhaps cut off. */
  readonly isResult: boolean;
  /** Of a result, also of one that the trainer would have written otherwise. */
  readonly result?: FinalResult;
  /** The step of the checkpoint that a coordinator has left because it was stopped. */
  readonly checkpointStep?: number;
  /** It is the message of a role that has failed. */
  readonly isProblem: boolean;
  /** What it says of its end, for people: at most 4,000 characters, without control characters but tabs and line ends. */
  readonly words: string;
}

export function lastWordOf(message = ''): LastWord {
  const head = resultHead(message);
  const result = resultIn(message, head);
  const step = STOP.exec(message)?.[1];
  return {
    isResult: head !== undefined,
    ...(result === undefined ? {} : { result }),
    ...(step === undefined ? {} : { checkpointStep: Number(step) }),
    isProblem: isProblem(message),
    words: printable(wordsOf(message)),
  };
}

/** @param said the content of a result, or an answer, which has these fields, too; of any shape */
export function believedResult(said: unknown): FinalResult {
  const result = recordOf(said);
  return {
    parametersSha256: wordOf(result['parametersSha256'], DIGEST, ''),
    steps: countOf(result['steps']),
    tiles: countOf(result['tiles']),
    tilesPerSecond: numberOf(result['tilesPerSecond']),
    metrics: numbersOf(result['metrics'], METRIC, MOST_METRICS, (value) => value),
    peakMemoryBytes: numbersOf(result['peakMemoryBytes'], ROLE, ROLES.length, countOf),
  };
}

/**
 * The progress of a run whose coordinator has finished and answers no more.
 *
 * @param epochs of the job
 */
export function finalProgress(result: FinalResult, epochs: number): TrainingProgress {
  return {
    ...result,
    phase: 'finished',
    step: result.steps,
    epoch: countOf(epochs),
    epochs: countOf(epochs),
    fraction: 1,
    checkpointStep: result.steps,
    workersConnected: 0,
    message: '',
  };
}

/** How a result begins (see `reportResult` of the trainer); where there are many containers its end may be cut off. */
const RESULT = /^\{"parametersSha256":"([0-9a-f]{64})","steps":(\d+)\b/;
/** What a stopped coordinator leaves (see `reportStop` of the trainer). */
const STOP = /^\{"checkpointStep":(\d{1,15})\}/;

function resultHead(
  message: string,
): { readonly parametersSha256: string; readonly steps: number } | undefined {
  const [, parametersSha256, steps] = RESULT.exec(message) ?? [];
  return parametersSha256 === undefined ? undefined : { parametersSha256, steps: Number(steps) };
}

function resultIn(message: string, head: object | undefined): FinalResult | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    const said: unknown = JSON.parse(message);
    const whole =
      isRecord(said) && typeof said['parametersSha256'] === 'string' && typeof said['steps'] === 'number';
    return whole ? believedResult(said) : undefined;
  } catch {
    // Cut off: a kubelet divides 12 KiB among all containers of a pod.
    return head && believedResult(head);
  }
}

/** What the roles write begins with one of our error codes; such a message is kept whole. */
const OWN_MESSAGE = /^[A-Z][A-Za-z]+: (?!\s*$)/;
const LONGEST_OWN_MESSAGE = 4000;
const LONGEST_LINE = 1000;

function isProblem(message: string): boolean {
  return OWN_MESSAGE.test(message) && !/^\w*Error: /.test(message);
}

/**
 * The termination message or, without one, what the tail of the log holds. There an error stands before its stack, or in
 * a structured line of level error or fatal; other lines say nothing.
 */
function wordsOf(text: string): string {
  if (isProblem(text)) return text.replace(OWN_MESSAGE, '').trim().slice(0, LONGEST_OWN_MESSAGE);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const plain = lines.filter((line) => !line.startsWith('{'));
  const spoken =
    plain.findLast((line) => /^\s*(Uncaught )?\w*Error\b/.test(line)) ??
    lines.map(structuredError).findLast((words) => words !== undefined) ??
    plain.at(-1) ??
    '';
  return spoken.trim().slice(0, LONGEST_LINE);
}

function structuredError(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry: unknown = JSON.parse(line);
    if (!isRecord(entry) || (entry['level'] !== 'error' && entry['level'] !== 'fatal')) return undefined;
    const inner = isRecord(entry['error']) ? entry['error']['message'] : undefined;
    return [inner, entry['message']].find((words) => typeof words === 'string');
  } catch {
    // Cut off at the start of the tail.
    return undefined;
  }
}

/** Words go to terminals and, as JSON, to a server that would store another character for half a surrogate pair. */
function printable(words: string): string {
  return words.replace(/[^\P{Cc}\t\n]/gu, ' ').toWellFormed();
}
