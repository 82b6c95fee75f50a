/** Tests that not every cluster allows: skipped where it does not, with the reason in their name. */
import { it } from '@jest/globals';

type Test = (name: string, test: () => Promise<void>, timeout?: number) => void;

export function itWhere(possible: boolean, otherwise: string): Test {
  return (name, test, timeout) => {
    if (possible) it(name, test, timeout);
    else it.skip(`${name} (${otherwise})`, test, timeout);
  };
}
