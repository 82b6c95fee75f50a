// Original file: libraries/protocol/proto/training.proto

import type { Hello__Input as _wsi_v1alpha1_Hello__Input, Hello as _wsi_v1alpha1_Hello } from '../../wsi/v1alpha1/Hello.ts';
import type { Completed__Input as _wsi_v1alpha1_Completed__Input, Completed as _wsi_v1alpha1_Completed } from '../../wsi/v1alpha1/Completed.ts';
import type { Failed__Input as _wsi_v1alpha1_Failed__Input, Failed as _wsi_v1alpha1_Failed } from '../../wsi/v1alpha1/Failed.ts';
import type { Usage__Input as _wsi_v1alpha1_Usage__Input, Usage as _wsi_v1alpha1_Usage } from '../../wsi/v1alpha1/Usage.ts';
import type { Leaving__Input as _wsi_v1alpha1_Leaving__Input, Leaving as _wsi_v1alpha1_Leaving } from '../../wsi/v1alpha1/Leaving.ts';
import type { Dropped__Input as _wsi_v1alpha1_Dropped__Input, Dropped as _wsi_v1alpha1_Dropped } from '../../wsi/v1alpha1/Dropped.ts';

export interface WorkerMessage__Input {
  'hello'?: (_wsi_v1alpha1_Hello__Input | null);
  'completed'?: (_wsi_v1alpha1_Completed__Input | null);
  'failed'?: (_wsi_v1alpha1_Failed__Input | null);
  'heartbeat'?: (_wsi_v1alpha1_Usage__Input | null);
  'leaving'?: (_wsi_v1alpha1_Leaving__Input | null);
  'dropped'?: (_wsi_v1alpha1_Dropped__Input | null);
  'message'?: "hello"|"completed"|"failed"|"heartbeat"|"leaving"|"dropped";
}

export interface WorkerMessage {
  'hello'?: (_wsi_v1alpha1_Hello | null);
  'completed'?: (_wsi_v1alpha1_Completed | null);
  'failed'?: (_wsi_v1alpha1_Failed | null);
  'heartbeat'?: (_wsi_v1alpha1_Usage | null);
  'leaving'?: (_wsi_v1alpha1_Leaving | null);
  'dropped'?: (_wsi_v1alpha1_Dropped | null);
}
