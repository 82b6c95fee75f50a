/** Where the program of a hostile coordinator is, for tests that start it. */
import { fileURLToPath } from 'node:url';

export const hostileCoordinatorProgram = fileURLToPath(new URL('hostile-coordinator.mjs', import.meta.url));
