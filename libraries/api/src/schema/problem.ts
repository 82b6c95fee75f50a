/** What is wrong with a manifest: where, what, and what to do. */

export interface Problem {
  /** The field, such as `spec.training.epochs` or `spec.workers.template.spec.containers[0].name`. */
  readonly path: string;
  /** What is wrong, in the API server's words where it has some. */
  readonly problem: string;
  /** The refused value, shortened. */
  readonly found?: string;
  readonly remedy?: string;
  /** Line in the manifest, from 1. */
  readonly line?: number;
}

const LONGEST_FOUND = 60;

/** A value as a message shows it. Never throws, whatever the value. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= LONGEST_FOUND ? text : `${text.slice(0, LONGEST_FOUND)}...`;
}

export function formatProblem(problem: Problem): string {
  const line = problem.line === undefined ? '' : ` (line ${String(problem.line)})`;
  const found = problem.found === undefined ? '' : `, but is ${problem.found}`;
  const remedy = problem.remedy === undefined ? '' : `. ${problem.remedy}`;
  return `${problem.path}${line}: ${problem.problem}${found}${remedy}`;
}
