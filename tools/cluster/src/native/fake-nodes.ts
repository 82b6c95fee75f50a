/** Nodes that only pretend, for measurements at scale: kwok plays their kubelets. */
import type { Log } from '../provider.ts';
import type { NodeCell } from './node-cell.ts';
import type { Launch } from './native-cluster.ts';
import { isAlive } from './daemon.ts';
import { run } from '../command.ts';
import { FAKE_STAGES } from './fake-stages.ts';
import { buildGoProgram } from './go-program.ts';
import { kwok } from './programs.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAEMON = 'kwok';
/** Marks the nodes: kwok plays these, and nothing else is scheduled onto them without asking. */
export const FAKE_NODE = { key: 'wsi.dev/fake-node', value: 'true' } as const;

interface FakeNodeContext {
  readonly launch: Launch;
  readonly cell: NodeCell;
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly log: Log;
}

export async function addFakeNodes(count: number, context: FakeNodeContext): Promise<void> {
  const { launch, cell, kubeconfig, kubectl, log } = context;
  const running = launch.daemons.find(({ name }) => name === DAEMON);
  if (running === undefined || !isAlive(running)) {
    const program = join(await buildGoProgram(kwok, log), 'kwok');
    const configuration = join(launch.home, 'configuration', 'kwok.yaml');
    // One document after the other: of several, JSON is YAML too.
    const documents = [kwokConfiguration(), ...FAKE_STAGES];
    writeFileSync(configuration, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
    await launch.start(DAEMON, cell, [program, `--config=${configuration}`, `--kubeconfig=${kubeconfig}`]);
  }
  const objects = Array.from({ length: count }, (_, index) => fakeNode(index));
  await run(
    kubectl,
    [`--kubeconfig=${kubeconfig}`, 'apply', '--server-side', '--force-conflicts', '-f', '-'],
    {
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
      timeoutSeconds: 300,
    },
  );
  await run(
    kubectl,
    [
      `--kubeconfig=${kubeconfig}`,
      'wait',
      '--for=condition=Ready',
      'node',
      `--selector=${FAKE_NODE.key}=${FAKE_NODE.value}`,
      '--timeout=240s',
    ],
    { timeoutSeconds: 300 },
  );
  log(`${count} fake nodes are ready`);
}

export function fakeNode(index: number): unknown {
  const resources = {
    cpu: '64',
    memory: '256Gi',
    'ephemeral-storage': '1Ti',
    pods: '250',
    'nvidia.com/gpu': '8',
  };
  const name = `fake-${String(index).padStart(4, '0')}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [FAKE_NODE.key]: FAKE_NODE.value,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
      },
    },
    spec: { taints: [{ key: FAKE_NODE.key, value: FAKE_NODE.value, effect: 'NoSchedule' }] },
    status: { allocatable: resources, capacity: resources },
  };
}

function kwokConfiguration(): unknown {
  return {
    apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
    kind: 'KwokConfiguration',
    options: {
      manageNodesWithLabelSelector: `${FAKE_NODE.key}=${FAKE_NODE.value}`,
      nodeLeaseDurationSeconds: 200,
      enableCRDs: [],
      nodePlayStageParallelism: 4,
      podPlayStageParallelism: 8,
      nodeLeaseParallelism: 4,
    },
  };
}
