/** Carries the checks out, one process after the other: nothing else computes while something is measured. */
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import type { TileNetwork } from '@wsi-operator/engine';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compute } from './computations/compute.ts';
import type { SpeedMeasured, Subject } from './computations/messages.ts';
import type { CheckedDevice, Machine } from './device/machine.ts';
import { DeviceSampler } from './device/sampler.ts';
import type { DeviceSummary } from './device/samples.ts';
import type { Options } from './options.ts';
import {
  failedVerdict,
  gradientVerdicts,
  processBytesVerdicts,
  repeatedBytesVerdict,
  type ComputedBytes,
  type Verdict,
} from './verdicts.ts';

const HIDDEN = 64;

/** Speed, memory and use of the device by one encoder with one number of tiles a call. */
export interface Measurement {
  readonly encoder: string;
  readonly batch: number;
  readonly tileSize: number;
  readonly speed: SpeedMeasured;
  /** Undefined on the processor. */
  readonly device: DeviceSummary | undefined;
}

export interface Findings {
  readonly verdicts: readonly Verdict[];
  readonly measurements: readonly Measurement[];
  /** Why something is not there. */
  readonly notes: readonly string[];
}

/** @param onProgress what is done now, in words */
export async function check(
  options: Options,
  machine: Machine,
  onProgress: (what: string) => void,
): Promise<Findings> {
  const findings = { verdicts: [] as Verdict[], measurements: [] as Measurement[], notes: [] as string[] };
  for (const name of options.encoders) {
    const network = networkOf(name, options.tileSize);
    onProgress(`${name}: gradients`);
    findings.verdicts.push(...(await checkGradient(network, options, machine)));
    for (const batch of options.batches) {
      onProgress(`${name}: bytes and speed of ${batch} tiles a call`);
      const found = await checkBatch(network, batch, options, machine);
      findings.verdicts.push(...found.verdicts);
      findings.measurements.push(...found.measurements);
      findings.notes.push(...found.notes);
    }
  }
  return { ...findings, notes: [...new Set(findings.notes)] };
}

/** The next smaller size that the encoder takes. */
function networkOf(name: EncoderName, tileSize: number): TileNetwork {
  const { stride } = ENCODERS[name];
  return {
    encoder: { name },
    aggregator: { name: 'attention', hidden: HIDDEN },
    tileSize: tileSize - (tileSize % stride),
  };
}

async function checkGradient(
  network: TileNetwork,
  { tiles, batches, threads, tolerance }: Options,
  { type, devices }: Machine,
): Promise<Verdict[]> {
  // Two shards or more, of which the last is smaller where that is possible.
  const batch = Math.min(...batches, Math.ceil((2 * tiles) / 3));
  const text = `${subjectText(network, tiles)} in shards of ${batch}`;
  const directory = await mkdtemp(join(tmpdir(), 'wsi-device-check-'));
  try {
    const subject = { network, batch, threads, device: type, tiles, file: join(directory, 'gradient') };
    await compute({ kind: 'gradient', ...subject }, { device: devices[0]!.visible });
    return gradientVerdicts(text, await compute({ kind: 'reference', ...subject }), tolerance);
  } catch (error) {
    return [failedVerdict('gradient', text, messageOf(error))];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function checkBatch(
  network: TileNetwork,
  batch: number,
  { threads, seconds }: Options,
  { type, devices }: Machine,
): Promise<Findings> {
  const text = subjectText(network, batch);
  const subject: Subject = { network, batch, threads, device: type };
  const first = devices[0]!;
  const sampler = type === 'gpu' ? new DeviceSampler(first.visible) : undefined;
  try {
    const { speed, device } = await measureSpeed(subject, { seconds, first, sampler });
    const processes: ComputedBytes[] = [{ device: first.name, digests: speed.digests }];
    for (const { name, visible } of [first, ...devices.slice(1)]) {
      const { digests } = await compute({ kind: 'bytes', ...subject }, { device: visible });
      processes.push({ device: name, digests });
    }
    const { name: encoder } = network.encoder;
    return {
      verdicts: [repeatedBytesVerdict(text, speed.digests), ...processBytesVerdicts(text, processes)],
      measurements: [{ encoder, batch, tileSize: network.tileSize, speed, device }],
      notes:
        sampler?.problem === undefined ? [] : [`The use of the GPU was not measured: ${sampler.problem}.`],
    };
  } catch (error) {
    return {
      verdicts: [failedVerdict('bytes and speed', text, messageOf(error))],
      measurements: [],
      notes: [],
    };
  }
}

async function measureSpeed(
  subject: Subject,
  { seconds, first, sampler }: { seconds: number; first: CheckedDevice; sampler: DeviceSampler | undefined },
): Promise<{ speed: SpeedMeasured; device: DeviceSummary | undefined }> {
  let device: Promise<DeviceSummary> | undefined;
  const speed = await compute(
    { kind: 'speed', seconds, ...subject },
    {
      device: first.visible,
      onProgress: ({ kind }) => {
        if (kind === 'begins') sampler?.start();
        else device = sampler?.stop();
      },
    },
  );
  return { speed, device: await device };
}

function subjectText({ encoder, tileSize }: TileNetwork, tiles: number): string {
  return `${encoder.name}, ${tiles} tiles of ${tileSize}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
