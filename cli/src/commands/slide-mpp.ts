/** Options that state a slide's resolution, for the commands that read slides. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { micrometresFrom, type StatedResolution } from '@wsi-operator/slides';

export interface SlideMppOptions {
  readonly slideMpp?: number;
  readonly preferSlideMpp?: true;
}

export function addSlideMpp(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--slide-mpp <um>',
        "micrometres for a pixel of the slide's finest level, where the file does not say it",
      ).argParser(micrometres),
    )
    .option('--prefer-slide-mpp', 'let it hold against a file that says another resolution');
}

export function statedResolution({
  slideMpp,
  preferSlideMpp,
}: SlideMppOptions): StatedResolution | undefined {
  if (slideMpp === undefined) return undefined;
  return { mpp: slideMpp, prefer: preferSlideMpp === true ? 'statement' : 'file' };
}

/** The same for the processes that compute. */
export function statedMessage({
  slideMpp,
  preferSlideMpp,
}: SlideMppOptions): { mpp: number; overrides: boolean } | undefined {
  return slideMpp === undefined ? undefined : { mpp: slideMpp, overrides: preferSlideMpp === true };
}

function micrometres(text: string): number {
  const value = micrometresFrom(text);
  if (value !== undefined && value >= 0.01 && value <= 100) return value;
  throw new InvalidArgumentError('It must be micrometres a pixel, from 0.01 to 100.');
}
