/** Programs that the machine has already. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @returns its path, or undefined when no folder of PATH has it */
export function programOnPath(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** What is missing, each with what it is needed for. */
export function missingPrograms(needed: Readonly<Record<string, string>>): string[] {
  return Object.entries(needed).flatMap(([name, use]) =>
    programOnPath(name) === undefined ? [`there is no "${name}" on PATH, which ${use}`] : [],
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
