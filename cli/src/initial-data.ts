/** What a job's model starts from, read where it can be reached from this machine. */
import { existsSync } from 'node:fs';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { openWeights, readEncoderWeights } from '@wsi-operator/engine';
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address } from '@wsi-operator/slides';
import { isMounted } from './cluster/path-warnings.ts';

export interface InitialCheck {
  readonly faults: readonly string[];
  readonly unchecked: readonly string[];
}

/** @param job its paths as it has them; `local` as they are meant on this machine */
export async function checkInitial(job: WsiTrainingJob, local: WsiTrainingJob): Promise<InitialCheck> {
  const { encoder, initialFrom } = local.spec.model;
  const faults: string[] = [];
  const unchecked: string[] = [];
  if (encoder.weights !== undefined) {
    const field = 'spec.model.encoder.weights';
    const reached = unreachable(job, { given: job.spec.model.encoder.weights, path: encoder.weights });
    if (reached !== undefined) unchecked.push(`${field}: ${reached}`);
    else faults.push(...(await faultsOfWeights(encoder.weights, encoder.name)));
  }
  if (initialFrom !== undefined) {
    const { checkpoint: path } = initialFrom;
    const field = 'spec.model.initialFrom.checkpoint';
    const reached = unreachable(job, { given: job.spec.model.initialFrom?.checkpoint, path });
    if (reached !== undefined) unchecked.push(`${field}: ${reached}`);
    else if (existsSync(path))
      unchecked.push(`${field}: whether its parts fit, which the run finds out first`);
    else faults.push(`${path}: there is no checkpoint or run here. Check the path of ${field}.`);
  }
  return { faults, unchecked };
}

/** Why it cannot be read from here, although the run may. */
function unreachable(
  job: WsiTrainingJob,
  { given = '', path }: { readonly given: string | undefined; readonly path: string },
): string | undefined {
  if (isS3Address(path)) return `${path} is in S3: it is checked when the run starts`;
  if (existsSync(path) || !isMounted(job, given)) return undefined;
  return `${given} is on a volume that only the pods see`;
}

async function faultsOfWeights(
  path: string,
  encoder: WsiTrainingJob['spec']['model']['encoder']['name'],
): Promise<string[]> {
  try {
    const bytes = await openWeights(path);
    try {
      await readEncoderWeights(bytes, encoder);
      return [];
    } finally {
      await bytes.close();
    }
  } catch (thrown) {
    return [WsiError.from(thrown).message];
  }
}
