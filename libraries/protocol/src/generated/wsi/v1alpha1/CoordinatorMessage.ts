// Original file: libraries/protocol/proto/training.proto

import type { Welcome__Input as _wsi_v1alpha1_Welcome__Input, Welcome as _wsi_v1alpha1_Welcome } from '../../wsi/v1alpha1/Welcome.ts';
import type { Task__Input as _wsi_v1alpha1_Task__Input, Task as _wsi_v1alpha1_Task } from '../../wsi/v1alpha1/Task.ts';
import type { Cancel__Input as _wsi_v1alpha1_Cancel__Input, Cancel as _wsi_v1alpha1_Cancel } from '../../wsi/v1alpha1/Cancel.ts';

export interface CoordinatorMessage__Input {
  'welcome'?: (_wsi_v1alpha1_Welcome__Input | null);
  'task'?: (_wsi_v1alpha1_Task__Input | null);
  /**
   * Tasks that are no longer wanted (done elsewhere); the worker may drop them.
   */
  'cancel'?: (_wsi_v1alpha1_Cancel__Input | null);
  'message'?: "welcome"|"task"|"cancel";
}

export interface CoordinatorMessage {
  'welcome'?: (_wsi_v1alpha1_Welcome | null);
  'task'?: (_wsi_v1alpha1_Task | null);
  /**
   * Tasks that are no longer wanted (done elsewhere); the worker may drop them.
   */
  'cancel'?: (_wsi_v1alpha1_Cancel | null);
}
