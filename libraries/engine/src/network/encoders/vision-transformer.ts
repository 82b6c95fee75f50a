/**
 * Vision transformers (Dosovitskiy et al., 2021) as timm has them: blocks that normalise before attention and before the
 * perceptron, a token for the class, whose final state is the embedding, and learned embeddings of the places. Those of DINOv2
 * (Oquab et al., 2024) scale each branch by a gain a channel; some have register tokens (Darcet et al., 2024), which have no
 * place.
 *
 *     tiles [n, s, s, 3] ─patch_embed─► [n, g g, d] ─cls_token, reg_token, pos_embed─► [n, t, d]
 *                        ─blocks─► [n, t, d] ─first token, norm─► [n, d]
 *
 * Shapes: n tiles of a shard; s pixels a side of a tile; g = s / patch patches a side; t = 1 + registers + g g tokens; d numbers
 * of a token.
 */
import { reshape } from '../../graph/arithmetic.ts';
import { elements, known, type Value } from '../../graph/graph.ts';
import { add, addBias, matrixProduct, withShape } from '../../graph/layers.ts';
import type { Tape } from '../../graph/tape.ts';
import {
  addToEach,
  appendTokens,
  attend,
  cutIntoPatches,
  firstToken,
  gelu,
  leaveRoom,
  normalizeRows,
  scaleColumns,
} from '../../graph/tokens.ts';
import type { ParameterSpecification } from '../parameter-specification.ts';
import type { Encoder, Parameters } from './encoder.ts';
import type { TransformerShape } from './transformer-shape.ts';
import { IMAGENET, SYMMETRIC, type Normalisation } from './tiles.ts';
import { publishedTransformer } from './vision-transformer-weights.ts';

/** timm's of layer normalisation in these networks. */
const EPSILON = 1e-6;

/** The perceptron's inner layer is so many times wider. */
const WIDENING = 4;

const SMALL = { width: 384, heads: 6, depth: 12 } as const;
const BASE = { width: 768, heads: 12, depth: 12 } as const;
const AUGREG = { patch: 16, registers: 0, layerScale: undefined, classPlace: true } as const;
// DINOv2 itself starts its gains at 1e-5, which from random weights is no dependence on the tile: up to 18 blocks, 0.1 is the
// value of Touvron et al. (Going deeper with image transformers, 2021).
const DINOV2 = { patch: 14, registers: 0, layerScale: 0.1, classPlace: true } as const;
const DINOV2_REGISTERS = { ...DINOV2, registers: 4, classPlace: false } as const;

export const visionTransformers = {
  vit_small_patch16: visionTransformer({ ...SMALL, ...AUGREG }, SYMMETRIC),
  vit_small_patch14_dinov2: visionTransformer({ ...SMALL, ...DINOV2 }, IMAGENET),
  vit_small_patch14_reg4_dinov2: visionTransformer({ ...SMALL, ...DINOV2_REGISTERS }, IMAGENET),
  vit_base_patch16: visionTransformer({ ...BASE, ...AUGREG }, SYMMETRIC),
  vit_base_patch14_dinov2: visionTransformer({ ...BASE, ...DINOV2 }, IMAGENET),
  vit_base_patch14_reg4_dinov2: visionTransformer({ ...BASE, ...DINOV2_REGISTERS }, IMAGENET),
} as const;

function visionTransformer(shape: TransformerShape, normalisation: Normalisation): Encoder {
  const { width, depth, heads, registers, layerScale, classPlace } = shape;
  return {
    revision: 1,
    embeddingSize: width,
    normalisation,
    parameters: (tileSize) => transformerParameters(shape, tileSize),

    forward(tape, parameters, tiles) {
      const vector = (name: string): Value => parameters(`encoder.${name}`);
      const linear = (rows: Value, name: string): Value =>
        addBias(tape, matrixProduct(tape, rows, vector(`${name}.weight`)), vector(`${name}.bias`));
      const normalize = (rows: Value, name: string): Value =>
        normalizeRows(tape, rows, {
          gain: vector(`${name}.weight`),
          bias: vector(`${name}.bias`),
          epsilon: EPSILON,
        });
      const branch = (rows: Value, name: string): Value =>
        layerScale === undefined ? rows : scaleColumns(tape, rows, vector(`${name}.gamma`));

      const projected = tiles.convolve(projectPatches, vector('patch_embed.proj.weight'), shape.patch);
      const patches = addBias(tape, projected, vector('patch_embed.proj.bias'));
      const places = known(vector('pos_embed').shape, 1);
      const tokens = 1 + registers + (classPlace ? places - 1 : places);
      const first = withShape(tape, patches, [null, tokens - 1 - registers, width]);
      const all = addToEach(
        tape,
        leaveRoom(tape, first, 1 + registers),
        offsets(tape, parameters, { classPlace, registers, tokens, width }),
      );
      let rows = withShape(tape, all, [null, width]);
      for (let index = 0; index < depth; index++) {
        const name = `blocks.${index}`;
        const queried = linear(normalize(rows, `${name}.norm1`), `${name}.attn.qkv`);
        const attended = linear(attend(tape, queried, { tokens, heads }), `${name}.attn.proj`);
        rows = add(tape, rows, branch(attended, `${name}.ls1`));
        const widened = gelu(tape, linear(normalize(rows, `${name}.norm2`), `${name}.mlp.fc1`));
        rows = add(tape, rows, branch(linear(widened, `${name}.mlp.fc2`), `${name}.ls2`));
      }
      // Layer normalisation works on each token alone, and only that of the class is used.
      return normalize(firstToken(tape, withShape(tape, rows, [null, tokens, width])), 'norm');
    },

    published: (tileSize) => publishedTransformer(shape, transformerParameters(shape, tileSize)),
  };
}

/** A convolution whose kernels lie beside one another is a matrix product: rows [n g g, out]. */
function projectPatches(tape: Tape, image: Value, weights: Value, patch: number): Value {
  const outputs = known(weights.shape, 3);
  const matrix = withShape(tape, weights, [elements(weights.shape) / outputs, outputs]);
  return matrixProduct(tape, cutIntoPatches(tape, image, patch), matrix);
}

/** What is added to the tokens of every tile, [1, t, d]: tokens of their own before those of the patches, and the places. */
function offsets(
  tape: Tape,
  parameters: Parameters,
  shape: {
    readonly classPlace: boolean;
    readonly registers: number;
    readonly tokens: number;
    readonly width: number;
  },
): Value {
  const places = parameters('encoder.pos_embed');
  const classToken = parameters('encoder.cls_token');
  const own =
    shape.registers === 0 ? classToken : appendTokens(tape, classToken, parameters('encoder.reg_token'));
  if (!shape.classPlace) return appendTokens(tape, own, places);
  const { graph } = tape;
  const rest = shape.tokens - 1 - shape.registers;
  const zeros = reshape(
    graph,
    graph.floats(Array<number>(rest * shape.width).fill(0), [rest * shape.width]),
    [1, rest, shape.width],
  );
  return add(tape, appendTokens(tape, own, zeros), places);
}

function transformerParameters(shape: TransformerShape, tileSize: number): ParameterSpecification[] {
  const { patch, width, depth, registers, layerScale, classPlace } = shape;
  const places = (tileSize / patch) ** 2 + (classPlace ? 1 : 0);
  // timm's first values: matrices and places of deviation 0.02, tokens close to 0, and PyTorch's own for the patches.
  const ofPatches = 1 / Math.sqrt(3 * patch * patch * 3);
  const tensor = (name: string, of: readonly number[], deviation: number, decay = true) => ({
    name: `encoder.${name}`,
    shape: of,
    decay,
    initial: { deviation },
  });
  const vector = (name: string, length: number, constant: number) => ({
    name: `encoder.${name}`,
    shape: [length],
    decay: false,
    initial: { constant },
  });
  const linear = (name: string, inputs: number, outputs: number): ParameterSpecification[] => [
    tensor(`${name}.weight`, [inputs, outputs], 0.02),
    vector(`${name}.bias`, outputs, 0),
  ];
  const norm = (name: string): ParameterSpecification[] => [
    vector(`${name}.weight`, width, 1),
    vector(`${name}.bias`, width, 0),
  ];
  const gains = (name: string): ParameterSpecification[] =>
    layerScale === undefined ? [] : [vector(`${name}.gamma`, width, layerScale)];
  return [
    tensor('cls_token', [1, 1, width], 1e-6, false),
    ...(registers === 0 ? [] : [tensor('reg_token', [1, registers, width], 1e-6, false)]),
    tensor('pos_embed', [1, places, width], 0.02, false),
    {
      ...tensor('patch_embed.proj.weight', [patch, patch, 3, width], ofPatches),
      // Otherwise the tokens of patches of a common colour would be nearly the same.
      initial: { deviation: ofPatches, sum: 0 },
    },
    vector('patch_embed.proj.bias', width, 0),
    ...Array.from({ length: depth }, (_, index) => `blocks.${index}`).flatMap((name) => [
      ...norm(`${name}.norm1`),
      ...linear(`${name}.attn.qkv`, width, 3 * width),
      ...linear(`${name}.attn.proj`, width, width),
      ...gains(`${name}.ls1`),
      ...norm(`${name}.norm2`),
      ...linear(`${name}.mlp.fc1`, width, WIDENING * width),
      ...linear(`${name}.mlp.fc2`, WIDENING * width, width),
      ...gains(`${name}.ls2`),
    ]),
    ...norm('norm'),
  ];
}
