/** Which slides features are extracted of, and the file of each. */
import { basename, extname, join, resolve } from 'node:path';
import { CohortError, examineCohort } from '@wsi-operator/cohort';
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address } from '@wsi-operator/slides';
import type { SlideToExtract } from '@wsi-operator/trainer';
import { statedMessage, type SlideMppOptions } from '../commands/slide-mpp.ts';
import type { SlideFault } from '../slides/faults.ts';
import { givenSlides } from '../slides/given-slides.ts';
import { slideSources, type SlideFlags } from '../slides/options.ts';
import { isJob, type Spec } from './job.ts';

export interface SlidesToExtract {
  readonly slides: readonly SlideToExtract[];
  /** What was given and is not there. */
  readonly faults: readonly SlideFault[];
}

type Found = Omit<SlideToExtract, 'file'>;

/** @throws WsiError for a table that cannot be understood, and for two slides that would have one file */
export async function slidesToExtract(
  given: readonly string[],
  spec: Spec,
  { output, ...flags }: SlideFlags & SlideMppOptions & { readonly output: string },
): Promise<SlidesToExtract> {
  const { found, faults } = isJob(given) ? await ofCohort(spec) : await ofArguments(given, flags);
  const slides = found.map((slide) => ({ ...slide, file: join(output, `${stemOf(slide.slide)}.h5`) }));
  requireOneEach(slides);
  return { slides, faults };
}

async function ofCohort({ cohort }: Spec): Promise<{ found: Found[]; faults: SlideFault[] }> {
  const { problems, found } = await examineCohort(cohort, { baseDirectory: '/' });
  if (problems.length > 0) throw new CohortError(cohort.table, problems);
  const overrides = cohort.resolution?.prefer === 'statement';
  return {
    found: [...found].map(([slide, mpp]) => ({
      slide,
      ...(mpp === undefined ? {} : { stated: { mpp, overrides } }),
    })),
    faults: [],
  };
}

async function ofArguments(
  given: readonly string[],
  flags: SlideFlags & SlideMppOptions,
): Promise<{ found: Found[]; faults: SlideFault[] }> {
  const { slides, faults } = await givenSlides(given, slideSources(flags));
  const forAll = statedMessage(flags);
  return {
    found: slides.map(({ path, mpp }) => {
      const stated = mpp === undefined ? forAll : { mpp, overrides: flags.preferSlideMpp === true };
      return {
        slide: isS3Address(path) ? path : resolve(path),
        ...(stated === undefined ? {} : { stated }),
      };
    }),
    faults: [...faults],
  };
}

/** As other programs name a slide's file: without its directory and its ending. */
function stemOf(slide: string): string {
  return basename(slide, extname(slide));
}

/** Where upper and lower case are alike, names that differ in it only are one file, too. */
function requireOneEach(slides: readonly SlideToExtract[]): void {
  const groups = Map.groupBy(slides, ({ file }) => file.normalize('NFC').toLowerCase());
  const shared = [...groups.values()].filter((group) => group.length > 1);
  const [first] = shared;
  if (first === undefined) return;
  const more = shared.length === 1 ? '' : `; and so it is with ${shared.length - 1} more names`;
  throw new WsiError(
    'InvalidArgument',
    `${first.length} slides would be written to one file: ${first.map(({ slide }) => slide).join(', ')}${more}`,
    {
      where: first[0]!.file,
      remedy: 'Rename slides, or give those of one directory at a time, each with an --output of its own.',
    },
  );
}
