/** What a run of role processes has come to. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stepLines, type StepLine } from '../coordinator/learning/metrics-log.ts';
import type { RunResult } from '../coordinator/learning/result.ts';
import type { RoleProcesses } from './role-processes.ts';

/** Waits for the end of a run, and closes it. @throws Error, with the last of its logs, when it has failed */
export async function resultOf(run: RoleProcesses): Promise<RunResult> {
  const code = await run.finished;
  await run.close();
  if (code !== 0) throw new Error(`the run ended with ${code}\n${run.logs.slice(-4000)}`);
  return JSON.parse(await readFile(join(run.output, 'result.json'), 'utf8')) as RunResult;
}

/** The lines of `metrics.jsonl` about steps, in their order. */
export async function stepsOf({ output }: RoleProcesses): Promise<StepLine[]> {
  return stepLines(await readFile(join(output, 'metrics.jsonl'), 'utf8'));
}
