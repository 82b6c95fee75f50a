/** The real terminal. */
import { createInterface } from 'node:readline/promises';
import { systemClock } from '@wsi-operator/foundation';
import { createDisplay } from '../progress/display.ts';
import { watchInterrupts } from '../progress/interrupts.ts';
import type { Terminal } from './session.ts';
import { printable } from '../terminal/printable.ts';
import {
  drawingStream,
  noteLine,
  rowsOfTerminal,
  standardError,
  standardOutput,
  takesColours,
  writeData,
} from '../terminal/streams.ts';

export const processTerminal: Terminal = {
  out: (text) => standardOutput.write(text),
  data: writeData,
  note: noteLine,
  get columns() {
    return Math.max(40, standardOutput.columns || 120);
  },
  get rows() {
    return Math.max(5, rowsOfTerminal() || 40);
  },
  get colour() {
    return takesColours();
  },
  get redraws() {
    return standardOutput.isTTY;
  },
  clock: systemClock,
  display: () => createDisplay(standardError, systemClock),
  interrupts: (onFirst) => watchInterrupts(systemClock, onFirst),
  confirm: async (question) => {
    if (!process.stdin.isTTY || !standardError.isTTY) return undefined;
    const lines = createInterface({ input: process.stdin, output: drawingStream });
    try {
      return /^y(es)?$/i.test((await lines.question(`${printable(question)} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  },
};
