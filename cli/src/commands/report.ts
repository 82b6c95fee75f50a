/** `wsi report`: makes the report of a run again, or of one that is still under way. */
import type { Command } from 'commander';
import { writeReport } from '@wsi-operator/report';
import { printLine } from '../terminal/streams.ts';

const EXAMPLES = `
Examples:
  wsi report run1
  wsi report run1 --title "Hospital B, second reading"`;

interface ReportCommandOptions {
  readonly title?: string;
}

export function registerReport(program: Command): void {
  program
    .command('report')
    .summary('write the HTML report of a run')
    .description(
      'Write DIRECTORY/report.html from what a run left in its output directory:\n' +
        'results with confidence intervals, heatmaps, curves, predictions, time and\n' +
        'memory. One file that needs nothing else. A run that is not finished gives a\n' +
        'report so far.',
    )
    .argument('<directory>', 'output directory of `wsi run`')
    .option('--title <text>', "heading of the report (default: the job's name)")
    .addHelpText('after', EXAMPLES)
    .action(report);
}

async function report(directory: string, { title }: ReportCommandOptions): Promise<void> {
  const path = await writeReport(directory, title === undefined ? {} : { title });
  printLine(path);
}
