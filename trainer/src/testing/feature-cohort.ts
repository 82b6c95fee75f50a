/** Support for tests: a small cohort of files of features on disk, and a job on it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobFromText, type WsiTrainingJob } from '@wsi-operator/api';
import { RandomStream } from '@wsi-operator/foundation';
import { FeatureWriter, type FeatureLayout } from '@wsi-operator/features';

export interface FeatureFileOptions {
  readonly layout?: FeatureLayout;
  readonly rows?: number;
  readonly size?: number;
  readonly encoder?: string;
  /** Added to some of the rows: what there is to learn. */
  readonly signal?: number;
  readonly seed?: number;
}

/** More rows than a block has, so that a slide is several tasks. */
const ROWS = 2500;
const SIZE = 16;

/** Writes rows of random numbers, of which a tenth have the signal in their first number. */
export async function writeFeatures(path: string, options: FeatureFileOptions = {}): Promise<void> {
  const { layout = 'trident', rows = ROWS, size = SIZE, encoder = 'made-up', signal = 0, seed = 1 } = options;
  const stream = new RandomStream(seed, 'features');
  const features = Float32Array.from({ length: rows * size }, () => stream.normal());
  for (let row = 0; row < rows; row += 10) features[row * size]! += signal;
  const side = Math.ceil(Math.sqrt(rows));
  const coordinates = Float64Array.from({ length: rows * 2 }, (_, at) =>
    at % 2 === 0 ? ((at >> 1) % side) * 256 : Math.floor((at >> 1) / side) * 256,
  );
  const writer = new FeatureWriter();
  const content = {
    ...{ layout, size, slide: 'slide', width: side * 256, height: side * 256 },
    key: {
      encoder,
      encoderDigest: encoder,
      patches: '{}',
      slideFingerprint: `${seed}`,
      toolVersion: '1',
    },
    tile: { side: 256, level0Side: 256, overlap: 0, resolution: { mpp: 0.5, level0Mpp: 0.5 } },
  };
  await writer.write(path, content, [{ features, coordinates }]);
  await writer.close();
}

export interface FeatureCohort {
  readonly job: WsiTrainingJob;
  readonly table: string;
  /** Of the files of features. */
  readonly folder: string;
}

const LAYOUTS = ['trident', 'clam', 'stamp'] as const;

/** Eight slides of two classes, in all layouts in turn. @param set as of `--set` */
export async function featureCohort(
  directory: string,
  set: readonly string[] = [],
  options: FeatureFileOptions = {},
): Promise<FeatureCohort> {
  const folder = join(directory, 'features');
  await mkdir(folder, { recursive: true });
  const rows = ['patient,slide,label'];
  for (let slide = 0; slide < 8; slide++) {
    const positive = slide % 2 === 1;
    await writeFeatures(join(folder, `slide-${slide}.h5`), {
      layout: LAYOUTS[slide % 3]!,
      seed: slide + 1,
      signal: positive ? 3 : 0,
      rows: ROWS + 10 * slide,
      ...options,
    });
    rows.push(`p${slide},slide-${slide}.svs,${positive ? 'yes' : 'no'}`);
  }
  const table = join(directory, 'cohort.csv');
  await writeFile(table, `${rows.join('\n')}\n`);
  return { job: featureJob({ table, folder }, set), table, folder };
}

export function featureJob(
  { table, folder }: { readonly table: string; readonly folder: string },
  set: readonly string[] = [],
): WsiTrainingJob {
  const text = `
apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: {name: features}
spec:
  cohort:
    table: ${table}
    features: ${folder}
    outcome: {type: classification, column: label}
    split: {test: 0.25, seed: 1}
  model:
    aggregator: {name: attention, hidden: 8}
    head: {name: classification, hidden: 0}
  training: {epochs: 4, slidesPerStep: 3, optimizer: {learningRate: 0.01}}
  checkpoint: {everySteps: 3, keep: 2}
`;
  return jobFromText(text, 'job.yaml', { overrides: [...set] });
}
