/** Shows a running job: two lines that move on a terminal, a line now and then anywhere else. */
import cliProgress from 'cli-progress';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import type { Clock } from '@wsi-operator/foundation';
import { activity, barLine, detailLine, plainLine } from './view.ts';
import { oneLine, printable } from '../terminal/printable.ts';
import { drawingStream, type TextStream } from '../terminal/streams.ts';

export interface ProgressDisplay {
  status(status: WsiTrainingJobStatus): void;
  /** A line that stays. */
  say(line: string): void;
  /** Leaves the last state on the screen. */
  stop(): void;
}

const CLEAR_TO_END_OF_LINE = '\u001b[K';

/** On a stream without a terminal: a line when the activity changes, and otherwise every so often. */
const LINE_INTERVAL_MILLISECONDS = 10_000;

export function createDisplay(stream: TextStream, clock: Clock): ProgressDisplay {
  return stream.isTTY ? terminalDisplay(drawingStream) : lineDisplay(stream, clock);
}

function terminalDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  let last: WsiTrainingJobStatus = {};
  let stopped = false;
  const columns = (): number => Math.max(20, (stream.columns || 80) - 1);
  const bars = new cliProgress.MultiBar({
    stream,
    hideCursor: true,
    emptyOnZero: true,
    // Lines that stay are longer than the terminal at times; the moving ones are drawn whole below them.
    linewrap: true,
    forceRedraw: true,
    // Ctrl-C is the run's to handle.
    gracefulExit: false,
  });
  const lines = [barLine, detailLine].map((line) =>
    bars.create(1, 0, {}, { format: () => oneLine(line(last, columns())).slice(0, columns()) }),
  );
  return {
    status(status): void {
      last = status;
      for (const line of lines) line.update(Math.min(0.999, status.progress?.fraction ?? 0));
    },
    say(text): void {
      if (stopped) return;
      bars.log(folded(printable(text), columns()));
      bars.update();
    },
    stop(): void {
      if (stopped) return;
      stopped = true;
      bars.update();
      bars.stop();
    },
  };
}

/** Folded at the terminal's width; each line wipes what the moving lines had left there. */
export function folded(text: string, columns: number): string {
  const lines = text.split('\n').flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? ['']);
  return lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}\n`).join('');
}

export function lineDisplay(stream: Pick<TextStream, 'write'>, clock: Clock): ProgressDisplay {
  let shownAt = -Infinity;
  let shownActivity = '';
  let shown = '';
  return {
    status(status): void {
      const now = clock.monotonic();
      const doing = activity(status);
      if (doing === shownActivity && now - shownAt < LINE_INTERVAL_MILLISECONDS) return;
      const line = plainLine(status);
      if (line === shown) return;
      [shownAt, shownActivity, shown] = [now, doing, line];
      stream.write(`${line}\n`);
    },
    say: (line) => stream.write(`${line}\n`),
    stop: () => undefined,
  };
}
