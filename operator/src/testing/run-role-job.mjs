// A whole `wsi run` as a process of its own, to be killed by a test.
import { buildJob } from './builders.ts';
import { runLocalJob } from '../local-run.ts';

const [script, output] = process.argv.slice(2);
const result = await runLocalJob({ job: buildJob(), output, entrypoint: [process.execPath, script] });
process.stdout.write(`${result.outcome}\n`);
