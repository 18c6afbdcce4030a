/**
 * Edits the text of a configuration with one replacement, so that comments, order, quotes and line ends are preserved.
 */
import { isMap, isNode, isScalar, type Node, type YAMLMap } from 'yaml';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { keyName, readDocument } from './document';
import { preserveAnchors } from './editAnchors';
import { fieldsOfName, insertionNeighbor, sameFields, type KeyPair } from './editPosition';
import { configKeys, definitionOf, fieldsOf } from './keys';
import type { ScalarValue } from './problem';
import type { TextEdit } from './textEdit';
import { quotesOf, scalarText } from './scalarText';

export type { TextEdit } from './textEdit';

/** A value of a key, or all fields of a mapping. */
export type EditValue = ScalarValue | Readonly<Record<string, ScalarValue>>;

/** `key` is dotted for a field of a mapping; `at` selects one of several duplicates by the offset of its key. */
export type ConfigEdit =
  | { kind: 'set'; key: string; value: EditValue }
  | { kind: 'remove'; key: string; at?: number }
  | { kind: 'rename'; key: string; to: string; at?: number };

/**
 * Computes the replacement for an edit; undefined if nothing changes (the value is already set, or the key to remove does
 * not exist).
 * @throws {UserError} if the text is not a valid YAML mapping, or cannot be edited automatically
 */
export function editConfig(text: string, edit: ConfigEdit): TextEdit | undefined {
  const { document, errors } = readDocument(text);
  const contents: unknown = document.contents;
  const root = isScalar(contents) && contents.value === null ? null : contents;
  if (errors.length > 0 || (root !== null && !isMap(root)))
    throw new UserError(localize('The file is not valid YAML, so it cannot be edited here.'), {
      hint: localize('Fix it in the text editor first.'),
    });
  const made = spliceOf(text, root, edit);
  return made && preserveAnchors(document, text, made);
}

function spliceOf(text: string, root: YAMLMap | null, edit: ConfigEdit): TextEdit | undefined {
  const source = new Source(text);
  if (edit.kind === 'set') return source.set(root, edit.key, edit.value);
  const found = root === null ? undefined : find(root, edit.key, edit.at);
  if (found === undefined) return undefined;
  if (edit.kind === 'remove') return source.remove(found);
  return { range: rangeOf(found.pair.key), text: scalarText(edit.to) };
}

/** Applies an edit to the text. */
export function applyEdit(text: string, edit: TextEdit | undefined): string {
  return edit === undefined
    ? text
    : text.slice(0, edit.range[0]) + edit.text + text.slice(edit.range[1]);
}

interface Found {
  map: YAMLMap;
  pair: KeyPair;
  /** The pair that contains `map`, unless `map` is the whole file. */
  parent?: KeyPair;
}

function pairIn(map: YAMLMap, name: string, at?: number): KeyPair | undefined {
  return map.items.findLast(
    (pair): pair is KeyPair =>
      isNode(pair.key) &&
      keyName(pair.key) === name &&
      (at === undefined || pair.key.range?.[0] === at),
  );
}

function find(root: YAMLMap, key: string, at?: number): Found | undefined {
  const whole = pairIn(root, key, at);
  if (whole !== undefined) return { map: root, pair: whole };
  const [name, field] = split(key);
  const parent = pairIn(root, name);
  if (field === undefined || parent === undefined || !isMap(parent.value)) return undefined;
  const pair = pairIn(parent.value, field, at);
  return pair && { map: parent.value, pair, parent };
}

function split(key: string): [name: string, field: string | undefined] {
  const dot = key.indexOf('.');
  return dot < 0 ? [key, undefined] : [key.slice(0, dot), key.slice(dot + 1)];
}

function rangeOf(node: Node | null): [number, number] {
  const range = node?.range;
  if (!range) throw new UserError(localize('This part of the file can only be edited as text.'));
  return [range[0], range[1]];
}

/** The text of a configuration, with methods that compute replacements. */
class Source {
  private readonly eol: string;

  constructor(private readonly text: string) {
    this.eol = text.includes('\r\n') ? '\r\n' : '\n';
  }

  set(root: YAMLMap | null, key: string, value: EditValue): TextEdit | undefined {
    const [name, field] = split(key);
    if (field === undefined || typeof value === 'object') return this.setIn(root, name, value);
    const parent = root === null ? undefined : pairIn(root, name);
    if (parent !== undefined && isMap(parent.value))
      return this.setIn(parent.value, field, value, name);
    return this.setIn(root, name, { ...fieldsOfName(name, parent), [field]: value });
  }

  private setIn(
    map: YAMLMap | null,
    name: string,
    value: EditValue,
    parent?: string,
  ): TextEdit | undefined {
    const pair = map === null ? undefined : pairIn(map, name);
    if (pair === undefined) return this.insert(map, name, value, parent);
    if (isScalar(pair.value) && pair.value.value === value) return undefined;
    if (isMap(pair.value) && typeof value === 'object' && sameFields(pair.value, value))
      return undefined;
    return this.replace(pair, value, map?.flow === true);
  }

  /** Replaces a value. */
  private replace(pair: KeyPair, value: EditValue, inFlow: boolean): TextEdit {
    const colon = this.text.indexOf(':', rangeOf(pair.key)[1]) + 1;
    const [start, end] = this.valueRange(pair, colon);
    const old = this.text.slice(start, end);
    const anchor = /^[ \t]*(&\S+)/.exec(this.text.slice(colon, start))?.[1];
    if (isBlock(pair.value)) {
      // Keeps the comment on the key's line; the comment after the last field is removed with it.
      const lineEnd = this.lineEnd(colon);
      const kept = this.text.slice(colon, lineEnd);
      const stop = this.contentEnd(end);
      if (typeof value === 'object')
        return { range: [lineEnd, stop], text: this.block(pair, value) };
      const comment =
        anchor === undefined ? kept : kept.slice(kept.indexOf(anchor) + anchor.length);
      const text = ` ${anchor === undefined ? '' : `${anchor} `}${scalarText(value)}${comment}`;
      return { range: [colon, stop], text: text.trimEnd() };
    }
    if (typeof value !== 'object') {
      const text = scalarText(value, quotesOf(old));
      const space = start === colon ? ' ' : '';
      return { range: [start, end], text: `${space}${text}${old.endsWith('\n') ? this.eol : ''}` };
    }
    if (inFlow || isMap(pair.value))
      return { range: [start, end], text: `${start === colon ? ' ' : ''}${flow(value)}` };
    const stop = old.endsWith('\n') ? this.contentEnd(end) : this.lineEnd(end);
    const rest = old.endsWith('\n') ? '' : this.text.slice(end, stop);
    const before = this.text.slice(colon, start).trimEnd();
    return {
      range: [colon, stop],
      text: `${before}${rest.trimEnd() === '' ? '' : rest}${this.block(pair, value)}`,
    };
  }

  /** Range of a value including its tag, which would not match another value. */
  private valueRange(pair: KeyPair, colon: number): [number, number] {
    const [start, end] = pair.value === null ? [colon, colon] : rangeOf(pair.value);
    if (start === end) return [colon, colon];
    const tag = /!\S*[ \t]*$/.exec(this.text.slice(colon, start));
    return [tag === null ? start : colon + tag.index, end];
  }

  /** Range of the lines of a mapping below its key. */
  private block(pair: KeyPair, value: Readonly<Record<string, ScalarValue>>): string {
    const indent = `${this.indentOf(rangeOf(pair.key)[0])}  `;
    return Object.entries(value)
      .map(([name, each]) => `${this.eol}${indent}${name}: ${scalarText(each)}`)
      .join('');
  }

  private insert(
    map: YAMLMap | null,
    name: string,
    value: EditValue,
    parent: string | undefined,
  ): TextEdit {
    const order =
      parent === undefined ? configKeys : Object.keys(fieldsOf(definitionOf(parent)) ?? {});
    if (map === null || (map.items.length === 0 && !map.flow)) return this.insertFirst(name, value);
    if (map.flow) return this.insertInFlow(map, name, value, order);
    const neighbor = insertionNeighbor(map, name, order, parent);
    const last = map.items.at(-1) as KeyPair;
    const after = neighbor ?? last;
    const indent = this.indentOf(rangeOf(after.key)[0]);
    const at = this.contentEnd(this.pairEnd(after));
    // A key that starts a new group is separated by a blank line if groups are.
    const apart =
      parent === undefined && neighbor === undefined && /\n[ \t]*\r?\n/.test(this.text.trimEnd());
    const lines = this.entry(indent, name, value);
    return { range: [at, at], text: `${this.eol}${apart ? this.eol : ''}${lines}` };
  }

  /** Inserts the first key of a file. */
  private insertFirst(name: string, value: EditValue): TextEdit {
    const end = /^\.\.\.[ \t]*\r?$/m.exec(this.text)?.index ?? this.text.length;
    const glue = end === 0 || this.text[end - 1] === '\n' ? '' : this.eol;
    return { range: [end, end], text: `${glue}${this.entry('', name, value)}${this.eol}` };
  }

  private insertInFlow(
    map: YAMLMap,
    name: string,
    value: EditValue,
    order: readonly string[],
  ): TextEdit {
    const text = `${name}: ${typeof value === 'object' ? flow(value) : scalarText(value)}`;
    const rank = order.indexOf(name);
    const before = map.items.findLast(
      (pair): pair is KeyPair => isNode(pair.key) && order.indexOf(keyName(pair.key)) < rank,
    );
    if (before !== undefined) {
      const at = this.pairEnd(before);
      return { range: [at, at], text: `, ${text}` };
    }
    const [start] = rangeOf(map);
    const empty = map.items.length === 0;
    const padded = this.text[start + 1] === ' ' && !empty;
    const at = start + (padded ? 2 : 1);
    return { range: [at, at], text: empty ? text : `${text}, ` };
  }

  private entry(indent: string, name: string, value: EditValue): string {
    if (typeof value !== 'object') return `${indent}${name}: ${scalarText(value)}`;
    const fields = Object.entries(value).map(
      ([field, each]) => `${this.eol}${indent}  ${field}: ${scalarText(each)}`,
    );
    return `${indent}${name}:${fields.join('')}`;
  }

  remove({ map, pair, parent }: Found): TextEdit {
    if (map.items.length === 1 && parent !== undefined && !map.flow) pair = parent;
    else if (map.flow) return this.removeInFlow(map, pair);
    const [keyStart] = rangeOf(pair.key);
    const start = this.lineStart(keyStart);
    if (this.text.slice(start, keyStart).trim() !== '')
      throw new UserError(localize('This part of the file can only be edited as text.'));
    const end = this.contentEnd(this.pairEnd(pair));
    const next = this.text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, this.text.length);
    return { range: [start, next], text: '' };
  }

  private removeInFlow(map: YAMLMap, pair: KeyPair): TextEdit {
    const index = map.items.indexOf(pair);
    const [start] = rangeOf(pair.key);
    const next = map.items[index + 1] as KeyPair | undefined;
    if (next !== undefined) return { range: [start, rangeOf(next.key)[0]], text: '' };
    const previous = map.items[index - 1] as KeyPair | undefined;
    const from = previous === undefined ? start : this.pairEnd(previous);
    return { range: [from, this.pairEnd(pair)], text: '' };
  }

  private pairEnd(pair: KeyPair): number {
    const colon = this.text.indexOf(':', rangeOf(pair.key)[1]) + 1;
    const end = pair.value === null ? colon : rangeOf(pair.value)[1];
    return Math.max(colon, end);
  }

  /** End of the last line with content before `end`, including its comment. */
  private contentEnd(end: number): number {
    let at = end;
    while (at > 0 && /[\n\r \t]/.test(this.text[at - 1] ?? '')) at--;
    return this.lineEnd(at);
  }

  private lineStart(at: number): number {
    return this.text.lastIndexOf('\n', at - 1) + 1;
  }

  private lineEnd(at: number): number {
    const end = this.text.indexOf('\n', at);
    if (end < 0) return this.text.length;
    return this.text[end - 1] === '\r' ? end - 1 : end;
  }

  private indentOf(at: number): string {
    return /^[ ]*/.exec(this.text.slice(this.lineStart(at), at))?.[0] ?? '';
  }
}

const isBlock = (value: Node | null): boolean => isMap(value) && value.flow !== true;

const flow = (value: Readonly<Record<string, ScalarValue>>): string =>
  `{ ${Object.entries(value)
    .map(([name, each]) => `${name}: ${scalarText(each)}`)
    .join(', ')} }`;
