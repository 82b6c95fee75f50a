// @ts-check
/**
 * What the parts of the set-up are given, and what each of them is: a question that costs milliseconds, and work.
 *
 * @typedef {'cpu' | 'gpu' | 'none'} TensorFlowSetting
 *
 * @typedef {object} Context
 * @property {string} root the repository
 * @property {string} cache
 * @property {import('./versions.mjs').Platform} platform
 * @property {TensorFlowSetting} tensorflow
 * @property {NodeJS.ProcessEnv} env
 * @property {(line: string) => void} say progress
 * @property {(pid: number) => void} onStart records in the lock which program runs
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {() => boolean} isDone checks files only, starts nothing
 * @property {() => readonly import('./required-tools.mjs').Tool[]} tools the programs that the work needs
 * @property {number} diskBytes what the work leaves in the cache at its height, roughly
 * @property {() => Promise<void>} perform
 */
export {};
