/**
 * Reads YAML twice: js-yaml gives the values, `yaml` the positions. Values are those of YAML 1.2, as in
 * BLIP, which reads its configurations with ruamel.yaml: `3e-5` is a number (PyYAML takes it for a
 * string), `yes` is a string.
 */
import { CORE_SCHEMA, YAMLException, load, mergeTag } from 'js-yaml';
import {
  LineCounter,
  isCollection,
  isDocument,
  isMap,
  isNode,
  parseDocument,
  type Document,
  type YAMLMap,
} from 'yaml';
import { localize, type MessageText } from '../util/localize';
import { messageOf } from '../util/userError';
import type { TextRange } from './problem';
import { yamlFaultMessage } from './yamlFaults';

/** The ranges of a key and its value. */
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

/** A configuration has some kilobytes; what has more would keep the editor busy at every key that is pressed. */
const MOST_CHARACTERS = 150_000;
/** Each alias may stand for a list of others: few of them make a value that fills the memory. */
const MOST_ALIASES = 20;

/**
 * The value of a text in YAML 1.2 or JSON, within bounds that no file for people needs to exceed.
 * @throws {YAMLException}
 */
export function loadYaml(text: string): unknown {
  return load(text, { schema, json: true, maxAliases: MOST_ALIASES });
}

/** Lists and mappings within each other. The parser looks at what is wrong in one again from each around it. */
const MOST_NESTED = 50;

/** The most brackets that are open at once, wherever they stand. */
function nesting(text: string): number {
  let open = 0;
  let most = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    most = Math.max(most, open);
  }
  return most;
}

/** Parsed for its positions. What is nested too deeply for that, or too long, has none. */
function parsePositions(text: string, lines: LineCounter): Document.Parsed | MessageText {
  if (text.length > MOST_CHARACTERS)
    return localize(
      'The file has {0} characters. A configuration may have up to {1}.',
      text.length,
      MOST_CHARACTERS,
    );
  const tooDeep = localize('Lists and mappings are nested too deeply.');
  if (nesting(text) > MOST_NESTED) return tooDeep;
  try {
    return parseDocument(text, {
      lineCounter: lines,
      merge: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
  } catch (error) {
    return error instanceof RangeError ? tooDeep : yamlFaultMessage('', messageOf(error));
  }
}

/** Parses the text of a configuration file. Never throws: what is wrong is in `errors`. */
export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const parsed = parsePositions(text, lines);
  if (!isDocument(parsed))
    return {
      text,
      document: parseDocument(''),
      lines: new LineCounter(),
      value: undefined,
      errors: [{ message: parsed, range: [0, 0] }],
      locations: new Map(),
    };
  const document = parsed;
  const errors: SyntaxIssue[] = document.errors.map((error) => ({
    message: yamlFaultMessage(error.code, error.message),
    range: clip(error.pos, text.length),
  }));
  let value: unknown;
  if (errors.length === 0) {
    try {
      value = document.contents === null ? null : loadYaml(text);
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
    // One that is a list or a mapping is named by its text: made of its parts, each within quotes, it doubles at every level.
    const own = isCollection(key)
      ? text.slice(key.range[0], key.range[1]).slice(0, 60)
      : keyName(key);
    const name = `${prefix}${own}`;
    const keyRange: TextRange = [key.range[0], key.range[1]];
    const before = found.get(name);
    const location: KeyLocation = {
      key: keyRange,
      value: isNode(value) && value.range ? [value.range[0], value.range[1]] : behind(keyRange),
      duplicate: before !== undefined,
    };
    if (before) before.push(location);
    else found.set(name, [location]);
    if (prefix === '' && isMap(value)) locateIn(value, `${name}.`, text, found);
  }
}

const behind = (range: TextRange): TextRange => [range[1], range[1]];

/** The name that js-yaml gives a key: numbers and booleans become their text. `yaml` has a symbol for `<<`. Lists and mappings have none. */
export function keyName(key: unknown): string {
  if (isCollection(key)) return '';
  if (typeof key === 'symbol') return key.description ?? '';
  if (typeof key === 'object' && key !== null && 'value' in key) return keyName(key.value);
  return String(key);
}
