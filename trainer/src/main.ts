/**
 * Entry point of every role: `node trainer/src/main.ts coordinator|server|worker`, configured by the environment.
 *
 * It listens for signals before it loads anything: the first process of a container hears none that it has not asked for,
 * so one that is asked to stop while it starts would live until its grace period is over.
 */

/** `exitCodes.stopped`: nothing has begun, so there is nothing to hand over. */
const STOPPED = 143;

const listener = { heard: (_signal: NodeJS.Signals): void => process.exit(STOPPED) };
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => listener.heard(signal));

await import('./feeding/thread-pool.ts');
const { runRole } = await import('./role.ts');
// A signal that has come meanwhile is heard before anything begins.
await new Promise((resolve) => setImmediate(resolve));
process.exitCode = await runRole(process.argv[2], (heard) => {
  listener.heard = heard;
});
// Open handles of a role that is done (sockets of peers that died, TensorFlow's threads) must not keep it alive.
process.exit();

export {};
