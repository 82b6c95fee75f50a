/** The data of a job, read where it can be reached from this machine: table, directory, slides. */
import { existsSync } from 'node:fs';
import { slideDirectory, type WsiTrainingJob } from '@wsi-operator/api';
import { CohortError, examineCohort, type Cohort, type CohortExamination } from '@wsi-operator/cohort';
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address } from '@wsi-operator/slides';
import { survivalOutlook } from '@wsi-operator/trainer';
import { isMounted } from './cluster/path-warnings.ts';
import { checkInitial } from './initial-data.ts';
import { foldedFaults, type SlideFault } from './slides/faults.ts';
import { slideChecks } from './slides/slide-checks.ts';
import { understoodLines } from './understood.ts';

export interface DataCheck {
  /** What is wrong, each a text of its own. */
  readonly faults: readonly string[];
  /** What could not be reached, and why: it may be right or wrong. */
  readonly unchecked: readonly string[];
  readonly understood: readonly string[];
}

/** Slides that are opened at once. */
const AT_ONCE = 4;
const UNREAD = 'the rows of the table and the slides: they are checked once this is there';

/** @param job its paths as it has them; `local` as they are meant on this machine */
export async function checkData(job: WsiTrainingJob, local: WsiTrainingJob): Promise<DataCheck> {
  const [cohort, initial] = [await checkCohort(job, local), await checkInitial(job, local)];
  return {
    faults: [...cohort.faults, ...initial.faults],
    unchecked: [...cohort.unchecked, ...initial.unchecked],
    understood: cohort.understood,
  };
}

async function checkCohort(job: WsiTrainingJob, local: WsiTrainingJob): Promise<DataCheck> {
  const here = placesOf(local);
  const unchecked = placesOf(job).flatMap(({ field, path: given }, index) => {
    const { path } = here[index]!;
    if (isS3Address(path) || existsSync(path) || !isMounted(job, given)) return [];
    return [`${field}: ${given} is on a volume that only the pods see`];
  });
  if (unchecked.length > 0) return { faults: [], unchecked, understood: [] };
  let examined: CohortExamination;
  try {
    examined = await examineCohort(local.spec.cohort, { baseDirectory: '/' });
  } catch (thrown) {
    return dataUnread(WsiError.from(thrown));
  }
  const { problems, cohort, summary, notes } = examined;
  const { spec } = local;
  const named = [...examined.found.keys()];
  const remote = named.filter(isS3Address);
  const found = await faultsOf(examined, spec);
  const left = found.filter(({ error }) => isLeftOut(error, spec));
  const faults = [
    ...(problems.length === 0 ? [] : [new CohortError(spec.cohort.table, problems).message]),
    ...foldedFaults(found.filter(({ error }) => !isLeftOut(error, spec))),
    ...(cohort === undefined ? [] : [...nothingLeft(cohort, left), ...nothingCompared(cohort, spec)]),
  ];
  const leftNotes =
    left.length === 0 ? [] : [`left out (unreadableSlides: skip):\n    ${foldedFaults(left).join('\n    ')}`];
  return {
    faults,
    unchecked: [
      ...(problems.length > 0 ? ['slides of rows that name none that is there'] : []),
      ...(remote.length === 0 ? [] : [`${remote.length} slides in S3: they are there, but were not opened`]),
      'whether each slide has tissue, decodes everywhere and is there once: the survey, which comes first, finds that out',
    ],
    understood:
      cohort === undefined || summary === undefined
        ? []
        : understoodLines({ spec, cohort, summary, notes: [...notes, ...leftNotes] }),
  };
}

/** Table, and the directory of the files that it names. */
function placesOf({ spec: { cohort } }: WsiTrainingJob): { readonly field: string; readonly path: string }[] {
  return [{ field: 'spec.cohort.table', path: cohort.table }, slideDirectory(cohort)];
}

/** What cannot be read may be left out; what is not there or does not fit the job fails it under both policies. */
function isLeftOut({ code }: WsiError, { cohort }: WsiTrainingJob['spec']): boolean {
  return cohort.unreadableSlides === 'skip' && ['SlideUnreadable', 'SlideUnsupported'].includes(code);
}

function nothingLeft({ cases }: Cohort, left: readonly SlideFault[]): string[] {
  const lost = new Set(left.map(({ slide }) => slide));
  const trained = cases.flatMap((of) => (of.split === 'train' ? of.slides : []));
  if (!trained.every((slide) => lost.has(slide))) return [];
  return [`none of the ${trained.length} slides of training can be read: nothing is left to train on`];
}

/** A survival cohort whose every gradient would be zero. */
function nothingCompared(cohort: Cohort, { training }: WsiTrainingJob['spec']): string[] {
  try {
    survivalOutlook(cohort, training);
    return [];
  } catch (thrown) {
    return [WsiError.from(thrown).message];
  }
}

/** A store that this machine may not read, or does not reach, says nothing of the job; that something is not there does. */
function dataUnread({ message, code }: WsiError): DataCheck {
  const absent = isS3Address(message) ? message.includes('there is no such') : code !== 'Unavailable';
  return absent
    ? { faults: [message], unchecked: [UNREAD], understood: [] }
    : { faults: [], unchecked: [message], understood: [] };
}

/**
 * What is wrong with the slides on this machine that cannot be opened or do not fit the job, in the table's order; tissue
 * is the survey's to find.
 */
async function faultsOf(
  { found, lines }: CohortExamination,
  spec: WsiTrainingJob['spec'],
): Promise<SlideFault[]> {
  const faults = new Map<string, SlideFault>();
  const slides = [...found.keys()];
  const waiting = slides.filter((slide) => !isS3Address(slide));
  const checks = slideChecks(spec);
  const open = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      try {
        await checks.check(path, found.get(path));
      } catch (thrown) {
        const line = lines.get(path);
        const place = line === undefined ? {} : { line };
        faults.set(path, { slide: path, error: WsiError.from(thrown), ...place });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, open));
  } finally {
    await checks.close();
  }
  return slides.flatMap((slide) => faults.get(slide) ?? []);
}
