/** Whether the inputs and outputs of an ONNX model are those of an encoder of tiles (pure). */
import { publicText, WsiError, type PublicText } from '@wsi-operator/foundation';
import type { OnnxLayout } from './onnx-options.ts';

/** A tensor as the model declares it: a side that is not fixed is a name or -1. */
export interface DeclaredTensor {
  readonly name: string;
  readonly type: string;
  /** Empty where it is not declared. */
  readonly shape: readonly (number | string)[];
}

/** @throws WsiError `InvalidArgument` that names those that there are */
export function chosenTensor(
  what: 'input' | 'output',
  declared: readonly DeclaredTensor[],
  { name, file }: { readonly name: string | undefined; readonly file: string },
): DeclaredTensor {
  const names = declared.map((tensor) => tensor.name).join(', ');
  const found = name === undefined ? declared : declared.filter((tensor) => tensor.name === name);
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  const problem =
    name === undefined
      ? `the model has ${declared.length} ${what}s: ${names}`
      : `the model has no ${what} '${name}', but ${names}`;
  throw refused(
    file,
    problem,
    what === 'input'
      ? publicText`Name one of them with --onnx-input.`
      : publicText`Name one of them with --onnx-output.`,
  );
}

/** @throws WsiError `InvalidArgument` for another type, rank or size */
export function requireTiles(
  { name, type, shape }: DeclaredTensor,
  {
    layout,
    tileSize,
    file,
  }: { readonly layout: OnnxLayout; readonly tileSize: number; readonly file: string },
): void {
  if (type !== 'float32') {
    throw refused(
      file,
      `its input ${name} takes ${type}`,
      publicText`Export the model with a float32 input.`,
    );
  }
  // Not declared: the trial shows whether it takes tiles.
  if (shape.length === 0) return;
  const wanted = layout === 'NCHW' ? [3, tileSize, tileSize] : [tileSize, tileSize, 3];
  const [batch, ...sides] = shape;
  const fits = sides.length === 3 && sides.every((side, index) => !isFixed(side) || side === wanted[index]);
  if (!fits) {
    throw refused(
      file,
      `its input ${name} is [${shape.join(', ')}], and tiles are [N, ${wanted.join(', ')}] (${layout})`,
      publicText`Set the size of the tiles (patches.size, --patch-size) or --onnx-layout to what the model takes.`,
    );
  }
  if (isFixed(batch)) {
    throw refused(
      file,
      `its input ${name} takes exactly ${batch} tiles at once`,
      publicText`Export it for any number of tiles, with torch.onnx.export(..., dynamic_axes={'INPUT': {0: 'n'}, 'OUTPUT': {0: 'n'}}).`,
    );
  }
}

/**
 * The length D of an embedding.
 * @param shape of the output for `n` tiles
 * @throws WsiError `InvalidArgument` for another shape than [n, D]
 */
export function requireEmbeddings(
  { name, type, shape }: { readonly name: string; readonly type: string; readonly shape: readonly number[] },
  n: number,
  file: string,
): number {
  if (type !== 'float32') {
    throw refused(file, `its output ${name} is ${type}`, publicText`Export the model with a float32 output.`);
  }
  const [rows, size = 0] = shape;
  if (shape.length === 2 && rows === n && size > 0) return size;
  throw refused(
    file,
    `its output ${name} is [${shape.join(', ')}] for ${n} tiles, not [${n}, D]`,
    shape.length === 3
      ? publicText`These are tokens: export what the authors take for the embedding, such as the class token (tokens[:, 0]) or it with the mean of the others, as [N, D]; or name another --onnx-output.`
      : publicText`Export the model so that it ends in [N, D], or name another --onnx-output.`,
  );
}

function isFixed(side: number | string | undefined): side is number {
  return typeof side === 'number' && side >= 0;
}

function refused(file: string, problem: string, remedy: PublicText): WsiError {
  return new WsiError('InvalidArgument', problem, { where: file, remedy });
}
