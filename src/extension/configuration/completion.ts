/** Completion items at a position of a configuration. Works on text that does not parse while it is typed. */
import type { FieldKey, KeyDefinition } from '../../config/definitions/keyKinds';
import { yamlText } from '../../config/describe';
import { alternativeOf, configKeys, definitionOf, fieldsOf } from '../../config/keys';

/** The syntactic context of the cursor. */
export type CompletionContext =
  /** A new key of the file, or of the mapping `parent`. `used`: keys that exist already. */
  | { kind: 'key'; parent: string; typed: string; used: readonly string[]; inFlow: boolean }
  /** The value of a key (dotted for a field). `typed`: the text after the spaces and the quote. */
  | { kind: 'value'; key: string; typed: string; quoted: boolean };

/** A completion item; `insert` is a snippet in VS Code's syntax. */
export interface Proposal {
  label: string;
  insert: string;
  kind: 'key' | 'value' | 'default';
  detail: string;
  /** The key whose documentation is shown. */
  key: string;
}

interface Line {
  indent: number;
  key: string | undefined;
}

const keyLine = /^([ ]*)(?:"([\w.-]+)"|'([\w.-]+)'|([\w.-]+))[ ]*:(?=[ ]|$)/;

function parseLine(text: string): Line {
  const match = keyLine.exec(text);
  const indent = /^[ ]*/.exec(text)?.[0].length ?? 0;
  return { indent, key: match?.[2] ?? match?.[3] ?? match?.[4] };
}

/** The context at an offset; undefined in comments and where no key is allowed. */
export function contextAt(text: string, offset: number): CompletionContext | undefined {
  const lines = text.split(/\r?\n/);
  const before = text.slice(0, offset).split(/\r?\n/);
  const row = before.length - 1;
  const prefix = before[row] ?? '';
  if (/(^|\s)#/.test(withoutQuotes(prefix))) return undefined;

  const flow = inFlow(prefix);
  if (flow !== undefined) return flow;
  const { indent, key } = parseLine(prefix);
  const parent = parentOf(lines, row, indent);
  if (parent === undefined) return undefined;
  if (key === undefined) {
    const typed = /^[ ]*([\w.-]*)$/.exec(prefix)?.[1];
    if (typed === undefined) return undefined;
    return { kind: 'key', parent, typed, used: siblings(lines, row, indent), inFlow: false };
  }
  const value = /:[ ]+(["']?)([^"']*)$/.exec(prefix);
  if (value === null) return undefined;
  const name = parent === '' ? key : `${parent}.${key}`;
  return { kind: 'value', key: name, typed: value[2] ?? '', quoted: value[1] !== '' };
}

const withoutQuotes = (text: string): string => text.replace(/"[^"]*"?|'[^']*'?/g, 'x');

/** `vit: {width: 64, de|` */
function inFlow(prefix: string): CompletionContext | undefined {
  const match = /^([\w.-]+)[ ]*:[ ]*\{([^}]*)$/.exec(prefix);
  const [, parent, inside] = match ?? [];
  if (parent === undefined || inside === undefined) return undefined;
  const items = inside.split(',');
  const last = items.pop() ?? '';
  const used = items.map((item) => item.split(':')[0]?.trim() ?? '');
  const value = /^[ ]*([\w.-]+)[ ]*:[ ]*(["']?)(.*)$/.exec(last);
  if (value === null) return { kind: 'key', parent, typed: last.trim(), used, inFlow: true };
  const [, field, quote, typed] = value;
  return { kind: 'value', key: `${parent}.${field}`, typed: typed ?? '', quoted: quote !== '' };
}

/** The mapping that contains a line with this indentation: '' for the file, undefined if it is unknown. */
function parentOf(lines: readonly string[], row: number, indent: number): string | undefined {
  if (indent === 0) return '';
  for (let at = row - 1; at >= 0; at--) {
    const text = lines[at] ?? '';
    if (text.trim() === '' || text.trim().startsWith('#')) continue;
    const line = parseLine(text);
    if (line.indent >= indent) continue;
    return line.indent === 0 && line.key !== undefined && fieldsOf(definitionOf(line.key))
      ? line.key
      : undefined;
  }
  return '';
}

/** Keys of the lines around `row` that belong to the same mapping. */
function siblings(lines: readonly string[], row: number, indent: number): string[] {
  const keys: string[] = [];
  const collect = (from: number, step: number): void => {
    for (let at = from; at >= 0 && at < lines.length; at += step) {
      const text = lines[at] ?? '';
      if (text.trim() === '' || text.trim().startsWith('#')) continue;
      const line = parseLine(text);
      if (line.indent < indent) return;
      if (line.indent === indent && line.key !== undefined) keys.push(line.key);
    }
  };
  collect(row - 1, -1);
  collect(row + 1, 1);
  return keys;
}

/** Completion items in a context, except paths, which require file access. */
export function proposalsAt(place: CompletionContext): Proposal[] {
  if (place.kind === 'value') return valueProposals(place.key, definitionOf(place.key));
  const names =
    place.parent === '' ? configKeys : Object.keys(fieldsOf(definitionOf(place.parent)) ?? {});
  return names
    .filter((name) => !place.used.includes(name))
    .flatMap((name) => {
      const key = place.parent === '' ? name : `${place.parent}.${name}`;
      const definition = definitionOf(key);
      return definition === undefined ? [] : [keyProposal(key, name, definition, place.inFlow)];
    });
}

/** Escapes `$`, `}` and `\` for a snippet. */
const escapeSnippet = (text: string): string => text.replace(/[\\$}]/g, '\\$&');

function keyProposal(
  key: string,
  name: string,
  definition: KeyDefinition,
  inFlow: boolean,
): Proposal {
  const fields = definition.kind === 'mapping' && !alternativeOf(definition);
  const choices =
    definition.kind === 'boolean'
      ? ['true', 'false']
      : definition.kind === 'enum'
        ? definition.values
        : undefined;
  const value =
    choices !== undefined
      ? `\${1|${choices.join(',')}|}`
      : `\${1:${escapeSnippet(yamlText(definition.default) || "''")}}`;
  return {
    label: name,
    insert: fields && !inFlow ? `${name}:\n  $0` : `${name}: ${value}`,
    kind: 'key',
    detail: definition.group,
    key,
  };
}

function valueProposals(key: string, definition: KeyDefinition | undefined): Proposal[] {
  if (definition === undefined) return [];
  const field: FieldKey | undefined =
    definition.kind === 'mapping' ? alternativeOf(definition) : definition;
  if (field === undefined) return [];
  const value = (text: string): Proposal => ({
    label: text,
    insert: escapeSnippet(text),
    kind: text === yamlText(field.default) ? 'default' : 'value',
    detail: '',
    key,
  });
  switch (field.kind) {
    case 'boolean':
      return [value('true'), value('false')];
    case 'enum':
      return field.values.map(value);
    case 'integer':
    case 'number':
      return [value(yamlText(field.default))];
    case 'path':
      return [];
  }
}
