/** MNIST-bags as slides: `npm run mnist-bags`, or `node tools/bench/src/mnist-bags/main.ts [OPTIONS]`. */
import { InvalidOptionValue, wholeNumber, WsiError } from '@wsi-operator/foundation';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchPython } from '../bench-python.ts';
import { drawBags } from './bags.ts';
import { compareMnistBags } from './compare.ts';
import { readDigits } from './digits.ts';
import { mnistBagsTable } from './summary.ts';
import { writeCohort } from './write-cohort.ts';

const HELP = `Usage: node tools/bench/src/mnist-bags/main.ts --output DIR [OPTIONS]

Writes bags of handwritten digits as a cohort of slides: cohort.csv and slides/, for manifests/samples/mnist-bags.yaml.
With --compare: trains the sample on it with wsi run, and the authors' network in PyTorch on the same bags, for each
number of bags and each seed, and prints the AUC of the test bags. Run again after an interruption: what is finished
is kept.

  --output DIR   directory of the cohort; with --compare, of all cohorts and runs
  --bags N       training bags, an even number (default 200); with --compare perhaps several: 50,100,200,400
  --test N       test bags, an even number (default 300)
  --seed N       seed of the bags (default 1); with --compare perhaps several: 1,2,3
  --compare      train, too
  --python PATH  a Python with torch and Pillow (default: that of the set-up; "none": without PyTorch)
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      output: { type: 'string' },
      bags: { type: 'string', default: '200' },
      test: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      compare: { type: 'boolean', default: false },
      python: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (values.output === undefined) throw invalid('output', 'it is missing.');
  const directory = resolve(values.output);
  const trainingBags = numbers('bags', values.bags, 2);
  const seeds = numbers('seed', values.seed, 0);
  const [testBags = 0, ...moreTestBags] = numbers('test', values.test, 2);
  if (moreTestBags.length > 0) throw invalid('test', 'it is one number.');
  const digits = await readDigits();
  if (!values.compare) {
    const [train = 0] = trainingBags;
    if (trainingBags.length > 1) throw invalid('bags', 'it is one number without --compare.');
    if (seeds.length > 1) throw invalid('seed', 'it is one number without --compare.');
    const labels = digits.map(({ label }) => label);
    await writeCohort(directory, drawBags(labels, { train, test: testBags }, seeds[0]!), digits);
    process.stdout.write(`Wrote ${train + testBags} slides and their table in ${directory}\n`);
    return;
  }
  const python =
    values.python === 'none'
      ? null
      : (values.python ?? (await benchPython('See above, or compare with nothing: --python none.')));
  const rows = await compareMnistBags({
    ...{ directory, trainingBags, testBags, seeds, python, digits },
    onRow: (row) => process.stderr.write(`${JSON.stringify(row)}\n`),
  });
  await mkdir(directory, { recursive: true });
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  await writeFile(join(directory, 'rows.jsonl'), lines.join(''));
  process.stdout.write(`${mnistBagsTable(rows)}\n`);
}

function numbers(name: string, text: string, least: number): number[] {
  try {
    return text.split(',').map((one) => wholeNumber({ least })(one));
  } catch (error) {
    throw error instanceof InvalidOptionValue ? invalid(name, error.message) : error;
  }
}

function invalid(option: string, problem: string): WsiError {
  return new WsiError('InvalidArgument', problem, { where: `--${option}` });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof WsiError && error.code === 'InvalidArgument' ? 64 : 1;
}
