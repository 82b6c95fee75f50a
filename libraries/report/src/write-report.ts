import { writeFileAtomically } from '@wsi-operator/foundation';
import { join } from 'node:path';
import { readRun } from './read-run.ts';
import { renderReport, type ReportOptions } from './render.ts';

/**
 * Makes `report.html` in the output directory of a run, from what the run left there.
 *
 * @returns the path of the report
 * @throws WsiError `NotFound` when the directory holds nothing of a run; `StorageFailed` when it cannot be written
 */
export async function writeReport(directory: string, options: ReportOptions = {}): Promise<string> {
  const path = join(directory, 'report.html');
  await writeFileAtomically(path, renderReport(await readRun(directory), options));
  return path;
}
