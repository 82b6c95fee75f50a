/** What the commands on slides have in common: how slides are given. */
import type { Command } from 'commander';
import type { SlideSources } from './given-slides.ts';

export interface SlideFlags {
  readonly slides?: string;
  readonly slideColumn?: string;
  readonly patientColumn?: string;
  readonly resolutionColumn?: string;
}

export const SLIDES_HELP =
  'SLIDES are slide files, directories (with all slides below them), patterns in quotes\n' +
  "('data/**/*.svs'), tables (.csv, with a column for the slide) and s3:// addresses.";

/** @param slides the argument, where it may be something else, too */
export function slidesCommand(program: Command, name: string, slides = '<slides...>'): Command {
  return program
    .command(name)
    .argument(slides, 'slide files, directories, patterns, tables, s3:// addresses')
    .option('--slides <dir>', "where a table's slides are (default: beside the table)")
    .option('--slide-column <name>', "the table's column of the slide (default: slide)");
}

/** @param job how the job of a model reads its table, where there is one */
export function slideSources(
  flags: SlideFlags,
  job: Pick<SlideSources, 'missing' | 'spellings' | 'resolution' | 'features'> = {},
): SlideSources {
  return {
    missing: job.missing,
    spellings: job.spellings,
    ...resolutionOf(flags, job.resolution),
    slideColumn: flags.slideColumn ?? 'slide',
    patientColumn: flags.patientColumn ?? 'patient',
    patients: 'optional',
    slides: flags.slides,
    features: job.features,
  };
}

/** A column that is named must be there; one that the job of the model had may be. */
function resolutionOf(
  { resolutionColumn: column }: SlideFlags,
  resolution: SlideSources['resolution'],
): Pick<SlideSources, 'resolution' | 'resolutionColumn'> {
  if (column === undefined) return { resolution };
  return { resolution: { ...resolution, column }, resolutionColumn: 'required' };
}
