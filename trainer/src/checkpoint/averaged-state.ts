/**
 * Which parameters a checkpoint shows as the model. A run that averages its parameters predicts with the average: that is what
 * `model.safetensors` holds, for everyone who uses the checkpoint, and the parameters that training goes on from are in the state.
 */
import { publicText, WsiError } from '@wsi-operator/foundation';

/** The name of the slot in which servers hold the average, and that of the trained parameters in a checkpoint. */
const AVERAGE = 'average';
const TRAINED = 'trained';

interface State {
  readonly parameters: Float32Array;
  readonly state: Readonly<Record<string, Float32Array>>;
}

/** As a checkpoint holds what the servers hold. */
export function shownState({ parameters, state }: State): State {
  const { [AVERAGE]: average, ...slots } = state;
  if (average === undefined) return { parameters, state };
  return { parameters: average, state: { ...slots, [TRAINED]: parameters } };
}

/** As servers hold what a checkpoint holds. @throws WsiError `CheckpointInvalid` */
export function trainedState({ parameters, state }: State, where: string): State {
  const { [TRAINED]: trained, ...slots } = state;
  if (trained === undefined) return { parameters, state };
  if (trained.length !== parameters.length) {
    throw new WsiError(
      'CheckpointInvalid',
      publicText`the trained parameters are ${trained.length} numbers, not ${parameters.length}`,
      { where, remedy: publicText`This checkpoint belongs to another model.` },
    );
  }
  return { parameters: trained, state: { ...slots, [AVERAGE]: parameters } };
}
