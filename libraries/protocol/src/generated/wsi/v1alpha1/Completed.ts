// Original file: libraries/protocol/proto/training.proto

import type { TaskResult__Input as _wsi_v1alpha1_TaskResult__Input, TaskResult as _wsi_v1alpha1_TaskResult } from '../../wsi/v1alpha1/TaskResult.ts';
import type { Usage__Input as _wsi_v1alpha1_Usage__Input, Usage as _wsi_v1alpha1_Usage } from '../../wsi/v1alpha1/Usage.ts';
import type { Long } from '@grpc/proto-loader';

export interface Completed__Input {
  'task'?: (string);
  'generation'?: (number | string | Long);
  'result'?: (_wsi_v1alpha1_TaskResult__Input | null);
  'usage'?: (_wsi_v1alpha1_Usage__Input | null);
}

export interface Completed {
  'task': (string);
  'generation': (number);
  'result': (_wsi_v1alpha1_TaskResult | null);
  'usage': (_wsi_v1alpha1_Usage | null);
}
