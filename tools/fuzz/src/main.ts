/**
 * `npm run fuzz -- TARGET --minutes N [--seed S]`: tries mutated inputs on a parser, in a process of its own, so that one
 * that dies or hangs is a finding, too. Findings are added to the corpus. Without a target all of them share the time.
 * Exit codes: 0 nothing found, 1 findings, 2 wrong arguments.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { campaign } from './campaign.ts';
import { addToCorpus, readCorpus } from './corpus.ts';
import { targets } from './targets/index.ts';

/** Without a new input for so long, it hangs. */
const HANGING_MILLISECONDS = 120_000;

interface Counted {
  readonly inputs: number;
  readonly values: number;
  readonly refused: number;
  readonly findings: readonly { readonly what: string; readonly path: string }[];
}

async function fuzz(name: string, milliseconds: number, seed: number): Promise<void> {
  const target = targets.find((of) => of.name === name)!;
  const end = performance.now() + milliseconds;
  const current = process.env['WSI_FUZZ_INPUT'] ?? '';
  const counts = await campaign(target, {
    seed,
    corpus: await readCorpus(name),
    more: () => performance.now() < end,
    before: (input) => {
      writeFileSync(current, input);
      process.send?.('alive');
    },
  });
  await target.close?.();
  const findings = await Promise.all(
    counts.findings.map(async ({ what, input }) => ({ what, path: await addToCorpus(name, input) })),
  );
  await new Promise((sent) => process.send?.({ ...counts, findings } satisfies Counted, sent));
}

/** @returns undefined when it died or hung: the input is in the corpus then */
async function apart(name: string, milliseconds: number, seed: number): Promise<Counted | string> {
  const folder = mkdtempSync(join(tmpdir(), 'wsi-fuzz-input-'));
  const current = join(folder, 'input');
  try {
    const child = fork(
      import.meta.filename,
      [name, '--apart', String(milliseconds), '--seed', String(seed)],
      {
        env: { ...process.env, WSI_FUZZ_INPUT: current, TMPDIR: folder },
        execArgv: ['--no-warnings'],
      },
    );
    let counted: Counted | undefined;
    let alive = performance.now();
    child.on('message', (message: Counted | 'alive') => {
      alive = performance.now();
      if (message !== 'alive') counted = message;
    });
    const watch = setInterval(() => {
      if (performance.now() - alive > HANGING_MILLISECONDS) child.kill('SIGKILL');
    }, 1000);
    const ended = await new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? 'unknown'}`));
    });
    clearInterval(watch);
    return counted ?? `ended by ${ended}: ${await addToCorpus(name, readFileSync(current))}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 30)) },
    apart: { type: 'string' },
  },
});
const seed = Number(values.seed);
const known = targets.map(({ name }) => name);
const wanted = positionals.length === 0 ? known : positionals;
const minutes = Number(values.minutes);
if (!wanted.every((name) => known.includes(name)) || !(minutes > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    `usage: npm run fuzz -- [TARGET...] [--minutes N] [--seed S]\ntargets: ${known.join(', ')}\n`,
  );
  process.exit(2);
}
if (values.apart !== undefined) {
  await fuzz(wanted[0]!, Number(values.apart), seed);
  process.exit(0);
}
for (const name of wanted) {
  const counts = await apart(name, (minutes * 60_000) / wanted.length, seed);
  if (typeof counts === 'string') {
    process.exitCode = 1;
    process.stdout.write(`${name}: ${counts}\n`);
    continue;
  }
  const { inputs, values: taken, refused, findings } = counts;
  process.stdout.write(
    `${name}: ${inputs} inputs, ${taken} values, ${refused} refused, ${findings.length} findings (seed ${seed})\n`,
  );
  for (const { what, path } of findings) process.stdout.write(`  ${path}\n    ${what}\n`);
  if (findings.length > 0) process.exitCode = 1;
}
