/** Anchors and aliases: an edit that takes an anchor away must not leave aliases without their value. */
import { isAlias, isCollection, isNode, visit, type Document, type Node } from 'yaml';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import type { TextEdit } from './textEdit';

interface Anchor {
  name: string;
  node: Node;
  /** Where `&name` begins. */
  at: number;
}

/**
 * The edit, with each anchor that it takes away moved to the first alias that is left: `a: &x 1, b: *x` without `a` is
 * `b: &x 1`.
 * @throws {UserError} when the value takes several lines, which cannot be moved as they are
 */
export function keepingAnchors(document: Document.Parsed, text: string, edit: TextEdit): TextEdit {
  const { anchors, aliases } = collect(document, text);
  const [start, end] = edit.range;
  const goes = (at: number): boolean => at >= start && at < end;
  for (const [index, { name, node, at }] of anchors.entries()) {
    if (!goes(at) || new RegExp(`&${escaped(name)}(?![^\\s,\\]}])`).test(edit.text)) continue;
    // A later anchor of the same name has aliases of its own.
    const next = anchors.slice(index + 1).find((each) => each.name === name)?.at ?? text.length;
    const heir = aliases.find(
      (alias) => alias.name === name && alias.at > at && alias.at < next && !goes(alias.at),
    );
    if (heir === undefined) continue;
    const value = text.slice(node.range?.[0] ?? at, node.range?.[1] ?? at).trimEnd();
    if (value.includes('\n') || (isCollection(node) && !node.flow)) refuse(name);
    const moved = `&${name} ${value}`;
    // What is in between is kept.
    return {
      range: [start, heir.end],
      text: edit.text + text.slice(end, heir.at) + moved,
    };
  }
  return edit;
}

/** @throws {UserError} always */
function refuse(anchor: string): never {
  throw new UserError(
    localize('This value has the name `&{0}`, and other lines of the file use it.', anchor),
    { hint: localize('Edit this part in the text editor.') },
  );
}

/** In the order of the text. */
function collect(
  document: Document.Parsed,
  text: string,
): { anchors: Anchor[]; aliases: { name: string; at: number; end: number }[] } {
  const anchors: Anchor[] = [];
  const aliases: { name: string; at: number; end: number }[] = [];
  visit(document, (_, node) => {
    if (!isNode(node) || !node.range) return;
    const [at, end] = node.range;
    if (isAlias(node)) aliases.push({ name: node.source, at, end });
    else if ('anchor' in node && typeof node.anchor === 'string')
      anchors.push({ name: node.anchor, node, at: text.lastIndexOf(`&${node.anchor}`, at) });
  });
  return { anchors, aliases };
}

const escaped = (name: string): string => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
