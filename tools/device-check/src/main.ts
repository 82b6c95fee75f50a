/** `npm run device-check`: checks what this machine computes on. Exit codes: 0 passed, 1 a check failed, 64 wrong options. */
import { WsiError } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';
import { check } from './checks.ts';
import { describeMachine } from './device/machine.ts';
import { HELP, readOptions } from './options.ts';
import { formatReport, hasPassed } from './report.ts';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const machine = await describeMachine(options.device, process.env);
  const findings = await check(options, machine, (what) => process.stderr.write(`device-check: ${what}\n`));
  const { tensorflowVersion, tensorflowVariant } = readSetup();
  const report = formatReport(findings, machine, {
    day: new Date().toISOString().slice(0, 10),
    versions: `TensorFlow ${tensorflowVersion ?? 'unknown'} (${tensorflowVariant ?? 'unknown'}), Node ${process.version}`,
    threads: options.threads,
  });
  process.stdout.write(`${report}\n`);
  if (!hasPassed(findings)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof WsiError && error.code === 'InvalidArgument' ? 64 : 1;
}
