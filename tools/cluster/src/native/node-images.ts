/** Images in a node's containerd. */
import { writeImageArchive, writeLayer } from '@wsi-operator/image';
import { attempt, run } from '../command.ts';
import type { ImageArchive } from '../provider.ts';
import { PAUSE_IMAGE, containerdSocket } from './node-agent.ts';
import { inside, type NodeCell } from './node-cell.ts';
import type { Programs } from './programs.ts';
import { join } from 'node:path';

const IMPORT_SECONDS = 300;

/** The image of the process that holds a pod together: one program. */
export async function makePauseImage(programs: Programs, file: string): Promise<ImageArchive> {
  const layer = `${file}.layer`;
  const written = await writeLayer(layer, [
    { path: 'pause', mode: 0o755, content: { kind: 'file', from: programs.pause } },
  ]);
  await writeImageArchive(
    file,
    {
      name: PAUSE_IMAGE,
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      entrypoint: ['/pause'],
      environment: {},
      workingDirectory: '/',
      user: '65535:65535',
      labels: {},
    },
    [{ file: layer, description: 'pause', ...written }],
  );
  return { file, name: PAUSE_IMAGE };
}

export async function importImage(cell: NodeCell, programs: Programs, image: ImageArchive): Promise<void> {
  const command = ctr(cell, programs, ['images', 'import', image.file]);
  await run(command[0]!, command.slice(1), { timeoutSeconds: IMPORT_SECONDS });
}

export async function runtimeAnswers(cell: NodeCell, programs: Programs): Promise<boolean> {
  const command = ctr(cell, programs, ['version']);
  return (await attempt(command[0]!, command.slice(1), { timeoutSeconds: 10 })).code === 0;
}

/** Inside the cell: an import mounts what it unpacks. */
function ctr(cell: NodeCell, programs: Programs, args: readonly string[]): string[] {
  return inside(cell, [
    join(programs.containerdDirectory, 'ctr'),
    `--address=${containerdSocket(cell)}`,
    '--namespace=k8s.io',
    ...args,
  ]);
}
