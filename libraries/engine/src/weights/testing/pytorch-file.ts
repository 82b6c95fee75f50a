/** Support for tests: files as `torch.save` writes them, made by hand, so that each may be wrong in one place. */

/** Text that a pickle opens with: protocol 2. */
export const PROTOCOL = Buffer.from([0x80, 2]);

export const opcode = {
  global: (name: string): Buffer => {
    const dot = name.lastIndexOf('.');
    return Buffer.from(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`);
  },
  text: (text: string): Buffer => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([Buffer.from('X'), length, bytes]);
  },
  number: (value: number): Buffer => {
    const bytes = Buffer.alloc(5);
    bytes.write('J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  },
  code: (text: string): Buffer => Buffer.from(text, 'latin1'),
} as const;

export interface SavedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset?: number;
  readonly storage: string;
  readonly elements: number;
  readonly type?: string;
  readonly parameter?: boolean;
}

/** A tensor as the call that makes it. */
export function tensorCall(tensor: SavedTensor): Buffer {
  const { global, text, number, code } = opcode;
  const tuple = (members: readonly number[]): Buffer =>
    Buffer.concat([code('('), ...members.map(number), code('t')]);
  const call = Buffer.concat([
    global('torch._utils._rebuild_tensor_v2'),
    code('(('),
    text('storage'),
    global(`torch.${tensor.type ?? 'FloatStorage'}`),
    text(tensor.storage),
    text('cpu'),
    number(tensor.elements),
    code('tQ'),
    number(tensor.offset ?? 0),
    tuple(tensor.shape),
    tuple(tensor.strides),
    code('\x89'),
    global('collections.OrderedDict'),
    code(')RtR'),
  ]);
  if (tensor.parameter !== true) return call;
  return Buffer.concat([
    global('torch._utils._rebuild_parameter'),
    code('('),
    call,
    code('\x88'),
    global('collections.OrderedDict'),
    code(')RtR'),
  ]);
}

/** `{key: {name: tensor}}` for each of `under`, the innermost last. */
export function pickleOf(tensors: readonly SavedTensor[], under: readonly string[] = []): Buffer {
  const { text, code } = opcode;
  const items = tensors.flatMap((tensor) => [text(tensor.name), tensorCall(tensor)]);
  const dict = Buffer.concat([opcode.global('collections.OrderedDict'), code(')R('), ...items, code('u')]);
  const nested = under.reduceRight(
    (inner, key) => Buffer.concat([code('}'), text(key), inner, code('s')]),
    dict,
  );
  return Buffer.concat([PROTOCOL, nested, code('.')]);
}

/** A zip file of stored entries; `method` other than 0 only says so. */
export function zipOf(entries: Readonly<Record<string, Uint8Array>>, method = 0): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const label = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(content.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(label.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(content.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(label.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, label, Buffer.from(content));
    directory.push(central, label);
    offset += 30 + label.length + content.length;
  }
  const records = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(Object.keys(entries).length, 8);
  end.writeUInt16LE(Object.keys(entries).length, 10);
  end.writeUInt32LE(records.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, records, end]);
}
