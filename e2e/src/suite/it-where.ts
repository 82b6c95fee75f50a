/** Tests that not every cluster allows: skipped where it does not, with the reason in their name. */
import { it } from '@jest/globals';
import { isBuilt, type GoProgram } from '@wsi-operator/cluster';
import type { Session } from './session.ts';

type Test = (name: string, test: () => Promise<void>, timeout?: number) => void;

export function itWhere(possible: boolean, otherwise: string): Test {
  return (name, test, timeout) => {
    if (possible) it(name, test, timeout);
    else it.skip(`${name} (${otherwise})`, test, timeout);
  };
}

/** What a test needs beyond a cluster, and why it is left out where it may not have it. */
export function whereBuilt(session: Session, program: GoProgram): readonly [boolean, string] {
  return [session.file.builds || isBuilt(program), `${program.name} has not been built here`];
}

/** Tests that take many minutes, on clusters that allow them. */
export function itAtLength(session: Session, possible: boolean, otherwise: string): Test {
  return session.file.short ? itWhere(false, 'it takes many minutes') : itWhere(possible, otherwise);
}
