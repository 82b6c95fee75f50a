/** The options of the command (pure). */
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { decimalNumber, InvalidOptionValue, wholeNumber, WsiError } from '@wsi-operator/foundation';
import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run device-check -- [OPTIONS]

Checks the device that runs on this machine compute on, and prints tables in Markdown:
gradients    a bag by two passes over its shards, against the whole bag in one graph in float64 on the
             processor, and against finite differences
same bytes   twice in a process, after all measurements, and in other processes; on all GPUs, if there are several
speed        tiles a second, forward and with the gradient
memory, use  of the process, and of the GPU as nvidia-smi says

It takes the GPU with WSI_TENSORFLOW=gpu in the environment, and the processor without. Exits with 1 when a check fails.

  --encoder NAME   may be given several times (default tiny)
  --batch N        tiles a call, a patches.batch; perhaps several: 16,64 (the default)
  --tile-size N    pixels a side (default 224)
  --tiles N        tiles of the bag whose gradient is compared, in shards of two thirds (default 6); the reference holds
                   all of them at once
  --seconds N      of each measurement: forward, and gradient (default 3)
  --threads N      TensorFlow's threads within an operation, a training.threads (default 1)
  --device NAME    cpu or gpu, in place of the environment's
  --tolerance X    relative error of a gradient that is always allowed (default 0.001)
`;

export interface Options {
  readonly encoders: readonly EncoderName[];
  readonly batches: readonly number[];
  readonly tileSize: number;
  readonly tiles: number;
  readonly seconds: number;
  readonly threads: number;
  readonly device: 'cpu' | 'gpu';
  readonly tolerance: number;
}

const DEFAULTS = {
  encoder: ['tiny'],
  batch: '16,64',
  'tile-size': '224',
  tiles: '6',
  seconds: '3',
  threads: '1',
  tolerance: '0.001',
};

/**
 * @returns undefined when help is asked for
 * @throws WsiError `InvalidArgument` with the option
 */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options | undefined {
  const values = parsed(args);
  if (values.help === true) return undefined;
  const given = { ...DEFAULTS, ...values };
  return {
    encoders: given.encoder.map(encoderNamed),
    batches: given.batch.split(',').map((text) => number('batch', text, wholeNumber({ least: 1 }))),
    tileSize: number('tile-size', given['tile-size'], wholeNumber({ least: 28 })),
    tiles: number('tiles', given.tiles, wholeNumber({ least: 2 })),
    seconds: number('seconds', given.seconds, decimalNumber({ least: 0 })),
    threads: number('threads', given.threads, wholeNumber({ least: 1 })),
    tolerance: number('tolerance', given.tolerance, decimalNumber({ least: 0 })),
    device: deviceNamed(values.device ?? (environment['WSI_TENSORFLOW'] === 'gpu' ? 'gpu' : 'cpu')),
  };
}

type Values = Partial<Omit<typeof DEFAULTS, 'encoder'>> & {
  encoder?: string[];
  device?: string;
  help?: boolean;
};

function parsed(args: readonly string[]): Values {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        encoder: { type: 'string', multiple: true },
        ...{ batch: text, 'tile-size': text, tiles: text, seconds: text, threads: text },
        ...{ tolerance: text, device: text },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new WsiError('InvalidArgument', error instanceof Error ? error.message : String(error), {
      remedy: 'See npm run device-check -- --help.',
    });
  }
}

function encoderNamed(text: string): EncoderName {
  if (Object.hasOwn(ENCODERS, text)) return text as EncoderName;
  throw invalid('encoder', `no encoder is called "${text}".`);
}

function deviceNamed(text: string): 'cpu' | 'gpu' {
  if (text === 'cpu' || text === 'gpu') return text;
  throw invalid('device', `"${text}" is neither cpu nor gpu.`);
}

function number(name: string, text: string, read: (text: string) => number): number {
  try {
    return read(text);
  } catch (error) {
    throw error instanceof InvalidOptionValue ? invalid(name, error.message) : error;
  }
}

function invalid(option: string, problem: string): WsiError {
  return new WsiError('InvalidArgument', problem, { where: `--${option}` });
}
