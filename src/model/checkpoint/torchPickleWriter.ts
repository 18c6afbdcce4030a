/** Writes the pickle of a state dict, with protocol 2, in the format of `torch.save`. */
import type { ElementType } from './elementTypes';
import { elementCount } from './elementTypes';
import { contiguousStrides } from './tensorView';

/** A contiguous tensor with its own storage, `data/<key>` of the archive. */
export interface PickledTensor {
  readonly key: string;
  readonly shape: readonly number[];
  readonly type: Extract<ElementType, 'F32' | 'I64'>;
}

const storageTypes = { F32: 'FloatStorage', I64: 'LongStorage' } as const;

class Writer {
  private readonly parts: Buffer[] = [];

  bytes(): Uint8Array {
    return Buffer.concat(this.parts);
  }

  op(code: string): void {
    this.parts.push(Buffer.from(code, 'latin1'));
  }

  global(module: string, name: string): void {
    this.op(`c${module}\n${name}\n`);
  }

  text(value: string): void {
    const utf8 = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(utf8.length);
    this.parts.push(Buffer.from('X'), length, utf8);
  }

  integer(value: number): void {
    if (value < 0x100) {
      this.parts.push(Buffer.from([0x4b, value])); // BININT1
    } else if (value < 0x80000000) {
      const bytes = Buffer.alloc(5, 'J'); // BININT
      bytes.writeInt32LE(value, 1);
      this.parts.push(bytes);
    } else {
      const bytes = Buffer.alloc(10); // LONG1 of eight bytes
      bytes[0] = 0x8a;
      bytes[1] = 8;
      bytes.writeBigInt64LE(BigInt(value), 2);
      this.parts.push(bytes);
    }
  }

  /** MARK … TUPLE */
  tuple(values: readonly number[]): void {
    this.op('(');
    for (const value of values) this.integer(value);
    this.op('t');
  }
}

/** `OrderedDict()` */
function emptyOrderedDict(writer: Writer): void {
  writer.global('collections', 'OrderedDict');
  writer.op(')R');
}

/** `_rebuild_tensor_v2(storage, 0, shape, strides, requires_grad=False, OrderedDict())` */
function tensor(writer: Writer, { key, shape, type }: PickledTensor): void {
  writer.global('torch._utils', '_rebuild_tensor_v2');
  writer.op('((');
  writer.text('storage');
  writer.global('torch', storageTypes[type]);
  writer.text(key);
  writer.text('cpu');
  writer.integer(elementCount(shape));
  writer.op('tQ');
  writer.integer(0);
  writer.tuple(shape);
  writer.tuple(contiguousStrides(shape));
  writer.op('\x89');
  emptyOrderedDict(writer);
  writer.op('tR');
}

/** `{'model': OrderedDict([(name, tensor), …])}` */
export function pickleStateDict(tensors: ReadonlyMap<string, PickledTensor>): Uint8Array {
  const writer = new Writer();
  writer.op('\x80\x02}');
  writer.text('model');
  emptyOrderedDict(writer);
  writer.op('(');
  for (const [name, value] of tensors) {
    writer.text(name);
    tensor(writer, value);
  }
  writer.op('us.');
  return writer.bytes();
}
