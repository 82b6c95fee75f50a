/** The chart and the operator as they were before the newest change of the chart, from the repository's history. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, run } from '@wsi-operator/cluster';

const REPOSITORY = new URL('../../../', import.meta.url).pathname;

async function git(...args: string[]): Promise<string> {
  return (await run('git', args, { cwd: REPOSITORY, timeoutSeconds: 60 })).trim();
}

/** @returns undefined where there is no history: in an archive of the sources, or a shallow clone */
export async function previousRevision(): Promise<string | undefined> {
  const newest = await attempt('git', ['rev-list', '-1', 'HEAD', '--', 'helm/wsi-operator', 'crds'], {
    cwd: REPOSITORY,
  }).catch(() => undefined);
  if (newest?.code !== 0 || newest.stdout.trim() === '') return undefined;
  const before = await attempt('git', ['rev-parse', '--verify', '--quiet', `${newest.stdout.trim()}^`], {
    cwd: REPOSITORY,
  });
  return before.code === 0 ? before.stdout.trim() : undefined;
}

export interface Revision {
  readonly chart: string;
  /** An image archive of its operator. */
  readonly archive: string;
  readonly image: string;
  remove(): Promise<void>;
}

/** Checks a revision out beside this one, and makes its operator's image with its own script. */
export async function checkOut(commit: string, directory: string): Promise<Revision> {
  const tree = join(directory, 'previous');
  await git('worktree', 'add', '--detach', '--force', tree, commit);
  const remove = async (): Promise<void> => {
    await rm(tree, { recursive: true, force: true });
    await git('worktree', 'prune');
  };
  try {
    const here = { cwd: tree, timeoutSeconds: 300 };
    await run('npm', ['run', '--silent', 'setup'], here);
    const output = join(directory, 'previous-image');
    const line = await run(
      process.execPath,
      ['tools/image/src/main.ts', '--target', 'operator', '--tag', 'previous', '--output', output],
      here,
    );
    const [image = '', , archive = ''] = line.trim().split(' ');
    return { chart: join(tree, 'helm/wsi-operator'), archive, image, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
