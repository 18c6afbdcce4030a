/** Converts the definition to a JSON schema (draft 7), for editors without this extension. */
import { inEnglish } from '../util/localize';
import { definition } from './definition';
import type {
  EnumKey,
  FieldKey,
  IntegerKey,
  KeyDefinition,
  MappingKey,
  NumberKey,
  PathKey,
} from './definitions/keyKinds';
import { describeDefault, describeRange } from './describe';

/** The subset of JSON Schema that is used here; `markdownDescription` is an extension of VS Code. */
export interface JsonSchema {
  $schema?: string;
  title?: string;
  type?: string | readonly string[];
  description?: string;
  markdownDescription?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  enum?: readonly string[];
  const?: string;
  pattern?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean;
  anyOf?: readonly JsonSchema[];
}

/** The schema of `nlvr.yaml`, with the checks of `parseConfig` for single keys. */
export function configSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'NLVR training configuration',
    // An empty file is valid: every key has a default.
    type: ['object', 'null'],
    additionalProperties: false,
    properties: mapValues(definition, (key) => keySchema(key)),
  };
}

function mapValues<T>(
  values: Readonly<Record<string, T>>,
  schemaOf: (value: T) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, schemaOf(value)]));
}

function keySchema(key: KeyDefinition): JsonSchema {
  return {
    description: key.doc.replaceAll('`', ''),
    markdownDescription: markdown(key),
    default: key.default,
    ...(key.kind === 'mapping' ? mappingSchema(key) : valueSchema(key)),
  };
}

function markdown(key: KeyDefinition): string {
  const facts = [
    `Default: ${inEnglish(describeDefault(key))}`,
    ...(key.kind === 'mapping' ? [] : [`Values: ${inEnglish(describeRange(key))}`]),
    ...(key.blip === undefined ? [] : [`BLIP: ${key.blip}`]),
  ];
  return `${key.doc}\n\n${facts.join('  \n')}`;
}

function valueSchema(key: FieldKey): JsonSchema {
  switch (key.kind) {
    case 'integer':
    case 'number':
      return numberSchema(key);
    case 'boolean':
      return { type: 'boolean' };
    case 'enum':
      return enumSchema(key);
    case 'path':
      return pathSchema(key);
  }
}

const numberSchema = ({ kind, min, max }: IntegerKey | NumberKey): JsonSchema => ({
  type: kind,
  minimum: min,
  maximum: max,
});

const enumSchema = ({ values }: EnumKey): JsonSchema => ({ type: 'string', enum: values });

/** No NUL characters; no addresses except https, and https only for weights. */
const pathSchema = ({ optional, url }: PathKey): JsonSchema => ({
  type: optional ? ['string', 'null'] : 'string',
  pattern: `^(?![Hh][Tt][Tt][Pp]${url ? '' : '[Ss]?'}://)[^\\u0000]*$`,
});

function mappingSchema(key: MappingKey): JsonSchema {
  const mapping: JsonSchema = {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...mapValues(key.fields, keySchema),
      ...mapValues(key.ignored ?? {}, (only) => (only === null ? {} : { const: only })),
    },
  };
  return key.alternative ? { anyOf: [valueSchema(key.alternative), mapping] } : mapping;
}
