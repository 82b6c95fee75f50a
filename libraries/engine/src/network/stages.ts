/**
 * The depth of an encoder's parameters, by their names: what lies before the first numbered block (`layer1`, `stage1`, `blocks.0`)
 * is stage 0, each block is a stage of its own, and what follows the last one belongs to it. An encoder without blocks is one stage.
 */
const BLOCK = /^encoder\.(?:layer|stage|blocks?\.)\d+/;

/** The stage of each name that begins with `encoder.`; names in the order of the flat vector. */
export function encoderStages(names: readonly string[]): ReadonlyMap<string, number> {
  const stages = new Map<string, number>();
  let [stage, block] = [0, ''];
  for (const name of names) {
    if (!name.startsWith('encoder.')) continue;
    const found = BLOCK.exec(name)?.[0] ?? block;
    // An encoder may begin with a block: then that is stage 0.
    if (found !== block && stages.size > 0) stage += 1;
    block = found;
    stages.set(name, stage);
  }
  return stages;
}
