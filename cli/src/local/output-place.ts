/** Where a run may not write: among the slides that it reads, and over the table. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { slideDirectory, type WsiTrainingJob } from '@wsi-operator/api';
import { directoryOf } from '@wsi-operator/cohort';
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address } from '@wsi-operator/slides';

const REMEDY = 'Choose a directory of its own for --output.';

/**
 * @param cohort with absolute paths
 * @throws WsiError InvalidArgument for the directory of the slides or one in it, and for that of the table
 */
export function requireOwnPlace(output: string, cohort: WsiTrainingJob['spec']['cohort']): void {
  const { table } = cohort;
  const { path: slides } = slideDirectory(cohort);
  const place = realPath(resolve(output));
  const tables = isS3Address(table) ? undefined : realPath(directoryOf(table));
  if (place === tables) throw taken(output, `is the directory of the cohort's table (${table})`);
  if (isS3Address(slides)) return;
  const home = realPath(slides);
  // Beside a table that lies among its slides a run has always had its place.
  if (home !== tables && isWithin(place, home)) {
    throw taken(output, `is within the directory of the slides (${slides})`);
  }
}

function taken(output: string, problem: string): WsiError {
  return new WsiError('InvalidArgument', problem, { where: output, remedy: REMEDY });
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way.split(/[/\\]/)[0] !== '..';
}

/** Without links, also of a directory that is to be made. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}
