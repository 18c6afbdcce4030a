/** Kinds of configuration keys, and the functions that the definitions of the keys are written with. */

/**
 * Groups of the form and of the documentation, in their order. Within a group the keys of BLIP's own `nlvr.yaml` and
 * command line come first. `Advanced` has keys for models from random weights, the sample and the interface.
 */
export const groups = ['Data', 'Model', 'Optimization', 'Hardware', 'Run', 'Advanced'] as const;
export type Group = (typeof groups)[number];

interface CommonFields {
  readonly group: Group;
  /** One or two sentences, plain text; shown by the hover, the form and docs/configuration.md. */
  readonly doc: string;
  /** BLIP's own value if the default differs, or if BLIP hard-codes it. */
  readonly blip?: string;
}

export interface IntegerKey extends CommonFields {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
export interface NumberKey extends CommonFields {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
export interface BooleanKey extends CommonFields {
  readonly kind: 'boolean';
  readonly default: boolean;
}
export interface EnumKey<V extends string = string> extends CommonFields {
  readonly kind: 'enum';
  readonly default: V;
  readonly values: readonly V[];
}
/** A path, relative to the configuration file's folder; `url` also allows https addresses. */
export interface PathKey extends CommonFields {
  readonly kind: 'path';
  readonly default: string;
  readonly target: 'file' | 'folder';
  readonly url?: boolean;
  /** The empty string means "none". */
  readonly optional?: boolean;
}
/** A mapping with fields; `alternative` is what is allowed instead of a mapping (a name, a path). */
export interface MappingKey<
  F extends Record<string, FieldKey> = Record<string, FieldKey>,
  A extends EnumKey | PathKey | undefined = EnumKey | PathKey | undefined,
  D = unknown,
> extends CommonFields {
  readonly kind: 'mapping';
  readonly fields: F;
  readonly alternative?: A;
  readonly default: D;
  /** Further fields that are accepted and ignored; if a value is given, only that value is accepted. */
  readonly ignored?: Readonly<Record<string, string | null>>;
}
export type FieldKey = IntegerKey | NumberKey | BooleanKey | EnumKey | PathKey;
export type KeyDefinition = FieldKey | MappingKey;

type FieldValue<K> =
  K extends EnumKey<infer V>
    ? V
    : K extends IntegerKey | NumberKey
      ? number
      : K extends BooleanKey
        ? boolean
        : K extends PathKey
          ? string
          : never;
type Fields<F extends Record<string, FieldKey>> = { -readonly [N in keyof F]: FieldValue<F[N]> };

/** The TypeScript type of the value of a key. */
export type KeyValue<K> =
  K extends MappingKey<infer F, infer A>
    ? Fields<F> | (A extends EnumKey | PathKey ? FieldValue<A> : never)
    : FieldValue<K>;

/** Maximum of integers without a natural limit. */
export const MAX_INTEGER = 2 ** 31 - 1;

/** Functions that define the keys of a group: default first, then range or values, meaning, and BLIP's value. */
export function keysOf(group: Group) {
  const common = (doc: string, blip?: string) => ({ group, doc, ...(blip && { blip }) });
  return {
    integer: (value: number, min: number, max: number, doc: string, blip?: string): IntegerKey => ({
      kind: 'integer',
      default: value,
      min,
      max,
      ...common(doc, blip),
    }),

    number: (value: number, min: number, max: number, doc: string, blip?: string): NumberKey => ({
      kind: 'number',
      default: value,
      min,
      max,
      ...common(doc, blip),
    }),

    boolean: (value: boolean, doc: string, blip?: string): BooleanKey => ({
      kind: 'boolean',
      default: value,
      ...common(doc, blip),
    }),

    oneOf: <const V extends readonly string[]>(
      value: V[number],
      values: V,
      doc: string,
      blip?: string,
    ): EnumKey<V[number]> => ({ kind: 'enum', default: value, values, ...common(doc, blip) }),

    path: (
      value: string,
      target: 'file' | 'folder',
      doc: string,
      options: { url?: boolean; optional?: boolean; blip?: string } = {},
    ): PathKey => ({ kind: 'path', default: value, target, group, doc, ...options }),

    mapping: <F extends Record<string, FieldKey>, A extends EnumKey | PathKey | undefined, D>(
      value: D,
      fields: F,
      doc: string,
      alternative: A,
      blip?: string,
      ignored?: Readonly<Record<string, string | null>>,
    ): MappingKey<F, A, D> => ({
      kind: 'mapping',
      default: value,
      fields,
      alternative,
      ...common(doc, blip),
      ...(ignored && { ignored }),
    }),
  };
}
