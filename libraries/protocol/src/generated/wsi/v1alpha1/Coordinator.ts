// Original file: libraries/protocol/proto/training.proto

import type { MethodDefinition } from '@grpc/proto-loader'
import type { CoordinatorMessage__Input as _wsi_v1alpha1_CoordinatorMessage__Input, CoordinatorMessage as _wsi_v1alpha1_CoordinatorMessage } from '../../wsi/v1alpha1/CoordinatorMessage.ts';
import type { StatusReply__Input as _wsi_v1alpha1_StatusReply__Input, StatusReply as _wsi_v1alpha1_StatusReply } from '../../wsi/v1alpha1/StatusReply.ts';
import type { StatusRequest__Input as _wsi_v1alpha1_StatusRequest__Input, StatusRequest as _wsi_v1alpha1_StatusRequest } from '../../wsi/v1alpha1/StatusRequest.ts';
import type { WorkerMessage__Input as _wsi_v1alpha1_WorkerMessage__Input, WorkerMessage as _wsi_v1alpha1_WorkerMessage } from '../../wsi/v1alpha1/WorkerMessage.ts';

export interface CoordinatorDefinition {
  Status: MethodDefinition<_wsi_v1alpha1_StatusRequest__Input, _wsi_v1alpha1_StatusReply__Input, _wsi_v1alpha1_StatusRequest, _wsi_v1alpha1_StatusReply>
  Work: MethodDefinition<_wsi_v1alpha1_WorkerMessage__Input, _wsi_v1alpha1_CoordinatorMessage__Input, _wsi_v1alpha1_WorkerMessage, _wsi_v1alpha1_CoordinatorMessage>
}
