/**
 * The messages of `training.proto`: the types that are generated from it (`node libraries/protocol/src/generate.ts`), and what the
 * generator cannot say of them. A message that is not named here occurs within another, or is empty.
 */
import type { BagCotangent as GeneratedBagCotangent } from './generated/wsi/v1alpha1/BagCotangent.ts';
import type { CommitRequest as GeneratedCommitRequest } from './generated/wsi/v1alpha1/CommitRequest.ts';
import type { Completed as GeneratedCompleted } from './generated/wsi/v1alpha1/Completed.ts';
import type { ConfigureReply as GeneratedConfigureReply } from './generated/wsi/v1alpha1/ConfigureReply.ts';
import type { ConfigureRequest as GeneratedConfigureRequest } from './generated/wsi/v1alpha1/ConfigureRequest.ts';
import type { CoordinatorMessage as GeneratedCoordinatorMessage } from './generated/wsi/v1alpha1/CoordinatorMessage.ts';
import type { DataChunk as GeneratedDataChunk } from './generated/wsi/v1alpha1/DataChunk.ts';
import type { Dropped as GeneratedDropped } from './generated/wsi/v1alpha1/Dropped.ts';
import type { DensityMap as GeneratedDensityMap } from './generated/wsi/v1alpha1/DensityMap.ts';
import type { EmbedResult as GeneratedEmbedResult } from './generated/wsi/v1alpha1/EmbedResult.ts';
import type { EmbedTask as GeneratedEmbedTask } from './generated/wsi/v1alpha1/EmbedTask.ts';
import type { Failed as GeneratedFailed } from './generated/wsi/v1alpha1/Failed.ts';
import type { GradientTask as GeneratedGradientTask } from './generated/wsi/v1alpha1/GradientTask.ts';
import type { HeldStep as GeneratedHeldStep } from './generated/wsi/v1alpha1/HeldStep.ts';
import type { Hello as GeneratedHello } from './generated/wsi/v1alpha1/Hello.ts';
import type { Leaving as GeneratedLeaving } from './generated/wsi/v1alpha1/Leaving.ts';
import type { Measurement as GeneratedMeasurement } from './generated/wsi/v1alpha1/Measurement.ts';
import type { MemoryPeak as GeneratedMemoryPeak } from './generated/wsi/v1alpha1/MemoryPeak.ts';
import type { Observation as GeneratedObservation } from './generated/wsi/v1alpha1/Observation.ts';
import type { PingReply as GeneratedPingReply } from './generated/wsi/v1alpha1/PingReply.ts';
import type { PingRequest as GeneratedPingRequest } from './generated/wsi/v1alpha1/PingRequest.ts';
import type { MeasureReply as GeneratedMeasureReply } from './generated/wsi/v1alpha1/MeasureReply.ts';
import type { MeasureRequest as GeneratedMeasureRequest } from './generated/wsi/v1alpha1/MeasureRequest.ts';
import type { PullRequest as GeneratedPullRequest } from './generated/wsi/v1alpha1/PullRequest.ts';
import type { PushChunk as GeneratedPushChunk } from './generated/wsi/v1alpha1/PushChunk.ts';
import type { PushHeader as GeneratedPushHeader } from './generated/wsi/v1alpha1/PushHeader.ts';
import type { Range as GeneratedRange } from './generated/wsi/v1alpha1/Range.ts';
import type { RestoreChunk as GeneratedRestoreChunk } from './generated/wsi/v1alpha1/RestoreChunk.ts';
import type { RoleMemory as GeneratedRoleMemory } from './generated/wsi/v1alpha1/RoleMemory.ts';
import type { ServerRange as GeneratedServerRange } from './generated/wsi/v1alpha1/ServerRange.ts';
import type { SnapshotChunk as GeneratedSnapshotChunk } from './generated/wsi/v1alpha1/SnapshotChunk.ts';
import type { SnapshotRequest as GeneratedSnapshotRequest } from './generated/wsi/v1alpha1/SnapshotRequest.ts';
import type { StatedResolution as GeneratedStatedResolution } from './generated/wsi/v1alpha1/StatedResolution.ts';
import type { StatusReply as GeneratedStatusReply } from './generated/wsi/v1alpha1/StatusReply.ts';
import type { SurveyResult as GeneratedSurveyResult } from './generated/wsi/v1alpha1/SurveyResult.ts';
import type { Task as GeneratedTask } from './generated/wsi/v1alpha1/Task.ts';
import type { TaskResult as GeneratedTaskResult } from './generated/wsi/v1alpha1/TaskResult.ts';
import type { TileAugmentation as GeneratedTileAugmentation } from './generated/wsi/v1alpha1/TileAugmentation.ts';
import type { TileBlock as GeneratedTileBlock } from './generated/wsi/v1alpha1/TileBlock.ts';
import type { Usage as GeneratedUsage } from './generated/wsi/v1alpha1/Usage.ts';
import type { Welcome as GeneratedWelcome } from './generated/wsi/v1alpha1/Welcome.ts';
import type { Window as GeneratedWindow } from './generated/wsi/v1alpha1/Window.ts';
import type { WorkerMeasurement as GeneratedWorkerMeasurement } from './generated/wsi/v1alpha1/WorkerMeasurement.ts';
import type { WorkerMessage as GeneratedWorkerMessage } from './generated/wsi/v1alpha1/WorkerMessage.ts';
import type { Workload as GeneratedWorkload } from './generated/wsi/v1alpha1/Workload.ts';

export type RunPhase =
  'waiting' | 'surveying' | 'training' | 'evaluating' | 'finished' | 'stopping' | 'failed';

export type Segment = 'body' | 'head';

/** Fields that are text to the protocol and one of a few words to the roles. */
interface Words {
  phase: RunPhase;
  segment: Segment;
}

/** Messages within a message that every sender gives. Any other may be absent, and is null once it is decoded. */
type Given = 'block' | 'result' | 'usage' | 'workload';

/** A generated type as both sides use it: bytes are of any `Uint8Array`, and of a oneof what is not there is absent. */
type Message<T> = T extends Uint8Array
  ? Uint8Array
  : T extends (infer One)[]
    ? Message<One>[]
    : T extends object
      ? Flat<
          { [Name in keyof T as Name extends Open<T> ? never : Name]: Field<Name, NonNullable<T[Name]>> } & {
            [Name in Open<T>]?: Field<Name, NonNullable<T[Name]>> | null;
          }
        >
      : T;

/** One object type, as people read it in errors. */
type Flat<T> = { [Name in keyof T]: T[Name] };

type Field<Name, T> = Name extends keyof Words ? Words[Name] : Message<T>;

/** Names of the messages within a message that may be absent; those of a oneof are optional already. */
type Open<T> = keyof {
  [
    Name in keyof T as null extends T[Name]
      ? Pick<T, Name> extends Required<Pick<T, Name>>
        ? Exclude<Name, Given>
        : never
      : never
  ]: true;
} &
  keyof T;

export type WorkerMessage = Message<GeneratedWorkerMessage>;
export type Hello = Message<GeneratedHello>;
export type Completed = Message<GeneratedCompleted>;
export type Failed = Message<GeneratedFailed>;
export type Leaving = Message<GeneratedLeaving>;
export type Dropped = Message<GeneratedDropped>;
export type Usage = Message<GeneratedUsage>;
export type CoordinatorMessage = Message<GeneratedCoordinatorMessage>;
export type Welcome = Message<GeneratedWelcome>;
export type ServerRange = Message<GeneratedServerRange>;
export type Task = Message<GeneratedTask>;
export type StatedResolution = Message<GeneratedStatedResolution>;
export type DensityMap = Message<GeneratedDensityMap>;
export type TileAugmentation = Message<GeneratedTileAugmentation>;
export type TileBlock = Message<GeneratedTileBlock>;
export type EmbedTask = Message<GeneratedEmbedTask>;
export type GradientTask = Message<GeneratedGradientTask>;
export type BagCotangent = Message<GeneratedBagCotangent>;
export type TaskResult = Message<GeneratedTaskResult>;
export type SurveyResult = Message<GeneratedSurveyResult>;
export type EmbedResult = Message<GeneratedEmbedResult>;
export type StatusReply = Message<GeneratedStatusReply>;
export type Measurement = Message<GeneratedMeasurement>;
export type Workload = Message<GeneratedWorkload>;
export type Observation = Message<GeneratedObservation>;
export type Window = Message<GeneratedWindow>;
export type WorkerMeasurement = Message<GeneratedWorkerMeasurement>;
export type RoleMemory = Message<GeneratedRoleMemory>;
export type MemoryPeak = Message<GeneratedMemoryPeak>;
export type Range = Message<GeneratedRange>;
export type ConfigureRequest = Message<GeneratedConfigureRequest>;
export type ConfigureReply = Message<GeneratedConfigureReply>;
export type HeldStep = Message<GeneratedHeldStep>;
export type PingRequest = Message<GeneratedPingRequest>;
export type PingReply = Message<GeneratedPingReply>;
export type DataChunk = Message<GeneratedDataChunk>;
export type RestoreChunk = Message<GeneratedRestoreChunk>;
export type SnapshotRequest = Message<GeneratedSnapshotRequest>;
export type SnapshotChunk = Message<GeneratedSnapshotChunk>;
export type PushChunk = Message<GeneratedPushChunk>;
export type PushHeader = Message<GeneratedPushHeader>;
export type PullRequest = Message<GeneratedPullRequest>;
export type MeasureRequest = Message<GeneratedMeasureRequest>;
export type MeasureReply = Message<GeneratedMeasureReply>;
export type CommitRequest = Message<GeneratedCommitRequest>;
