// Original file: libraries/protocol/proto/training.proto

import type { MethodDefinition } from '@grpc/proto-loader'
import type { CommitReply__Input as _wsi_v1alpha1_CommitReply__Input, CommitReply as _wsi_v1alpha1_CommitReply } from '../../wsi/v1alpha1/CommitReply.ts';
import type { CommitRequest__Input as _wsi_v1alpha1_CommitRequest__Input, CommitRequest as _wsi_v1alpha1_CommitRequest } from '../../wsi/v1alpha1/CommitRequest.ts';
import type { ConfigureReply__Input as _wsi_v1alpha1_ConfigureReply__Input, ConfigureReply as _wsi_v1alpha1_ConfigureReply } from '../../wsi/v1alpha1/ConfigureReply.ts';
import type { ConfigureRequest__Input as _wsi_v1alpha1_ConfigureRequest__Input, ConfigureRequest as _wsi_v1alpha1_ConfigureRequest } from '../../wsi/v1alpha1/ConfigureRequest.ts';
import type { DataChunk__Input as _wsi_v1alpha1_DataChunk__Input, DataChunk as _wsi_v1alpha1_DataChunk } from '../../wsi/v1alpha1/DataChunk.ts';
import type { Empty__Input as _wsi_v1alpha1_Empty__Input, Empty as _wsi_v1alpha1_Empty } from '../../wsi/v1alpha1/Empty.ts';
import type { MeasureReply__Input as _wsi_v1alpha1_MeasureReply__Input, MeasureReply as _wsi_v1alpha1_MeasureReply } from '../../wsi/v1alpha1/MeasureReply.ts';
import type { MeasureRequest__Input as _wsi_v1alpha1_MeasureRequest__Input, MeasureRequest as _wsi_v1alpha1_MeasureRequest } from '../../wsi/v1alpha1/MeasureRequest.ts';
import type { PingReply__Input as _wsi_v1alpha1_PingReply__Input, PingReply as _wsi_v1alpha1_PingReply } from '../../wsi/v1alpha1/PingReply.ts';
import type { PingRequest__Input as _wsi_v1alpha1_PingRequest__Input, PingRequest as _wsi_v1alpha1_PingRequest } from '../../wsi/v1alpha1/PingRequest.ts';
import type { PullRequest__Input as _wsi_v1alpha1_PullRequest__Input, PullRequest as _wsi_v1alpha1_PullRequest } from '../../wsi/v1alpha1/PullRequest.ts';
import type { PushChunk__Input as _wsi_v1alpha1_PushChunk__Input, PushChunk as _wsi_v1alpha1_PushChunk } from '../../wsi/v1alpha1/PushChunk.ts';
import type { RestoreChunk__Input as _wsi_v1alpha1_RestoreChunk__Input, RestoreChunk as _wsi_v1alpha1_RestoreChunk } from '../../wsi/v1alpha1/RestoreChunk.ts';
import type { SnapshotChunk__Input as _wsi_v1alpha1_SnapshotChunk__Input, SnapshotChunk as _wsi_v1alpha1_SnapshotChunk } from '../../wsi/v1alpha1/SnapshotChunk.ts';
import type { SnapshotRequest__Input as _wsi_v1alpha1_SnapshotRequest__Input, SnapshotRequest as _wsi_v1alpha1_SnapshotRequest } from '../../wsi/v1alpha1/SnapshotRequest.ts';

export interface ParameterServerDefinition {
  Commit: MethodDefinition<_wsi_v1alpha1_CommitRequest__Input, _wsi_v1alpha1_CommitReply__Input, _wsi_v1alpha1_CommitRequest, _wsi_v1alpha1_CommitReply>
  Configure: MethodDefinition<_wsi_v1alpha1_ConfigureRequest__Input, _wsi_v1alpha1_ConfigureReply__Input, _wsi_v1alpha1_ConfigureRequest, _wsi_v1alpha1_ConfigureReply>
  Measure: MethodDefinition<_wsi_v1alpha1_MeasureRequest__Input, _wsi_v1alpha1_MeasureReply__Input, _wsi_v1alpha1_MeasureRequest, _wsi_v1alpha1_MeasureReply>
  Ping: MethodDefinition<_wsi_v1alpha1_PingRequest__Input, _wsi_v1alpha1_PingReply__Input, _wsi_v1alpha1_PingRequest, _wsi_v1alpha1_PingReply>
  Pull: MethodDefinition<_wsi_v1alpha1_PullRequest__Input, _wsi_v1alpha1_DataChunk__Input, _wsi_v1alpha1_PullRequest, _wsi_v1alpha1_DataChunk>
  Push: MethodDefinition<_wsi_v1alpha1_PushChunk__Input, _wsi_v1alpha1_Empty__Input, _wsi_v1alpha1_PushChunk, _wsi_v1alpha1_Empty>
  Restore: MethodDefinition<_wsi_v1alpha1_RestoreChunk__Input, _wsi_v1alpha1_Empty__Input, _wsi_v1alpha1_RestoreChunk, _wsi_v1alpha1_Empty>
  Snapshot: MethodDefinition<_wsi_v1alpha1_SnapshotRequest__Input, _wsi_v1alpha1_SnapshotChunk__Input, _wsi_v1alpha1_SnapshotRequest, _wsi_v1alpha1_SnapshotChunk>
}
