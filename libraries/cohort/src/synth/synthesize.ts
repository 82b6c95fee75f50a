/**
 * Makes a synthetic cohort: real slide files whose outcome is known to be in the pixels, and known to be where.
 * The same arguments give the same bytes. An interrupted run is taken up where it stopped: slides that the same
 * arguments made are recognised by a digest in their description and kept.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256, storageError, WsiError, writeFileAtomically } from '@wsi-operator/foundation';
import { isWholeSlide, writePyramid } from '@wsi-operator/slides/tiff-writer';
import { jobText, pageText, tableText, truthText, type SynthesizedSlide } from './cohort-files.ts';
import { resolveParameters, type SynthesisOptions, type SynthesisParameters } from './options.ts';
import { paintSlide } from './slide-painter.ts';
import { planSlide } from './slide-plan.ts';
import { HAZARD_MODEL } from './survival.ts';
import { assignTask, type Assignments } from './tasks.ts';
import { proceduralTexture, slideTexture, type Texture } from './texture.ts';

/** Raised whenever the same arguments would give other pixels. */
const GENERATOR = 1;

export interface SynthesisResult {
  readonly output: string;
  readonly table: string;
  readonly job: string;
  /** Slides written by this call. */
  readonly written: number;
  /** Slides found whole from an earlier call. */
  readonly kept: number;
  /** Bytes of all slides. */
  readonly bytes: number;
  readonly parameters: SynthesisParameters;
  readonly notes: readonly string[];
}

/** Everything that decides the pixels besides the plan of each slide. */
interface Recipe {
  readonly generator: number;
  readonly parameters: SynthesisParameters;
  readonly mpp: number;
  readonly texture: { readonly size: number; readonly fingerprint: string };
}

/**
 * @throws WsiError InvalidArgument (impossible parameters, or the directory holds another cohort and `force` is not
 *   set), StorageFailed, Cancelled, and what opening the texture's slide throws
 */
export async function synthesizeCohort(options: SynthesisOptions): Promise<SynthesisResult> {
  const parameters = resolveParameters(options);
  const assignments = assignTask(parameters);
  const { texture, recipe } = await makeTexture(options, parameters);
  await claimDirectory(options, recipe, assignments);
  const slides: SynthesizedSlide[] = [];
  let written = 0;
  let bytes = 0;
  for (const [index, assignment] of assignments.patients.entries()) {
    const plan = planSlide(parameters, texture.size, assignment, index);
    slides.push({ assignment, plan });
    const path = join(options.output, 'slides', assignment.slide);
    const digest = sha256(canonicalJson([recipe, plan]));
    let size = await isWholeSlide(path, digest);
    if (size === undefined) {
      const result = await writePyramid(path, paintSlide(plan, texture, parameters.tileSize), {
        ...parameters,
        mpp: recipe.mpp,
        description: description(recipe, digest),
        signal: options.signal,
        onRow: (done, rows) => report(options, index, done / rows),
      });
      size = result.bytes;
      written++;
    }
    bytes += size;
    report(options, index + 1, 0);
  }
  const files: readonly (readonly [string, string])[] = [
    ['truth.json', truthText(slides)],
    ['job.yaml', jobText(parameters, recipe.mpp)],
    ['README.md', pageText(parameters, assignments)],
    ['cohort.csv', tableText(assignments.patients)],
  ];
  for (const [name, text] of files) await writeFileAtomically(join(options.output, name), text);
  return {
    output: options.output,
    table: join(options.output, 'cohort.csv'),
    job: join(options.output, 'job.yaml'),
    written,
    kept: slides.length - written,
    bytes,
    parameters,
    notes: assignments.notes,
  };
}

function report({ onProgress, slides: total }: SynthesisOptions, slides: number, part: number): void {
  onProgress?.({ slides, total, fraction: (slides + part) / total });
}

async function makeTexture(
  options: SynthesisOptions,
  parameters: SynthesisParameters,
): Promise<{ texture: Texture; recipe: Recipe }> {
  const size = Math.max(parameters.width, parameters.height) <= 4096 ? 1024 : 2048;
  const common = { generator: GENERATOR, parameters };
  if (options.texture === undefined) {
    const texture = proceduralTexture(size, parameters.seed);
    return {
      texture,
      recipe: { ...common, mpp: options.mpp ?? 0.5, texture: { size, fingerprint: 'procedural' } },
    };
  }
  const texture = await slideTexture(options.texture, size, parameters.seed);
  const { fingerprint } = texture;
  const mpp = options.mpp ?? texture.mpp ?? 0.5;
  return { texture, recipe: { ...common, mpp, texture: { size, fingerprint } } };
}

/** Writes cohort.json first, so that a directory always says which arguments its slides are of. */
async function claimDirectory(
  { output, force }: SynthesisOptions,
  recipe: Recipe,
  { censoringRate }: Assignments,
): Promise<void> {
  const path = join(output, 'cohort.json');
  const survival = censoringRate === undefined ? {} : { hazard: HAZARD_MODEL, censoringRate };
  const text = `${JSON.stringify({ ...recipe, ...survival }, undefined, 1)}\n`;
  const slides = join(output, 'slides');
  const existing = await readFile(path, 'utf8').catch(() => undefined);
  const entries = await readdir(slides).catch(() => []);
  const known = existing === text;
  if (
    !known &&
    force !== true &&
    (existing !== undefined || entries.some((name) => !name.endsWith('.tmp')))
  ) {
    throw new WsiError('InvalidArgument', 'the directory holds slides that other arguments made.', {
      where: output,
      remedy: 'Give another directory, or --force to replace them.',
    });
  }
  try {
    await mkdir(slides, { recursive: true });
    if (!known) {
      // The table comes last of all files: until then, an interrupted cohort must not look like the old one.
      await rm(join(output, 'cohort.csv'), { force: true });
      for (const name of entries) {
        if (/^slide-\d+\.tiff$/.test(name)) await rm(join(slides, name));
      }
    }
    for (const name of entries) await removeLeftover(slides, name);
  } catch (error) {
    throw storageError(output, error);
  }
  await writeFileAtomically(path, text);
}

/** Half-written slides of a process that was killed; those of a living one are its own. */
async function removeLeftover(directory: string, name: string): Promise<void> {
  const owner = /^slide-\d+\.tiff\.(\d+)\.tmp$/.exec(name)?.[1];
  if (owner === undefined || isRunning(Number(owner))) return;
  await rm(join(directory, name), { force: true });
}

function isRunning(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return true;
  } catch {
    return false;
  }
}

/** As Aperio's scanners write it, because OpenSlide and most viewers take resolution from it; it names its true origin. */
function description({ parameters, mpp }: Recipe, digest: string): string {
  const { width, height, tileSize, quality, chroma } = parameters;
  return [
    `Aperio-compatible synthetic slide (wsi-operator)\r\n${width}x${height} [0,0 ${width}x${height}] ` +
      `(${tileSize}x${tileSize}) JPEG/YCC ${chroma} Q=${quality}`,
    `AppMag = ${Math.round(100 / mpp) / 10}`,
    `MPP = ${mpp}`,
    `Synthesis = ${digest}`,
  ].join('|');
}
