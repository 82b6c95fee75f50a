/** From the text of a manifest to a job: YAML, `--set` overrides, validation, and lines for every message. */
import { WsiError } from '@wsi-operator/foundation';
import { constructFromEvents, dump, parseEvents, YAMLException } from 'js-yaml';
import { KIND, type WsiTrainingJob } from './definition/job.ts';
import { applyOverrides } from './overrides.ts';
import { fieldLines, nearestLine } from './positions.ts';
import { isJsonObject } from './schema/node.ts';
import { shown } from './schema/problem.ts';
import { manifestError, validate, type Validation } from './validate.ts';
import { YAML_DIALECT } from './yaml-dialect.ts';

/** What a text may hold at most; the API server takes less than 2 MiB. */
const LONGEST_TEXT = 1024 * 1024;

export interface ParsedManifest {
  readonly fileName: string;
  /** The one document that is a job; not validated. */
  readonly manifest: unknown;
  /** Line of a field path, or of the nearest field around it. */
  readonly lineOf: (path: string) => number | undefined;
}

/**
 * Reads YAML (or JSON) with exactly one `WsiTrainingJob`; documents of other kinds are passed over.
 * Throws InvalidManifest with the file and the line.
 */
export function parseManifest(text: string, fileName: string): ParsedManifest {
  const { documents, lines } = parseDocuments(text, fileName);
  const filled = documents
    .map((manifest, index) => ({ manifest, index }))
    .filter(({ manifest }) => manifest !== null && manifest !== undefined);
  const jobs = filled.filter(({ manifest }) => isJsonObject(manifest) && manifest['kind'] === KIND);
  // A single document is meant to be the job, whatever it says: validation reports what is wrong with it.
  const chosen = jobs.length === 0 && filled.length === 1 ? filled : jobs;
  const [job, second] = chosen;
  if (job === undefined) {
    const kinds = filled.map(({ manifest }) => shown(isJsonObject(manifest) ? manifest['kind'] : manifest));
    const problem = kinds.length === 0 ? 'is empty' : `holds no ${KIND}, only ${kinds.join(', ')}`;
    throw new WsiError('InvalidManifest', problem, { where: fileName });
  }
  if (second !== undefined) {
    const at = jobs.map(({ index }) => String(lines[index]?.get('') ?? 0)).join(', ');
    throw new WsiError('InvalidManifest', `holds ${String(jobs.length)} jobs (lines ${at}).`, {
      where: fileName,
      remedy: 'Write each job to a file of its own.',
    });
  }
  const own = lines[job.index] ?? new Map<string, number>();
  return { fileName, manifest: job.manifest, lineOf: (path) => nearestLine(own, path) };
}

function parseDocuments(
  text: string,
  fileName: string,
): { documents: unknown[]; lines: ReadonlyMap<string, number>[] } {
  if (text.length > LONGEST_TEXT) {
    throw new WsiError('InvalidManifest', `is longer than ${String(LONGEST_TEXT)} characters`, {
      where: fileName,
    });
  }
  try {
    const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    const events = parseEvents(source, YAML_DIALECT);
    const documents = constructFromEvents(events, { source, ...YAML_DIALECT });
    return { documents, lines: fieldLines(source, events) };
  } catch (thrown) {
    const known = thrown instanceof YAMLException;
    const mark = known ? thrown.mark : undefined;
    const where =
      mark === undefined ? fileName : `${fileName}:${String(mark.line + 1)}:${String(mark.column + 1)}`;
    const reason = known ? thrown.reason : String(thrown);
    throw new WsiError('InvalidManifest', `is not YAML: ${reason}`, { where, cause: thrown });
  }
}

export interface ManifestOptions {
  /** `path=value` assignments, relative to `spec`. */
  readonly overrides?: readonly string[];
}

/** Parses, overrides and validates; faults of the manifest are returned with their lines, the rest is thrown. */
export function checkManifest(text: string, fileName: string, options: ManifestOptions = {}): Validation {
  const parsed = parseManifest(text, fileName);
  const overrides = options.overrides ?? [];
  const outcome = validate(applyOverrides(parsed.manifest, overrides));
  if (outcome.problems === undefined) return outcome;
  const problems = outcome.problems.map((problem) => {
    const line = parsed.lineOf(problem.path);
    return line === undefined ? problem : { ...problem, line };
  });
  return { problems };
}

/** The job of a manifest's text. Throws InvalidManifest with every fault and its line. */
export function jobFromText(text: string, fileName: string, options: ManifestOptions = {}): WsiTrainingJob {
  const { job, problems } = checkManifest(text, fileName, options);
  if (problems !== undefined) throw manifestError(problems, fileName);
  return job;
}

/** YAML of a job, in the order of the definition. */
export function formatManifest(job: WsiTrainingJob): string {
  return dump(job, { lineWidth: 110 });
}
