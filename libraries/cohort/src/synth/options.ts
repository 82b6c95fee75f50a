/** What can be asked of a synthetic cohort, its defaults, and what is refused. */
import { WsiError } from '@wsi-operator/foundation';

export type SynthesisTask = 'needle' | 'cooccurrence' | 'survival';

export const SYNTHESIS_TASKS: readonly SynthesisTask[] = ['needle', 'cooccurrence', 'survival'];

export interface SynthesisOptions {
  /** Directory of the cohort; made when missing. */
  readonly output: string;
  /** Number of slides; each belongs to a patient of its own. */
  readonly slides: number;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  readonly task: SynthesisTask;
  readonly seed?: number | undefined;
  /** A slide from whose tissue the texture is made; procedural if unset. */
  readonly texture?: string | undefined;
  /** Micrometres for a level-0 pixel; that of the texture's slide, else 0.5. */
  readonly mpp?: number | undefined;
  /** The tile size that the cohort is meant for: a motif lies wholly within one square of this grid. 64 if unset. */
  readonly patch?: number | undefined;
  /** Side of a motif in pixels: 64, or the patch if that is smaller. */
  readonly motifSize?: number | undefined;
  /** Motifs on a slide (see the task); from the slide's size if unset. */
  readonly motifs?: number | undefined;
  /** Put motifs anywhere in their square instead of its top left corner. */
  readonly jitter?: boolean | undefined;
  /** Share of a slide that is tissue, about; 0.5 if unset. */
  readonly coverage?: number | undefined;
  /** How much the strength of the stain differs from slide to slide, up or down; 0.03 if unset. */
  readonly stainVariation?: number | undefined;
  /** Share of the slides in the split `test`; 0.25 if unset. */
  readonly testFraction?: number | undefined;
  /** Survival: expected share of censored patients; 0.3 if unset. */
  readonly censoring?: number | undefined;
  /** Pixels of the side of the file's tiles; 256 if unset. */
  readonly tileSize?: number | undefined;
  readonly levelFactor?: 2 | 4 | undefined;
  /** JPEG quality; 80 if unset. */
  readonly quality?: number | undefined;
  readonly chroma?: '4:2:0' | '4:4:4' | undefined;
  /** Replace a cohort that other arguments made. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SynthesisProgress) => void) | undefined;
}

export interface SynthesisProgress {
  /** Slides that are whole, those found from an earlier run included. */
  readonly slides: number;
  readonly total: number;
  /** Share of all the work, 0 to 1. */
  readonly fraction: number;
}

/** The numbers that, with the texture, decide every byte. */
export interface SynthesisParameters {
  readonly slides: number;
  readonly width: number;
  readonly height: number;
  readonly task: SynthesisTask;
  readonly seed: number;
  readonly patch: number;
  readonly motifSize: number;
  readonly motifs: number;
  readonly jitter: boolean;
  readonly coverage: number;
  readonly stainVariation: number;
  readonly testFraction: number;
  readonly censoring: number;
  readonly tileSize: number;
  readonly levelFactor: 2 | 4;
  readonly quality: number;
  readonly chroma: '4:2:0' | '4:4:4';
}

const DEFAULTS = {
  seed: 0,
  patch: 64,
  jitter: false,
  coverage: 0.5,
  stainVariation: 0.03,
  testFraction: 0.25,
  censoring: 0.3,
  tileSize: 256,
  levelFactor: 2,
  quality: 80,
  chroma: '4:2:0',
} as const satisfies Partial<SynthesisParameters>;

/** @throws WsiError InvalidArgument with everything that is wrong */
export function resolveParameters(options: SynthesisOptions): SynthesisParameters {
  const patch = options.patch ?? DEFAULTS.patch;
  const coverage = options.coverage ?? DEFAULTS.coverage;
  const parameters: SynthesisParameters = {
    slides: options.slides,
    width: options.width,
    height: options.height,
    task: options.task,
    seed: options.seed ?? DEFAULTS.seed,
    patch,
    motifSize: options.motifSize ?? Math.min(64, patch),
    motifs: options.motifs ?? defaultMotifs(options, patch, coverage),
    jitter: options.jitter ?? DEFAULTS.jitter,
    coverage,
    stainVariation: options.stainVariation ?? DEFAULTS.stainVariation,
    ...outcomeParameters(options),
    ...fileParameters(options),
  };
  const problems = findProblems(parameters);
  if (options.mpp !== undefined && !(options.mpp >= 0.01 && options.mpp <= 100)) {
    problems.push(`mpp must be from 0.01 to 100, not ${options.mpp}`);
  }
  if (problems.length === 0) return parameters;
  throw new WsiError('InvalidArgument', `the cohort cannot be made: ${problems.join('; ')}.`);
}

function outcomeParameters(
  options: SynthesisOptions,
): Pick<SynthesisParameters, 'testFraction' | 'censoring'> {
  return {
    testFraction: options.testFraction ?? DEFAULTS.testFraction,
    censoring: options.censoring ?? DEFAULTS.censoring,
  };
}

function fileParameters(
  options: SynthesisOptions,
): Pick<SynthesisParameters, 'tileSize' | 'levelFactor' | 'quality' | 'chroma'> {
  return {
    tileSize: options.tileSize ?? DEFAULTS.tileSize,
    levelFactor: options.levelFactor ?? DEFAULTS.levelFactor,
    quality: options.quality ?? DEFAULTS.quality,
    chroma: options.chroma ?? DEFAULTS.chroma,
  };
}

/**
 * One motif for `needle`, else an even number up to 64: a quarter of the patches on tissue, an eighth of either kind
 * for `survival`. With half as many, a small cohort is learned by heart before the outcome is found.
 */
function defaultMotifs({ task, width, height }: SynthesisOptions, patch: number, coverage: number): number {
  if (task === 'needle') return 1;
  const squares = Math.floor(width / patch) * Math.floor(height / patch);
  return Math.min(64, Math.max(2, 2 * Math.round((squares * coverage) / (task === 'survival' ? 16 : 8))));
}

function findProblems(parameters: SynthesisParameters): string[] {
  const problems: string[] = [];
  const whole = (name: string, value: number, low: number, high: number): void => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    problems.push(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
  };
  const share = (name: string, value: number, low: number, high: number): void => {
    if (!(value >= low && value <= high))
      problems.push(`${name} must be from ${low} to ${high}, not ${value}`);
  };
  const { patch, motifSize, task, tileSize } = parameters;
  whole('slides', parameters.slides, 1, 100_000);
  whole('width', parameters.width, 64, 1_000_000);
  whole('height', parameters.height, 64, 1_000_000);
  whole('seed', parameters.seed, 0, 2 ** 32 - 1);
  whole('patch', patch, 16, 4096);
  whole('motifSize', motifSize, 16, 4096);
  whole('motifs', parameters.motifs, 1, 1_000_000);
  whole('quality', parameters.quality, 1, 100);
  whole('tileSize', tileSize, 32, 1024);
  share('coverage', parameters.coverage, 0.01, 0.9);
  share('stainVariation', parameters.stainVariation, 0, 0.5);
  share('testFraction', parameters.testFraction, 0, 0.9);
  share('censoring', parameters.censoring, 0, 0.9);
  if (tileSize % 32 !== 0) problems.push(`tileSize must be a multiple of 32, not ${tileSize}`);
  if (motifSize > patch) problems.push(`a motif of ${motifSize} pixels does not fit in a patch of ${patch}`);
  if (task === 'cooccurrence' && parameters.motifs % 2 !== 0) {
    problems.push(`motifs must be even for cooccurrence (half are of each kind), not ${parameters.motifs}`);
  }
  if (!SYNTHESIS_TASKS.includes(task)) {
    problems.push(`task must be one of ${SYNTHESIS_TASKS.join(', ')}, not '${task}'`);
  }
  return problems;
}
