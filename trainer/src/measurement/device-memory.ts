/**
 * Memory of the GPU that this process computes on, as NVIDIA's driver reports it: TensorFlow's C interface does not. Asked
 * seldom, in a process of its own; a worker on a CPU asks nothing.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Logger } from '@wsi-operator/foundation';
import type { UsageMeter } from '../usage.ts';

const EVERY_MILLISECONDS = 10_000;
const PATIENCE_MILLISECONDS = 5_000;
const MIB = 2 ** 20;

const PROCESSES = ['--query-compute-apps=pid,used_gpu_memory', '--format=csv,noheader,nounits'];
const DEVICES = ['--query-gpu=memory.used', '--format=csv,noheader,nounits'];

export class DeviceMemory {
  readonly #usage: UsageMeter;
  readonly #logger: Logger;
  readonly #program: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(usage: UsageMeter, logger: Logger, program = 'nvidia-smi') {
    this.#usage = usage;
    this.#logger = logger;
    this.#program = program;
  }

  start(): void {
    this.#timer = setInterval(() => void this.measure(), EVERY_MILLISECONDS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async measure(): Promise<void> {
    try {
      const own = bytesOfProcess(await this.#ask(PROCESSES), process.pid);
      // A container does not see its processes' numbers; it sees no other's devices either.
      const bytes = own ?? bytesOfDevices(await this.#ask(DEVICES));
      this.#usage.deviceBytes = bytes;
      this.#usage.devicePeakBytes = Math.max(this.#usage.devicePeakBytes, bytes);
    } catch (error) {
      this.stop();
      this.#logger.warn({ error }, 'the memory of the device is not available and not measured');
    }
  }

  async #ask(question: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#program, question, { timeout: PATIENCE_MILLISECONDS });
    return stdout;
  }
}

/** @param lines `PID, MiB`, a process on each device; undefined when this one is not among them */
function bytesOfProcess(lines: string, pid: number): number | undefined {
  const own = rows(lines).filter(([of]) => of === pid);
  return own.length === 0 ? undefined : own.reduce((sum, [, mib = 0]) => sum + mib * MIB, 0);
}

/** @param lines `MiB`, a device each */
function bytesOfDevices(lines: string): number {
  return rows(lines).reduce((sum, [mib = 0]) => sum + mib * MIB, 0);
}

/** `[N/A]` is 0. */
function rows(lines: string): number[][] {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(',').map((cell) => Number(cell) || 0));
}
