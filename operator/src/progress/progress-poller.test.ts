import { describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import grpc from '@grpc/grpc-js';
import pino from 'pino';
import { ManualClock } from '@wsi-operator/controller/testing';
import { freePort } from '@wsi-operator/foundation/testing';
import {
  coordinatorService,
  listen,
  serverCredentials,
  type ListeningServer,
  type TlsPem,
} from '@wsi-operator/protocol';
import { issueCertificates } from '../cluster/kubernetes/certificates.ts';
import { until } from '../testing/kubernetes-bed.ts';
import { ProgressPoller } from './progress-poller.ts';

const HOST = 'lung-coordinator-0.lung.default.svc';
const logger = pino({ level: 'silent' });

/** A coordinator's service with the port that the system gave it. */
interface FakeCoordinator {
  step: number;
  asked: number;
  /** Laid over what it says otherwise. */
  answer: object;
  readonly server: ListeningServer;
  readonly address: string;
}

async function startCoordinator(credentials?: grpc.ServerCredentials): Promise<FakeCoordinator> {
  const state = { step: 1, asked: 0, answer: {} };
  const port = await freePort();
  const implementation = {
    Status: (_call: unknown, answer: grpc.sendUnaryData<object>) => {
      state.asked += 1;
      answer(null, { phase: 'training', step: state.step, steps: 10, fraction: 0.1, ...state.answer });
    },
    Work: (call: grpc.ServerDuplexStream<unknown, unknown>) => call.end(),
  };
  const callers = { Status: ['operator'] as const, Work: ['worker'] as const };
  const part = { definition: coordinatorService, implementation, callers };
  const server = await listen(`127.0.0.1:${port}`, [part], credentials === undefined ? {} : { credentials });
  return Object.assign(state, { server, address: `127.0.0.1:${port}` });
}

function pemOf(files: Readonly<Record<string, string>>, role: string): TlsPem {
  return {
    authority: files['ca.crt'] ?? '',
    certificate: files[`${role}.crt`] ?? '',
    key: files[`${role}.key`] ?? '',
  };
}

class Bed implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly changes: string[] = [];
  readonly stop = new AbortController();
  readonly poller = new ProgressPoller({
    clock: this.clock,
    logger,
    intervalMilliseconds: 10_000,
    onChange: (name) => this.changes.push(name),
  });
  readonly running = this.poller.run(this.stop.signal);

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.running;
  }
}

describe('ProgressPoller', () => {
  it('reports what a coordinator says when it has changed, and keeps one connection', async () => {
    await using bed = new Bed();
    const coordinator = await startCoordinator();
    try {
      bed.poller.follow('default/lung', { address: coordinator.address });
      expect(bed.poller.latest('default/lung')).toBeUndefined();
      await bed.clock.advance(1_000);
      await until('it is heard', () => bed.changes.length === 1);
      expect(bed.poller.latest('default/lung')).toMatchObject({ step: 1, phase: 'training' });
      bed.poller.follow('default/lung', { address: coordinator.address });
      await bed.clock.advance(10_000);
      await until('it is asked again', () => coordinator.asked === 2);
      coordinator.step = 2;
      await until('it is waited for', () => bed.clock.nextTime() !== undefined);
      await bed.clock.advance(10_000);
      await until('it is heard', () => bed.poller.latest('default/lung')?.step === 2);
      expect(bed.changes.length).toBe(2);
      expect(bed.poller.connections).toBe(1);
      bed.poller.forget('default/lung');
      expect([bed.poller.size, bed.poller.connections]).toEqual([0, 0]);
      expect(bed.poller.latest('default/lung')).toBeUndefined();
    } finally {
      await coordinator.server.close();
    }
  });

  it('shows its certificate to a coordinator that it dials by address, and hears no one else', async () => {
    await using bed = new Bed();
    const roles = { coordinator: { dnsNames: [HOST] }, operator: { dnsNames: [] }, worker: { dnsNames: [] } };
    const request = { roles: { ...roles, server: { dnsNames: [] } }, validDays: 1, metadata: {} };
    const { files } = await issueCertificates(request, Date.now());
    const coordinator = await startCoordinator(serverCredentials(pemOf(files, 'coordinator')));
    try {
      const { address } = coordinator;
      const stranger = (await issueCertificates(request, Date.now())).files;
      bed.poller.follow('own', { address, serverName: HOST, pem: pemOf(files, 'operator') });
      bed.poller.follow('stranger', { address, serverName: HOST, pem: pemOf(stranger, 'operator') });
      bed.poller.follow('worker', { address, serverName: HOST, pem: pemOf(files, 'worker') });
      bed.poller.follow('other name', { address, serverName: 'x.svc', pem: pemOf(files, 'operator') });
      bed.poller.follow('open', { address });
      await bed.clock.advance(1_000);
      await until('all have been asked', () => bed.poller.connections === 1 && bed.changes.length === 1);
      expect(bed.changes).toEqual(['own']);
      expect(coordinator.asked).toBe(1);
    } finally {
      await coordinator.server.close();
    }
  });

  it('asks one that does not answer later and later, without a connection, and follows it to another address', async () => {
    await using bed = new Bed();
    const dead = `127.0.0.1:${await freePort()}`;
    bed.poller.follow('default/lung', { address: dead });
    await bed.clock.advance(1_000);
    const delays: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await until('it waits', () => bed.clock.nextTime() !== undefined);
      expect(bed.poller.connections).toBe(0);
      const delay = bed.clock.nextTime()! - bed.clock.monotonic();
      delays.push(delay);
      await bed.clock.advance(delay);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(bed.poller.silentFor('default/lung')).toBe(16_000);
    expect(bed.changes).toEqual([]);
    // Nobody has answered: nothing was refused.
    expect(bed.poller.refused('default/lung')).toBe(false);
    const coordinator = await startCoordinator();
    try {
      bed.poller.follow('default/lung', { address: coordinator.address });
      await bed.clock.advance(1_000);
      await until('it is heard', () => bed.poller.latest('default/lung') !== undefined);
      expect(bed.poller.silentFor('default/lung')).toBe(0);
    } finally {
      await coordinator.server.close();
    }
  });

  it('takes no answer that is larger than a coordinator has, and says so', async () => {
    await using bed = new Bed();
    const coordinator = await startCoordinator();
    try {
      bed.poller.follow('default/lung', { address: coordinator.address });
      await bed.clock.advance(1_000);
      await until('it is heard', () => bed.poller.latest('default/lung') !== undefined);
      expect(bed.poller.refused('default/lung')).toBe(false);
      for (const [asked, size] of [
        [2, 3 * 2 ** 20],
        [3, 3e5],
        // Within the limit as a message, but of two bytes an object.
        [4, 0],
      ] as const) {
        coordinator.answer =
          size === 0
            ? { measurement: { observations: Array.from({ length: 5_000 }, () => ({})) } }
            : { message: 'x'.repeat(size) };
        await until('it waits', () => bed.clock.nextTime() !== undefined);
        await bed.clock.advance(60_000);
        await until('it is asked', () => coordinator.asked === asked && bed.poller.refused('default/lung'));
      }
      expect(bed.poller.latest('default/lung')).toBeUndefined();
      coordinator.answer = {};
      await until('it waits', () => bed.clock.nextTime() !== undefined);
      await bed.clock.advance(60_000);
      await until('it is heard again', () => bed.poller.latest('default/lung') !== undefined);
      expect(bed.poller.refused('default/lung')).toBe(false);
    } finally {
      await coordinator.server.close();
    }
  });

  it('reports at once a coordinator whose first answer cannot be taken', async () => {
    await using bed = new Bed();
    const coordinator = await startCoordinator();
    coordinator.answer = { message: 'x'.repeat(3e5) };
    try {
      bed.poller.follow('default/lung', { address: coordinator.address });
      await bed.clock.advance(1_000);
      await until('it is reported', () => bed.changes.length === 1);
      expect([bed.poller.refused('default/lung'), bed.poller.latest('default/lung')]).toEqual([
        true,
        undefined,
      ]);
    } finally {
      await coordinator.server.close();
    }
  });

  it('goes on asking those that answer while a hundred others hang', async () => {
    await using bed = new Bed();
    const coordinator = await startCoordinator();
    const sockets = new Set<Socket>();
    // Takes connections and says nothing, ever.
    const hanging = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = hanging.address() as AddressInfo;
      bed.poller.follow('modest/lung', { address: coordinator.address });
      await bed.clock.advance(1_000);
      await until('it is heard', () => coordinator.asked === 1);
      for (let index = 0; index < 100; index += 1) {
        bed.poller.follow(`greedy/${index}`, { address: `127.0.0.1:${port}` });
      }
      await bed.clock.advance(1_000);
      await until('some hang', () => sockets.size >= 6);
      for (let round = 2; round < 5; round += 1) {
        coordinator.step = round;
        await bed.clock.advance(11_000);
        await until('it is asked', () => bed.poller.latest('modest/lung')?.step === round);
      }
      // Another tenant's new job is not kept waiting either: not all takers may be with one namespace.
      bed.poller.follow('third/new', { address: coordinator.address });
      await bed.clock.advance(1_000);
      await until('it is heard', () => bed.poller.latest('third/new') !== undefined);
    } finally {
      bed.stop.abort();
      for (const socket of sockets) socket.destroy();
      hanging.close();
      await coordinator.server.close();
    }
  });

  it('falls silent with the coordinator', async () => {
    await using bed = new Bed();
    const coordinator = await startCoordinator();
    bed.poller.follow('default/lung', { address: coordinator.address });
    await bed.clock.advance(1_000);
    await until('it is heard', () => bed.changes.length === 1);
    await coordinator.server.close();
    await bed.clock.advance(10_000);
    await until('it is noticed', () => bed.changes.length === 2);
    expect(bed.poller.latest('default/lung')).toBeUndefined();
  });
});
