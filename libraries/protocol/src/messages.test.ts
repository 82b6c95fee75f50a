import { describe, expect, it } from '@jest/globals';
import { coordinatorService, parameterServerService } from './definition.ts';
import { committedTypes, generatedTypes } from './generated-types.ts';
import type { PushChunk, StatusReply, WorkerMessage } from './messages.ts';

const decoded = (method: 'Work' | 'Status' | 'Push', said: object): unknown => {
  const { [method]: definition } = { ...coordinatorService, ...parameterServerService };
  if (definition === undefined) throw new Error(`no ${method}`);
  return method === 'Status'
    ? definition.responseDeserialize(definition.responseSerialize(said))
    : definition.requestDeserialize(definition.requestSerialize(said));
};

describe('the types of the messages', () => {
  it('match the .proto (otherwise run `node libraries/protocol/src/generate.ts`)', () => {
    const files = generatedTypes();
    expect(files.length).toBeGreaterThan(40);
    expect(committedTypes()).toEqual(files);
  });

  it('match the decoder: all fields are present except members of a oneof, and messages may be null', () => {
    const empty = decoded('Status', {}) as StatusReply;
    expect(empty).toMatchObject({ step: 0, tiles: 0, message: '', metrics: {}, measurement: null });
    expect(decoded('Work', {}) as WorkerMessage).toEqual({});
    expect(decoded('Push', { data: new Uint8Array([1, 2]) }) as PushChunk).toEqual({
      header: null,
      offset: 0,
      data: Buffer.from([1, 2]),
    });
  });

  it('have numbers for 64-bit fields', () => {
    const { tiles, measurement } = decoded('Status', {
      tiles: 2 ** 40,
      measurement: { memory: { worker: { peakBytes: 2 ** 33, peaks: [{ bytes: 5 }] } } },
    }) as StatusReply;
    expect(tiles).toBe(2 ** 40);
    expect(measurement).toMatchObject({ workload: null, window: null, observations: [] });
    expect(measurement?.memory['worker']).toMatchObject({
      peakBytes: 2 ** 33,
      peaks: [{ seconds: 0, bytes: 5 }],
    });
  });
});
