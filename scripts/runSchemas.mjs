// Generates the JSON schemas of the run folder and the tables of docs/run-folder.md from the types and doc comments in
// src/run/openFormat.ts.
import ts from 'typescript';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const files = [
  { type: 'OpenRun', schema: 'configs/run.schema.json', title: 'NLVR run (run.json)' },
  {
    type: 'OpenEvent',
    schema: 'configs/event.schema.json',
    title: 'Event of an NLVR run (a line of events.jsonl)',
  },
  {
    type: 'OpenPrediction',
    schema: 'configs/prediction.schema.json',
    title: 'Prediction of an NLVR model (a line of predictions/*.jsonl)',
  },
];

const source = join(root, 'src', 'run', 'openFormat.ts');
const program = ts.createProgram([source], { strict: true, noEmit: true, skipLibCheck: true });
const checker = program.getTypeChecker();
const { Null, Undefined, NumberLike, StringLike, BooleanLike } = ts.TypeFlags;

/** The doc comment of a property, on one line. */
function described(symbol) {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return text.replace(/\s+/g, ' ').trim();
}

/** Converts a type to a JSON schema. @throws for unsupported kinds of types */
function schemaOf(type, path) {
  const parts = (type.isUnion() ? type.types : [type]).filter(({ flags }) => !(flags & Undefined));
  const nullable = parts.some(({ flags }) => flags & Null);
  const rest = parts.filter(({ flags }) => !(flags & Null));
  const or = (schema) =>
    nullable
      ? {
          ...schema,
          type: [schema.type, 'null'],
          ...(schema.enum && { enum: [...schema.enum, null] }),
        }
      : schema;
  if (rest.every((part) => part.flags & BooleanLike)) {
    const [only] = rest;
    const one = rest.length === 1 && only.intrinsicName !== 'boolean';
    return or({ type: 'boolean', ...(one && { const: only.intrinsicName === 'true' }) });
  }
  if (rest.every((part) => part.isStringLiteral())) {
    const values = rest.map(({ value }) => value);
    return or(
      values.length === 1 ? { type: 'string', const: values[0] } : { type: 'string', enum: values },
    );
  }
  if (rest.length !== 1) throw new Error(`${path}: a union of ${rest.length} kinds`);
  const [only] = rest;
  if (only.flags & NumberLike) return or({ type: 'number' });
  if (only.flags & StringLike) return or({ type: 'string' });
  if (checker.isTupleType(only)) {
    const items = checker.getTypeArguments(only).map((each, i) => schemaOf(each, `${path}[${i}]`));
    return or({ type: 'array', items, minItems: items.length, maxItems: items.length });
  }
  if (checker.isArrayType(only))
    return or({ type: 'array', items: schemaOf(checker.getTypeArguments(only)[0], `${path}[]`) });
  return or(objectSchema(only, path));
}

function objectSchema(type, path) {
  const properties = {};
  const required = [];
  for (const symbol of checker.getPropertiesOfType(type)) {
    const name = symbol.getName();
    const of = checker.getTypeOfSymbol(symbol);
    const description = described(symbol);
    properties[name] = {
      ...schemaOf(of, `${path}.${name}`),
      ...(description !== '' && { description }),
    };
    if (!(symbol.flags & ts.SymbolFlags.Optional)) required.push(name);
  }
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

function exported(name) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(source));
  const symbol = checker.getExportsOfModule(module).find((each) => each.getName() === name);
  return { type: checker.getDeclaredTypeOfSymbol(symbol), description: described(symbol) };
}

/** The type of an event. */
const kindOf = ({ properties }) => properties.type.const;

/** The schemas by file, and the Markdown tables by the name of their section in docs/run-folder.md. */
export function runSchemas() {
  const schemas = {};
  const tables = {};
  for (const { type: name, schema: file, title } of files) {
    const { type } = exported(name);
    const several = type.isUnion();
    const shapes = (several ? type.types : [type]).map((each) => objectSchema(each, name));
    schemas[file] = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      title,
      ...(several ? { oneOf: shapes } : shapes[0]),
    };
    if (several) for (const shape of shapes) tables[`event ${kindOf(shape)}`] = table(shape);
    else tables[name === 'OpenRun' ? 'run.json' : 'predictions'] = table(shapes[0]);
  }
  return { schemas, tables };
}

function table({ properties, required = [] }) {
  const shown = Object.entries(properties).filter(([name]) => name !== 'type');
  const order = (name) => (required.includes(name) ? 0 : 1);
  shown.sort(([a], [b]) => order(a) - order(b));
  const rows = shown.map(([name, schema]) => {
    const needed = required.includes(name) ? 'yes' : '';
    const description = (schema.description ?? '').replaceAll('|', '\\|');
    return `| \`${name}\` | ${needed} | ${describeType(schema).replaceAll('|', '\\|')} | ${description} |`;
  });
  return ['| field | needed | type | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Describes a type for the tables. */
function describeType(schema) {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum)
    return schema.enum.map((value) => (value === null ? 'null' : `\`"${value}"\``)).join(', ');
  const [type, or] = Array.isArray(schema.type) ? schema.type : [schema.type];
  return `${describeObjectOrList(schema, type)}${or === 'null' ? ' or null' : ''}`;
}

function describeObjectOrList(schema, type) {
  if (type === 'array')
    return Array.isArray(schema.items)
      ? `${schema.items.length} of ${describeType(schema.items[0])}`
      : schema.items.type === 'object'
        ? describeType(schema.items).replace('object', 'list of objects')
        : `list of ${describeType(schema.items)}s`;
  if (type !== 'object') return type;
  return `object of ${Object.keys(schema.properties)
    .map((name) => `\`${name}\``)
    .join(', ')}`;
}
