/**
 * Parses Python pickles of `torch.save`: protocol 2 by default, and 3 to 5. It executes nothing: a host maps the names of
 * GLOBAL and the calls of REDUCE from a short list to plain data. All others become `Opaque` values without content, or are
 * an error that names them.
 */
import { localize } from '../../util/localize';
import { CheckpointFormatError } from './formatError';

/** Source of the bytes. It must check a length against the remaining bytes before allocating memory for it. */
export interface PickleInput {
  byte(): number;
  /** The next `length` bytes, valid until the next call. */
  bytes(length: number): Uint8Array;
}

/** Interprets the parts of a pickle that Python would import or call. */
export interface PickleHost {
  /** The value of `module.name`. @throws {CheckpointFormatError} for names that are not allowed. */
  global(module: string, name: string): unknown;
  /** The result of calling `callee`, which `global` returned. */
  call(callee: unknown, args: readonly unknown[]): unknown;
  /** `obj.__setstate__(state)`. */
  build(target: unknown, state: unknown): void;
  /** The storage of a persistent id. */
  persistent(id: unknown): unknown;
}

export class PickleTuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A set, of which only the items are kept. */
class PickleSet {
  readonly items: unknown[] = [];
}

/**
 * A Python object in addition to the weights: a path, a date, a NumPy scalar, an object of the user's classes. It is never
 * constructed: only the name of its class is kept, and the entries of a subclass of dict, which may be the weights.
 */
export class Opaque {
  readonly entries = new Map<unknown, unknown>();
  constructor(readonly className: string) {}
}

const MAX_STRING_BYTES = 1 << 20;
const MAX_INTEGER_BYTES = 1 << 12;
/** Limits memory: about twenty times the opcodes of a checkpoint of the large model with its optimizer. */
const MAX_OPCODES = 2_000_000;

/** Parses one pickle from `input`, including its STOP. */
export function unpickle(input: PickleInput, host: PickleHost): unknown {
  return new Unpickler(input, host).run();
}

class Unpickler {
  private stack: unknown[] = [];
  private readonly marks: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(
    private readonly input: PickleInput,
    private readonly host: PickleHost,
  ) {}

  run(): unknown {
    for (let count = 0; count < MAX_OPCODES; count++) {
      const opcode = this.input.byte();
      if (opcode === 0x2e /* STOP */) return this.pop();
      this.step(opcode);
    }
    throw malformed(`more than ${MAX_OPCODES} operations`);
  }

  private step(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        return this.protocol();
      case 0x28: // MARK
        this.marks.push(this.stack);
        this.stack = [];
        return;
      case 0x30: // POP
        return void this.pop();
      case 0x31: // POP_MARK
        return void this.popMark();
      case 0x4e: // NONE
        return this.push(null);
      case 0x88: // NEWTRUE
        return this.push(true);
      case 0x89: // NEWFALSE
        return this.push(false);
      case 0x4b: // BININT1
        return this.push(this.input.byte());
      case 0x4d: // BININT2
        return this.push(this.unsigned(2));
      case 0x4a: // BININT
        return this.push(this.unsigned(4) | 0);
      case 0x8a: // LONG1
        return this.push(this.long(this.input.byte()));
      case 0x8b: // LONG4
        return this.push(this.long(this.unsigned(4)));
      case 0x47: // BINFLOAT
        return this.push(this.double());
      case 0x58: // BINUNICODE
        return this.push(this.text(this.unsigned(4)));
      case 0x55: // SHORT_BINSTRING, written by Python 2
        return this.push(this.text(this.input.byte()));
      case 0x8c: // SHORT_BINUNICODE
        return this.push(this.text(this.input.byte()));
      case 0x8d: // BINUNICODE8
        return this.push(this.text(this.unsigned(8)));
      case 0x54: // BINSTRING, written by Python 2
        return this.push(this.text(this.unsigned(4)));
      case 0x43: // SHORT_BINBYTES
        return this.push(this.raw(this.input.byte()));
      case 0x42: // BINBYTES
        return this.push(this.raw(this.unsigned(4)));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.push(this.raw(this.unsigned(8)));
      case 0x95: // FRAME: a length for reading ahead, not needed here
        this.input.bytes(8);
        return;
      case 0x94: // MEMOIZE
        return this.put(this.memo.size);
      case 0x8f: // EMPTY_SET
        return this.push(new PickleSet());
      case 0x90: // ADDITEMS
        return this.addItems(this.popMark());
      case 0x91: {
        // FROZENSET
        const items = this.popMark();
        this.push(new PickleSet());
        return this.addItems(items);
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = this.pop();
        const module = this.pop();
        if (typeof module !== 'string' || typeof name !== 'string')
          throw malformed('a name that is not a string');
        return this.push(this.host.global(module, name));
      }
      case 0x92: {
        // NEWOBJ_EX
        this.pop();
        const args = this.pop();
        if (!(args instanceof PickleTuple)) throw malformed('a call without a tuple of arguments');
        return this.push(this.host.call(this.pop(), args.items));
      }
      case 0x5d: // EMPTY_LIST
        return this.push([]);
      case 0x7d: // EMPTY_DICT
        return this.push(new Map());
      case 0x29: // EMPTY_TUPLE
        return this.push(new PickleTuple([]));
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.tuple(opcode - 0x84);
      case 0x74: // TUPLE
        return this.push(new PickleTuple(this.popMark()));
      case 0x61: // APPEND
        return this.append([this.pop()]);
      case 0x65: // APPENDS
        return this.append(this.popMark());
      case 0x73: {
        // SETITEM
        const value = this.pop();
        return this.setItems([this.pop(), value]);
      }
      case 0x75: // SETITEMS
        return this.setItems(this.popMark());
      case 0x71: // BINPUT
        return this.put(this.input.byte());
      case 0x72: // LONG_BINPUT
        return this.put(this.unsigned(4));
      case 0x68: // BINGET
        return this.get(this.input.byte());
      case 0x6a: // LONG_BINGET
        return this.get(this.unsigned(4));
      case 0x63: {
        // GLOBAL
        const module = this.line();
        return this.push(this.host.global(module, this.line()));
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = this.pop();
        if (!(args instanceof PickleTuple)) throw malformed('a call without a tuple of arguments');
        return this.push(this.host.call(this.pop(), args.items));
      }
      case 0x62: {
        // BUILD
        const state = this.pop();
        return this.host.build(this.top(), state);
      }
      case 0x51: // BINPERSID
        return this.push(this.host.persistent(this.pop()));
      default:
        throw new CheckpointFormatError(
          localize(
            'its pickle has opcode {0}, which torch.save does not write',
            `0x${opcode.toString(16).padStart(2, '0')}`,
          ),
          saveAgain,
        );
    }
  }

  private protocol(): void {
    const version = this.input.byte();
    if (version < 2 || version > 5)
      throw new CheckpointFormatError(
        localize('its pickle has protocol {0}; protocols 2 to 5 are supported', version),
        saveAgain,
      );
  }

  private push(value: unknown): void {
    this.stack.push(value);
  }

  private pop(): unknown {
    if (this.stack.length === 0) throw malformed('a value is missing');
    return this.stack.pop();
  }

  private top(): unknown {
    if (this.stack.length === 0) throw malformed('a value is missing');
    return this.stack.at(-1);
  }

  private popMark(): unknown[] {
    const outer = this.marks.pop();
    if (!outer) throw malformed('a mark is missing');
    const items = this.stack;
    this.stack = outer;
    return items;
  }

  private tuple(length: number): void {
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.unshift(this.pop());
    this.push(new PickleTuple(items));
  }

  private append(items: unknown[]): void {
    const list = this.top();
    if (list instanceof Opaque) return;
    if (!Array.isArray(list))
      throw malformed('values are appended to an object that is not a list');
    for (const item of items) list.push(item);
  }

  private setItems(items: unknown[]): void {
    const top = this.top();
    const dict = top instanceof Opaque ? top.entries : top;
    if (!(dict instanceof Map) || items.length % 2)
      throw malformed('items of an object that is not a dict');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  private addItems(items: unknown[]): void {
    const set = this.top();
    if (set instanceof Opaque) return;
    if (!(set instanceof PickleSet))
      throw malformed('items are added to an object that is not a set');
    for (const item of items) set.items.push(item);
  }

  private put(index: number): void {
    this.memo.set(index, this.top());
  }

  private get(index: number): void {
    if (!this.memo.has(index)) throw malformed(`memo ${index} was never written`);
    this.push(this.memo.get(index));
  }

  private unsigned(length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value += this.input.byte() * 2 ** (8 * i);
    return value;
  }

  /** Reads a two's complement, little-endian integer; returns a bigint if it is not a safe integer. */
  private long(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) throw malformed(`a number of ${length} bytes`);
    if (length === 0) return 0;
    const hex = Buffer.from(this.input.bytes(length)).reverse().toString('hex');
    const value = BigInt.asIntN(length * 8, BigInt(`0x${hex}`));
    const short = Number(value);
    return Number.isSafeInteger(short) ? short : value;
  }

  private double(): number {
    const bytes = this.input.bytes(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  }

  private raw(length: number): Uint8Array {
    if (length > MAX_STRING_BYTES) throw malformed(`a string of ${length} bytes`);
    return Uint8Array.from(this.input.bytes(length));
  }

  private text(length: number): string {
    if (length > MAX_STRING_BYTES) throw malformed(`a string of ${length} bytes`);
    return Buffer.from(this.input.bytes(length)).toString('utf8');
  }

  private line(): string {
    const bytes: number[] = [];
    for (let byte = this.input.byte(); byte !== 0x0a; byte = this.input.byte()) {
      if (bytes.push(byte) > 256) throw malformed('a name of more than 256 bytes');
    }
    return Buffer.from(bytes).toString('utf8');
  }
}

const saveAgain = localize(
  'Load it in Python and save it again with torch.save(obj, file) and the default pickle protocol.',
);

const malformed = (what: string): CheckpointFormatError =>
  new CheckpointFormatError(`its pickle is malformed (${what})`);

/** A pickle in memory. */
export class BufferInput implements PickleInput {
  private position = 0;
  constructor(private readonly buffer: Uint8Array) {}

  byte(): number {
    const value = this.buffer[this.position++];
    if (value === undefined) throw new CheckpointFormatError('its pickle ends too early');
    return value;
  }

  bytes(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.buffer.length) throw new CheckpointFormatError('its pickle ends too early');
    const bytes = this.buffer.subarray(this.position, end);
    this.position = end;
    return bytes;
  }
}
