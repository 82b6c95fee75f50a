// A process that behaves as a role towards the operator, and does nothing else: what the local cluster is tested with.
// It logs to $TEST_DIRECTORY/trace and obeys files there: `finish` ends the coordinator well, `fail-ROLE-INDEX` (its
// content is "CODE MESSAGE") ends a role badly, once.
import { appendFileSync, existsSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const role = process.argv.at(-1);
const replica = process.env.WSI_REPLICA;
const directory = process.env.TEST_DIRECTORY;
const trace = (text) => appendFileSync(join(directory, 'trace'), `${role} ${replica} ${text}\n`);

const obeyOrders = () => {
  const order = join(directory, `fail-${role}-${replica}`);
  if (existsSync(order)) {
    const [code, ...message] = readFileSync(order, 'utf8').split(' ');
    rmSync(order);
    writeFileSync(process.env.WSI_TERMINATION_LOG, message.join(' '));
    process.exit(Number(code));
  }
  if (role === 'coordinator' && existsSync(join(directory, 'finish'))) {
    const result = {
      parametersSha256: 'b'.repeat(64),
      steps: 7,
      tiles: 70,
      tilesPerSecond: 1,
      metrics: {},
      peakMemoryBytes: {},
    };
    writeFileSync(join(process.env.WSI_OUTPUT, 'result.json'), JSON.stringify(result));
    process.exit(0);
  }
};

process.on('SIGTERM', () => {
  trace('asked to stop');
  if (process.env.TEST_STUBBORN === '1') return;
  // Time enough for the others to be seen leaving too early, if they did.
  setTimeout(
    () => {
      trace('stopped');
      if (role === 'coordinator') writeFileSync(process.env.WSI_TERMINATION_LOG, '{"checkpointStep":3}\n');
      process.exit(143);
    },
    role === 'coordinator' ? 150 : 0,
  );
});
if (process.env.TEST_ORPHAN !== '1') {
  process.stdin.on('end', () => {
    trace('parent gone');
    process.exit(1);
  });
}
process.stdin.resume();
watch(directory, obeyOrders);
trace(`started ${process.pid}`);
if (process.env.WSI_TENSORFLOW === 'gpu') trace(`sees ${process.env.CUDA_VISIBLE_DEVICES ?? 'all devices'}`);
console.log(`listening on ${process.env.WSI_LISTEN ?? ''} for ${process.env.WSI_COORDINATOR ?? ''}`);
obeyOrders();
setTimeout(() => undefined, 2_000_000_000);
