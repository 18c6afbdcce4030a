/**
 * Parses YAML twice: js-yaml returns the values, `yaml` the positions. Values are those of YAML 1.2, as in
 * BLIP, which reads its configurations with ruamel.yaml: `3e-5` is a number (PyYAML reads it as a
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
import { yamlErrorMessage } from './yamlErrors';

/** The ranges of a key and its value. */
export interface KeyLocation {
  key: TextRange;
  /** Empty range after the key if there is no value. */
  value: TextRange;
  /** Whether the same mapping has the key before. */
  duplicate: boolean;
}

export interface SyntaxIssue {
  message: MessageText;
  range: TextRange;
}

export interface ConfigDocument {
  text: string;
  /** The document of `yaml`, for edits. Do not use its values. */
  document: Document.Parsed;
  lines: LineCounter;
  /** Content of the file; null if it is empty, undefined if it is not valid (see `errors`). */
  value: unknown;
  errors: SyntaxIssue[];
  /** By dotted key, in the order of the file; all places of a duplicate key. */
  locations: ReadonlyMap<string, readonly KeyLocation[]>;
}

const schema = CORE_SCHEMA.withTags(mergeTag);

/** Configurations have some kilobytes. Parsing much larger files at every keystroke would slow down the editor. */
const MAX_CHARACTERS = 150_000;
/** Each alias may refer to a list of other aliases, so a few of them can create a value that fills the memory. */
const MAX_ALIASES = 20;

/**
 * Parses YAML 1.2 or JSON, with limits above the needs of any real file.
 * @throws {YAMLException}
 */
export function loadYaml(text: string): unknown {
  return load(text, { schema, json: true, maxAliases: MAX_ALIASES });
}

/** Maximum depth of nested lists and mappings. The parser processes an error again at each enclosing level. */
const MAX_NESTING = 50;

/** The maximum number of brackets that are open at once, also in strings and comments. */
function nestingDepth(text: string): number {
  let open = 0;
  let max = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    max = Math.max(max, open);
  }
  return max;
}

/** Parses a text for positions. @returns a message if it is too long or nested too deeply */
function parsePositions(text: string, lines: LineCounter): Document.Parsed | MessageText {
  if (text.length > MAX_CHARACTERS)
    return localize(
      'The file has {0} characters. A configuration may have up to {1}.',
      text.length,
      MAX_CHARACTERS,
    );
  const tooDeep = localize('Lists and mappings are nested too deeply.');
  if (nestingDepth(text) > MAX_NESTING) return tooDeep;
  try {
    return parseDocument(text, {
      lineCounter: lines,
      merge: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
  } catch (error) {
    return error instanceof RangeError ? tooDeep : yamlErrorMessage('', messageOf(error));
  }
}

/** Parses the text of a configuration file. Never throws; `errors` has the problems. */
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
    message: yamlErrorMessage(error.code, error.message),
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
  return { message: yamlErrorMessage(reason, reason), range: clip([at, at + 1], length) };
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
    // A key that is a list or a mapping is named by its text. Quoting its parts would double the length at every level.
    const own = isCollection(key)
      ? text.slice(key.range[0], key.range[1]).slice(0, 60)
      : keyName(key);
    const name = `${prefix}${own}`;
    const keyRange: TextRange = [key.range[0], key.range[1]];
    const before = found.get(name);
    const location: KeyLocation = {
      key: keyRange,
      value:
        isNode(value) && value.range ? [value.range[0], value.range[1]] : emptyRangeAfter(keyRange),
      duplicate: before !== undefined,
    };
    if (before) before.push(location);
    else found.set(name, [location]);
    if (prefix === '' && isMap(value)) locateIn(value, `${name}.`, text, found);
  }
}

const emptyRangeAfter = (range: TextRange): TextRange => [range[1], range[1]];

/** The name of a key as in js-yaml: numbers and booleans as text. `yaml` has a symbol for `<<`. Lists and mappings have no name. */
export function keyName(key: unknown): string {
  if (isCollection(key)) return '';
  if (typeof key === 'symbol') return key.description ?? '';
  if (typeof key === 'object' && key !== null && 'value' in key) return keyName(key.value);
  return String(key);
}
