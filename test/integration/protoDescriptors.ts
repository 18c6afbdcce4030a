/**
 * Protocol buffers by TensorFlow's own descriptors, which its library carries: what our hand-written encodings are held to.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findLibrary } from '../../src/runtime/install/library';
import { bytesField, fieldsOf, intField, type Bytes } from '../../src/runtime/tensorflow/protobuf';

const FILES = [
  'tensorflow/core/protobuf/config.proto',
  'tensorflow/core/protobuf/rewriter_config.proto',
  'tensorflow/core/protobuf/cluster.proto',
  'tensorflow/core/protobuf/tensorflow_server.proto',
  'tensorflow/core/framework/step_stats.proto',
  'tensorflow/core/framework/allocation_description.proto',
];

/** descriptor.proto: numbers of `FieldDescriptorProto.type` that are read here. */
const Type = { bool: 8, string: 9, message: 11, enum: 14 } as const;
const REPEATED = 3;

interface Field {
  name: string;
  number: number;
  repeated: boolean;
  type: number;
  typeName: string;
}

/** A message as an object by field names; enums by the names of their values, a map as a list of `key` and `value`. */
export type Message = Readonly<{ [field: string]: Value | readonly Value[] }>;
type Value = number | boolean | string | Message;

const utf8 = new TextDecoder();

export class Descriptors {
  private readonly messages = new Map<string, Field[]>();
  private readonly enums = new Map<string, Map<number, string>>();

  /** Those of the installed library. */
  static async ofLibrary(): Promise<Descriptors> {
    const { path } = await findLibrary();
    const library = readFileSync(join(dirname(path), 'libtensorflow_framework.so.2'));
    return new Descriptors(library);
  }

  private constructor(library: Buffer) {
    for (const file of FILES) {
      const at = library.indexOf(Buffer.from(bytesField(1, file)));
      if (at < 0) throw new Error(`the library has no descriptor of ${file}`);
      this.readFile(library.subarray(at));
    }
  }

  /** Decodes bytes as a message. @throws where a field is not one of the message's, or of another type */
  decode(type: string, bytes: Uint8Array): Message {
    const message: Record<string, Value | Value[]> = {};
    for (const { field: number, value } of fieldsOf(bytes)) {
      const field = this.fieldOf(type, (each) => each.number === number);
      const decoded = this.value(field, value);
      if (field.repeated) ((message[field.name] ??= []) as Value[]).push(decoded);
      else message[field.name] = decoded;
    }
    return message;
  }

  /** Encodes a message. */
  encode(type: string, message: Message): Bytes {
    return Object.entries(message).flatMap(([name, value]) => {
      const field = this.fieldOf(type, (each) => each.name === name);
      return (Array.isArray(value) ? (value as Value[]) : [value as Value]).flatMap((each) =>
        typeof each === 'object'
          ? bytesField(field.number, this.encode(field.typeName, each))
          : typeof each === 'string'
            ? bytesField(field.number, each)
            : intField(field.number, each),
      );
    });
  }

  private value({ name, type, typeName }: Field, value: number | Uint8Array): Value {
    if (typeof value !== 'number') {
      if (type === Type.message) return this.decode(typeName, value);
      if (type === Type.string) return utf8.decode(value);
    } else if (type === Type.bool) return value !== 0;
    else if (type === Type.enum) return this.enums.get(typeName)?.get(value) ?? value;
    else if (type !== Type.message && type !== Type.string) return value;
    throw new Error(`${name} is of type ${type}, not what was written`);
  }

  private fieldOf(type: string, is: (field: Field) => boolean): Field {
    const field = this.messages.get(type)?.find(is);
    if (!field) throw new Error(`${type} has no such field`);
    return field;
  }

  private readFile(bytes: Uint8Array): void {
    let prefix = '';
    for (const { field, value } of fieldsOf(bytes)) {
      if (field === 2) prefix = `.${text(value)}`;
      if (field === 4) this.readMessage(prefix, value as Uint8Array);
      if (field === 5) this.readEnum(prefix, value as Uint8Array);
      // The last one, `syntax`: what follows in the library is something else.
      if (field === 12) return;
    }
  }

  private readMessage(prefix: string, bytes: Uint8Array): void {
    const parts = [...fieldsOf(bytes)];
    const name = `${prefix}.${text(parts.find(({ field }) => field === 1)?.value)}`;
    this.messages.set(
      name,
      parts.filter(({ field }) => field === 2).map(({ value }) => readField(value as Uint8Array)),
    );
    for (const { field, value } of parts) {
      if (field === 3) this.readMessage(name, value as Uint8Array);
      if (field === 4) this.readEnum(name, value as Uint8Array);
    }
  }

  private readEnum(prefix: string, bytes: Uint8Array): void {
    const values = new Map<number, string>();
    let name = '';
    for (const { field, value } of fieldsOf(bytes)) {
      if (field === 1) name = text(value);
      if (field !== 2) continue;
      const parts = new Map(
        [...fieldsOf(value as Uint8Array)].map((each) => [each.field, each.value]),
      );
      values.set(Number(parts.get(2) ?? 0), text(parts.get(1)));
    }
    this.enums.set(`${prefix}.${name}`, values);
  }
}

function readField(bytes: Uint8Array): Field {
  const parts = new Map([...fieldsOf(bytes)].map(({ field, value }) => [field, value]));
  return {
    name: text(parts.get(1)),
    number: Number(parts.get(3)),
    repeated: parts.get(4) === REPEATED,
    type: Number(parts.get(5)),
    typeName: parts.has(6) ? text(parts.get(6)) : '',
  };
}

function text(value: number | Uint8Array | undefined): string {
  if (!(value instanceof Uint8Array)) throw new Error('a descriptor lacks a name');
  return utf8.decode(value);
}
