/** Variables in the runtime's memory: weights, moments, accumulators. All are float32. */
import type { Capi, OperationPointer, Output, TensorPointer } from './tensorflow/capi';
import { DType, elementCount } from './tensorflow/dtypes';
import { RuntimeError, TraceError } from './errors';
import type { Graph } from './tensorflow/graph';
import type { NativeSession } from './tensorflow/nativeSession';
import { createTensor, readTensor } from './tensorflow/nativeTensor';

export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  /** Resource handle, input of the ops that read and write the variable. */
  readonly handle: Output;
}

interface Entry extends Variable {
  /** Nodes that assign and read the variable outside of programs, added when first needed. */
  assignment?: { input: Output; operation: OperationPointer };
  reading?: Output;
  /** Assigns zeros; runs before anything else when the variable has no value yet. */
  zeros?: OperationPointer;
  assigned: boolean;
  /** Frees the variable's memory; added when first needed. */
  release?: OperationPointer;
  /** Whether its memory was freed, until it is declared again. */
  released: boolean;
}

/** Variables are read and assigned in groups of about this size: few different runs, and little memory at a time. */
const GROUP_BYTES = 128 * 1024 * 1024;

export class Variables {
  private readonly entries = new Map<string, Entry>();
  /** Zeros by shape, which variables share until each is changed. */
  private readonly zerosOf = new Map<string, Output>();
  private initializing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly capi: Capi,
    private readonly graph: Graph,
    private readonly session: NativeSession,
  ) {}

  /** Declares a variable. A second declaration with the same shape is allowed, and restores a released variable. */
  declare(name: string, shape: readonly number[], initial?: 'zeros'): void {
    const known = this.entries.get(name);
    if (known) {
      if (known.shape.join() !== shape.join())
        throw new TraceError(
          `variable ${name} has shape [${known.shape.join(', ')}], not [${shape.join(', ')}]`,
        );
      known.released = false;
      return;
    }
    const handle = this.graph.op('VarHandleOp', [], {
      dtype: { type: DType.float32 },
      shape: { shape },
      shared_name: { string: name },
    });
    const entry: Entry = { name, shape: [...shape], handle, assigned: false, released: false };
    if (initial === 'zeros') entry.zeros = this.zeros(entry);
    this.entries.set(name, entry);
  }

  get(name: string): Variable {
    return this.entry(name);
  }

  /** @throws RuntimeError naming the variables among these that have no value */
  requireValues(names: Iterable<string>): void {
    const missing = [...names].filter((name) => {
      const entry = this.entry(name);
      return !entry.assigned && !entry.zeros;
    });
    if (missing.length > 0)
      throw new RuntimeError(
        `no value was assigned to ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`,
      );
  }

  /**
   * Assigns the initial values of variables that were declared with zeros. If it is called before a program is traced, its
   * graph passes see only the variables, and run while it is traced.
   */
  async initialize(): Promise<void> {
    const fresh = [...this.entries.values()].filter(
      (entry) => entry.zeros && !entry.assigned && !entry.released,
    );
    if (fresh.length > 0) {
      const targets = fresh.flatMap((entry) => entry.zeros ?? []);
      for (const entry of fresh) entry.assigned = true;
      const run = { name: 'initializing variables', feeds: [], fetches: [], targets };
      this.initializing = Promise.all([this.initializing, this.session.run(run)]);
      // A failure is reported where the promise is awaited.
      this.initializing.catch(() => undefined);
    }
    await this.initializing;
  }

  /** Frees the memory of a variable until it is declared again. Programs that use it stay valid. */
  async release(name: string): Promise<void> {
    const entry = this.entry(name);
    entry.released = true;
    if (!entry.assigned) return;
    entry.assigned = false;
    entry.release ??= this.graph.add('DestroyResourceOp', [entry.handle], {
      ignore_lookup_error: { bool: true },
    }).operation;
    await this.session.run({
      name: 'releasing a variable',
      feeds: [],
      fetches: [],
      targets: [entry.release],
    });
  }

  /** Marks variables whose values were assigned by a program. */
  markAssigned(names: Iterable<string>): void {
    for (const name of names) this.entry(name).assigned = true;
  }

  /** Assigns values, which are read one at a time from the iterable, so that the caller need not hold all of them. */
  async assign(values: Iterable<readonly [string, Float32Array]>): Promise<void> {
    let group: [Entry, TensorPointer][] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      const current = group;
      group = [];
      bytes = 0;
      if (current.length === 0) return;
      const nodes = current.map(([entry, tensor]) => ({ ...this.assignment(entry), tensor }));
      await this.session.run({
        name: 'assigning variables',
        feeds: nodes.map(({ input, tensor }) => [input, tensor] as const),
        fetches: [],
        targets: nodes.map(({ operation }) => operation),
      });
      for (const [entry] of current) entry.assigned = true;
    };
    try {
      for (const [name, value] of values) {
        const entry = this.entry(name);
        if (value.length !== elementCount(entry.shape))
          throw new RuntimeError(
            `variable ${name} of shape [${entry.shape.join(', ')}] takes ${elementCount(entry.shape)} values, got ${value.length}`,
          );
        if (group.some(([other]) => other === entry)) await flush();
        group.push([entry, createTensor(this.capi, entry.shape, DType.float32, value)]);
        bytes += value.byteLength;
        if (bytes >= GROUP_BYTES) await flush();
      }
      await flush();
    } finally {
      for (const [, tensor] of group) this.capi.DeleteTensor(tensor);
    }
  }

  /** Current values in the order of the names, read in groups as the iterator advances. */
  async *read(names: readonly string[]): AsyncGenerator<[string, Float32Array], void, undefined> {
    this.requireValues(names);
    await this.initialize();
    for (const group of groupBySize(names.map((name) => this.entry(name)))) {
      const tensors = await this.session.run({
        name: 'reading variables',
        feeds: [],
        fetches: group.map((entry) => this.reading(entry)),
        targets: [],
      });
      try {
        for (const [i, entry] of group.entries()) {
          const tensor = tensors[i];
          yield [entry.name, readTensor(this.capi, tensor) as Float32Array];
        }
      } finally {
        for (const tensor of tensors) this.capi.DeleteTensor(tensor);
      }
    }
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (!entry) throw new TraceError(`there is no variable ${name}`);
    return entry;
  }

  private assignment(entry: Entry): { input: Output; operation: OperationPointer } {
    if (!entry.assignment) {
      // With it those of all weights: TensorFlow places the whole graph again whenever it has grown.
      if (!entry.zeros)
        for (const other of this.entries.values())
          if (!other.zeros && other !== entry) other.assignment ??= this.addAssignment(other);
      entry.assignment = this.addAssignment(entry);
    }
    return entry.assignment;
  }

  private addAssignment(entry: Entry): { input: Output; operation: OperationPointer } {
    const dtype = { type: DType.float32 } as const;
    const input = this.graph.op('Placeholder', [], { dtype, shape: { shape: entry.shape } });
    const { operation } = this.graph.add('AssignVariableOp', [entry.handle, input], { dtype });
    return { input, operation };
  }

  private reading(entry: Entry): Output {
    entry.reading ??= this.graph.op('ReadVariableOp', [entry.handle], {
      dtype: { type: DType.float32 },
    });
    return entry.reading;
  }

  private zeros(entry: Entry): OperationPointer {
    const { graph } = this;
    const key = entry.shape.join();
    let value = this.zerosOf.get(key);
    if (!value) {
      const dims = graph.constant([entry.shape.length], DType.int32, Int32Array.from(entry.shape));
      value = graph.op('Fill', [dims, graph.scalar(0)], {
        T: { type: DType.float32 },
        index_type: { type: DType.int32 },
      });
      this.zerosOf.set(key, value);
    }
    return graph.add('AssignVariableOp', [entry.handle, value], {
      dtype: { type: DType.float32 },
    }).operation;
  }
}

function groupBySize(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    if (bytes >= GROUP_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(entry);
    bytes += elementCount(entry.shape) * 4;
  }
  return groups;
}
