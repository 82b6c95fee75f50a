#!/usr/bin/env node
/**
 * The operator: `node operator/src/main.ts [options]`. Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failed or no longer
 * the leader, 2 wrong options.
 *
 * It listens for signals before it loads anything: the first process of a container hears none that it has not asked for.
 */
const listener = { heard: (_signal: NodeJS.Signals): void => process.exit(0) };
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => listener.heard(signal));

const { runOperator } = await import('./service/process.ts');
// A signal that has come meanwhile is heard before anything begins.
await new Promise((resolve) => setImmediate(resolve));
process.exitCode = await runOperator((heard) => {
  listener.heard = heard;
});
// Connections that are still open must not keep a process alive that no longer acts.
process.exit();

export {};
