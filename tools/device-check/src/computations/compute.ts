/** Starts the process of a computation: its memory is its own, and a device is told which one it is by the environment. */
import { VISIBLE_DEVICES, WsiError } from '@wsi-operator/foundation';
import { fork } from 'node:child_process';
import type { ComputationAnswer, ComputationMessage, ComputationRequest, Progress } from './messages.ts';

const ENTRY = new URL('./process-main.ts', import.meta.url).pathname;
const LAST_WORDS_CHARACTERS = 2000;

export interface ComputeOptions {
  /** What CUDA_VISIBLE_DEVICES says there; undefined: what it says here. */
  readonly device?: string | undefined;
  readonly onProgress?: (progress: Progress) => void;
}

type AnswerTo<Request extends ComputationRequest> = Extract<ComputationAnswer, { kind: Request['kind'] }>;

/** @throws WsiError `EngineFailed` with what it said, or with its last words when it ended without an answer */
export function compute<Request extends ComputationRequest>(
  request: Request,
  { device, onProgress }: ComputeOptions = {},
): Promise<AnswerTo<Request>> {
  const child = fork(ENTRY, {
    serialization: 'advanced',
    execArgv: ['--no-warnings'],
    env: { ...process.env, ...(device === undefined ? {} : { [VISIBLE_DEVICES]: device }) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-LAST_WORDS_CHARACTERS);
  });
  return new Promise((resolve, reject) => {
    const fail = (problem: string): void => reject(new WsiError('EngineFailed', problem));
    child.on('message', (message: ComputationMessage) => {
      if (message.kind === 'begins' || message.kind === 'ends') onProgress?.(message);
      else if (message.kind === 'failed') fail(message.message);
      else resolve(message as AnswerTo<Request>);
    });
    child.on('error', (error) => fail(error.message));
    // After its last message, and after all that it printed; an answer that came before counts.
    child.on('close', (code, signal) => {
      fail(`the process ended without an answer (${signal ?? `exit code ${code ?? 'unknown'}`}): ${words}`);
    });
    child.send(request);
  });
}
