/**
 * Reads YAML twice: js-yaml gives the values, `yaml` the positions. Values are those of YAML 1.2, as in
 * BLIP, which reads its configurations with ruamel.yaml: `3e-5` is a number (PyYAML takes it for a
 * string), `yes` is a string.
 */
import { CORE_SCHEMA, YAMLException, load, mergeTag } from 'js-yaml';
import { LineCounter, isMap, isNode, parseDocument, type Document, type YAMLMap } from 'yaml';
import type { MessageText } from '../util/localize';
import { messageOf } from '../util/userError';
import type { TextRange } from './problem';
import { yamlFaultMessage } from './yamlFaults';

/** Where a key and its value stand. */
export interface KeyLocation {
  key: TextRange;
  /** Empty range behind the colon when nothing is written. */
  value: TextRange;
  /** The key was written before in the same mapping. */
  duplicate: boolean;
}

export interface SyntaxIssue {
  message: MessageText;
  range: TextRange;
}

export interface ConfigDocument {
  text: string;
  /** `yaml`'s document, for edits. Its values must not be used. */
  document: Document.Parsed;
  lines: LineCounter;
  /** What the file says, null when it is empty; undefined when it cannot be read (see `errors`). */
  value: unknown;
  errors: SyntaxIssue[];
  /** By dotted key, in the order of the file; duplicates one after the other. */
  locations: ReadonlyMap<string, readonly KeyLocation[]>;
}

const schema = CORE_SCHEMA.withTags(mergeTag);

/** Parses the text of a configuration file. Never throws: what is wrong is in `errors`. */
export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const errors: SyntaxIssue[] = document.errors.map((error) => ({
    message: yamlFaultMessage(error.code, error.message),
    range: clip(error.pos, text.length),
  }));
  let value: unknown;
  if (errors.length === 0) {
    try {
      value = document.contents === null ? null : load(text, { schema, json: true });
    } catch (error) {
      errors.push(fromJsYaml(error, text.length));
    }
  }
  return { text, document, lines, value, errors, locations: locate(document.contents, text) };
}

function clip(range: TextRange, length: number): TextRange {
  const start = Math.min(range[0], Math.max(0, length - 1));
  return [start, Math.max(start, Math.min(range[1], length))];
}

function fromJsYaml(error: unknown, length: number): SyntaxIssue {
  if (!(error instanceof YAMLException)) return { message: messageOf(error), range: [0, length] };
  const at = error.mark?.position ?? 0;
  const reason = error.reason ?? error.message;
  return { message: yamlFaultMessage(reason, reason), range: clip([at, at + 1], length) };
}

function locate(contents: unknown, text: string): Map<string, KeyLocation[]> {
  const found = new Map<string, KeyLocation[]>();
  if (isMap(contents)) locateIn(contents, '', text, found);
  return found;
}

function locateIn(
  map: YAMLMap,
  prefix: string,
  text: string,
  found: Map<string, KeyLocation[]>,
): void {
  for (const pair of map.items) {
    const { key, value } = pair;
    if (!isNode(key) || !key.range) continue;
    const name = `${prefix}${keyName(key)}`;
    const keyRange: TextRange = [key.range[0], key.range[1]];
    const before = found.get(name);
    const location: KeyLocation = {
      key: keyRange,
      value: isNode(value) && value.range ? [value.range[0], value.range[1]] : behind(keyRange),
      duplicate: before !== undefined,
    };
    found.set(name, [...(before ?? []), location]);
    if (prefix === '' && isMap(value)) locateIn(value, `${name}.`, text, found);
  }
}

const behind = (range: TextRange): TextRange => [range[1], range[1]];

/** The name that js-yaml gives a key: numbers and booleans become their text. `yaml` has a symbol for `<<`. */
export function keyName(key: unknown): string {
  if (typeof key === 'symbol') return key.description ?? '';
  if (typeof key === 'object' && key !== null && 'value' in key) return keyName(key.value);
  return String(key);
}
