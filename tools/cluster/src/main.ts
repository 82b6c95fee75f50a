/** `npm run cluster -- up|down|status`: a cluster on this machine for developers. */
import { wholeNumber, WsiError } from '@wsi-operator/foundation';
import { Command } from 'commander';
import { isAlive } from './native/daemon.ts';
import { readRecord } from './native/cluster-record.ts';
import { administratorConfig } from './native/native-cluster.ts';
import { isRunning, removeNativeCluster, startNativeCluster } from './native/native-provider.ts';

const print = (line: string): void => {
  process.stderr.write(`cluster: ${line}\n`);
};

interface UpOptions {
  readonly nodes: number;
  readonly gangScheduling: boolean;
  readonly kwok?: number;
}

async function up({ nodes, gangScheduling, kwok }: UpOptions): Promise<void> {
  const cluster = await startNativeCluster({ nodes, gangScheduling, log: print }, { mine: false });
  if (kwok !== undefined) await cluster.withFakeNodes(kwok);
  print('remove it with: npm run cluster -- down');
  const folders = [cluster.kubectl, cluster.helm].map((program) =>
    program.slice(0, program.lastIndexOf('/')),
  );
  process.stdout.write(`export KUBECONFIG=${cluster.kubeconfig}\nexport PATH=${folders.join(':')}:"$PATH"\n`);
}

function status(): void {
  const record = readRecord();
  if (record === undefined) {
    process.stdout.write('no cluster\n');
    process.exitCode = 1;
    return;
  }
  const ended = record.daemons.filter((daemon) => !isAlive(daemon));
  const use =
    record.owner === undefined ? '' : isAlive(record.owner) ? ', used by an e2e run' : ', left by an e2e run';
  process.stdout.write(
    `${isRunning(record) ? 'running' : 'broken'}${use}, ${record.cells.length} nodes, since ${record.startedAt}\n` +
      `export KUBECONFIG=${administratorConfig(record.home)}\n` +
      ended.map(({ name, log }) => `${name} has ended: ${log}\n`).join(''),
  );
  if (!isRunning(record)) process.exitCode = 1;
}

const program = new Command('npm run cluster --').description('A Kubernetes cluster on this machine.');
program
  .command('up')
  .description('start it, or find that it runs; prints the KUBECONFIG to use')
  .option('--nodes <count>', 'nodes', wholeNumber({ least: 1, most: 8 }), 2)
  .option('--gang-scheduling', "turn Kubernetes' own gang scheduling on", false)
  .option('--kwok <nodes>', 'add this many fake nodes', wholeNumber({ least: 1, most: 5000 }))
  .action(up);
program
  .command('down')
  .description('remove it, running or not')
  .action(async () => {
    print((await removeNativeCluster(print)) ? 'removed' : 'there was none');
  });
program.command('status').description('show whether it runs').action(status);

try {
  await program.parseAsync();
} catch (error) {
  print(WsiError.from(error).message);
  process.exitCode = 1;
}
