/** The real terminal. */
import { createInterface } from 'node:readline/promises';
import { systemClock } from '@wsi/foundation';
import { createDisplay } from '../progress/display.ts';
import { watchInterrupts } from '../progress/interrupts.ts';
import type { Terminal } from './session.ts';

export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  note: (line) => void process.stderr.write(`${line}\n`),
  get columns() {
    return Math.max(40, process.stdout.columns || 120);
  },
  get rows() {
    return Math.max(5, process.stdout.rows || 40);
  },
  get colour() {
    // NO_COLOR and the like, as Node reads them.
    return process.stdout.isTTY && process.stdout.hasColors();
  },
  get redraws() {
    return process.stdout.isTTY;
  },
  clock: systemClock,
  display: () => createDisplay(process.stderr, systemClock),
  interrupts: (onFirst) => watchInterrupts(systemClock, onFirst),
  confirm: async (question) => {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  },
};
