/**
 * NVIDIA's driver, asked by its own program: nothing else says what a machine has without loading CUDA. What the program says when it
 * cannot answer is turned into what to do.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemErrorCode, WsiError } from '../errors.ts';

/** A driver that is not kept loaded takes seconds for every device. */
const PATIENCE_MILLISECONDS = 60_000;
const LARGEST_ANSWER_BYTES = 2 ** 20;
const MOST_CHARACTERS = 200;

type Environment = Readonly<Record<string, string | undefined>>;

export interface NvidiaSmi {
  /** Its PATH is where the program is looked for. */
  readonly environment?: Environment;
  readonly program?: string;
  readonly patienceMilliseconds?: number;
}

/** In the order in which they are tried: what the program says, and what helps. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /version mismatch/i,
    'The driver was updated while the old one was loaded: restart the machine. In a container, start it anew.',
  ],
  [
    /couldn't communicate with the nvidia driver|driver not loaded/i,
    "Install NVIDIA's driver, or restart the machine if it is installed.",
  ],
  [/no devices were found/i, 'Give the machine or the container a GPU (docker run --gpus all).'],
  [
    /lost|fallen off the bus|unable to determine the device handle/i,
    'A GPU does not answer: restart the machine.',
  ],
  // Devices of a container are taken away when systemd reloads its units.
  [/failed to initialize nvml/i, 'Start the container anew, or restart the machine.'],
];

/**
 * What `nvidia-smi` prints.
 * @throws WsiError `NotFound` when there is no such program; `Unavailable` when it cannot answer
 */
export async function askNvidiaSmi(
  question: readonly string[],
  { environment = process.env, program = 'nvidia-smi', patienceMilliseconds }: NvidiaSmi = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, [...question], {
      env: environment,
      timeout: patienceMilliseconds ?? PATIENCE_MILLISECONDS,
      maxBuffer: LARGEST_ANSWER_BYTES,
    });
    // Some versions say so and end well.
    if (/^no devices were found/i.test(stdout.trim())) throw unanswered(stdout);
    return stdout;
  } catch (error) {
    if (error instanceof WsiError) throw error;
    if (systemErrorCode(error) === 'ENOENT') {
      throw new WsiError('NotFound', `there is no ${program}, which comes with NVIDIA's driver`, {
        remedy: "Install NVIDIA's driver, and put the folder of nvidia-smi on the PATH.",
        cause: error,
      });
    }
    throw unanswered(wordsOf(error), error);
  }
}

/** What it printed before it failed: its complaints are on either stream. */
function wordsOf(error: unknown): string {
  const {
    stdout = '',
    stderr = '',
    killed = false,
  } = error as {
    readonly stdout?: string;
    readonly stderr?: string;
    readonly killed?: boolean;
  };
  const said = `${stderr}\n${stdout}`.trim();
  if (said !== '') return said;
  if (killed) return 'it does not answer';
  return error instanceof Error ? error.message : String(error);
}

function unanswered(words: string, cause?: unknown): WsiError {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(words))?.[1];
  const said = words.trim().replaceAll(/\s+/g, ' ').slice(0, MOST_CHARACTERS);
  return new WsiError('Unavailable', `nvidia-smi cannot say which GPUs there are (${said})`, {
    remedy: remedy ?? 'Run nvidia-smi by hand and repair the driver until it lists the GPUs.',
    cause,
  });
}
