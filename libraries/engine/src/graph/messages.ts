/** The part of TensorFlow's protobuf messages that a graph needs, written field by field (tensorflow/core/protobuf). */
import protobuf from 'protobufjs/minimal.js';

export type DataType = 'float32' | 'float64' | 'int32' | 'uint8';

const DATA_TYPES: Readonly<Record<DataType, number>> = { float32: 1, float64: 2, int32: 3, uint8: 4 };

/** A dimension that differs from call to call (the number of tiles) is null. */
export type Shape = readonly (number | null)[];

export type Attribute =
  | { readonly type: DataType }
  | { readonly shape: Shape }
  | { readonly integer: number }
  | { readonly integers: readonly number[] }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly flag: boolean }
  | {
      readonly constant: {
        readonly type: DataType;
        readonly shape: readonly number[];
        readonly content: Uint8Array;
      };
    };

export interface Node {
  readonly name: string;
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

const LENGTH_DELIMITED = 2;
const VARINT = 0;
const FIXED32 = 5;
const tag = (field: number, wireType: number): number => field * 8 + wireType;

/** The graph format's version when the operations used here had long settled; a newer TensorFlow reads it. */
const GRAPH_PRODUCER = 1087;

/** A SavedModel with one graph and the tag `serve`: no variables, no signatures. */
export function savedModelBytes(nodes: readonly Node[]): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(tag(1, VARINT)).int64(1);
  message(writer, 2, () => {
    message(writer, 1, () => writer.uint32(tag(4, LENGTH_DELIMITED)).string('serve'));
    message(writer, 2, () => {
      for (const node of nodes) message(writer, 1, () => writeNode(writer, node));
      message(writer, 4, () => writer.uint32(tag(1, VARINT)).int32(GRAPH_PRODUCER));
    });
  });
  return writer.finish();
}

function writeNode(writer: protobuf.Writer, { name, operation, inputs, attributes }: Node): void {
  writer.uint32(tag(1, LENGTH_DELIMITED)).string(name);
  writer.uint32(tag(2, LENGTH_DELIMITED)).string(operation);
  for (const input of inputs) writer.uint32(tag(3, LENGTH_DELIMITED)).string(input);
  for (const [key, value] of Object.entries(attributes)) {
    message(writer, 5, () => {
      writer.uint32(tag(1, LENGTH_DELIMITED)).string(key);
      message(writer, 2, () => writeAttribute(writer, value));
    });
  }
}

function writeAttribute(writer: protobuf.Writer, attribute: Attribute): void {
  if ('text' in attribute) writer.uint32(tag(2, LENGTH_DELIMITED)).string(attribute.text);
  else if ('integer' in attribute) writer.uint32(tag(3, VARINT)).int64(attribute.integer);
  else if ('float' in attribute) writer.uint32(tag(4, FIXED32)).float(attribute.float);
  else if ('flag' in attribute) writer.uint32(tag(5, VARINT)).bool(attribute.flag);
  else if ('type' in attribute) writer.uint32(tag(6, VARINT)).int32(DATA_TYPES[attribute.type]);
  else if ('shape' in attribute) message(writer, 7, () => writeShape(writer, attribute.shape));
  else if ('integers' in attribute) {
    message(writer, 1, () => {
      for (const integer of attribute.integers) writer.uint32(tag(3, VARINT)).int64(integer);
    });
  } else {
    const { type, shape, content } = attribute.constant;
    message(writer, 8, () => {
      writer.uint32(tag(1, VARINT)).int32(DATA_TYPES[type]);
      message(writer, 2, () => writeShape(writer, shape));
      writer.uint32(tag(4, LENGTH_DELIMITED)).bytes(content);
    });
  }
}

function writeShape(writer: protobuf.Writer, shape: Shape): void {
  for (const size of shape) message(writer, 2, () => writer.uint32(tag(1, VARINT)).int64(size ?? -1));
}

function message(writer: protobuf.Writer, field: number, write: () => void): void {
  writer.uint32(tag(field, LENGTH_DELIMITED)).fork();
  write();
  writer.ldelim();
}
