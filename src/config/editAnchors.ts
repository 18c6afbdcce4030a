/** Preserves anchors: an edit that removes an anchor must not leave aliases without a value. */
import { isAlias, isCollection, isNode, visit, type Document, type Node } from 'yaml';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import type { TextEdit } from './textEdit';

interface Anchor {
  name: string;
  node: Node;
  /** Start of `&name`. */
  at: number;
}

/**
 * Extends an edit so that each anchor that it removes moves to the first remaining alias: `a: &x 1, b: *x` without `a`
 * is `b: &x 1`.
 * @throws {UserError} if the value has several lines, which cannot be moved unchanged
 */
export function preserveAnchors(document: Document.Parsed, text: string, edit: TextEdit): TextEdit {
  const { anchors, aliases } = collect(document, text);
  const [start, end] = edit.range;
  const isRemoved = (at: number): boolean => at >= start && at < end;
  for (const [index, { name, node, at }] of anchors.entries()) {
    if (!isRemoved(at) || new RegExp(`&${escaped(name)}(?![^\\s,\\]}])`).test(edit.text)) continue;
    // Aliases after a later anchor of the same name refer to that anchor.
    const next = anchors.slice(index + 1).find((each) => each.name === name)?.at ?? text.length;
    const nextAlias = aliases.find(
      (alias) => alias.name === name && alias.at > at && alias.at < next && !isRemoved(alias.at),
    );
    if (nextAlias === undefined) continue;
    const value = text.slice(node.range?.[0] ?? at, node.range?.[1] ?? at).trimEnd();
    if (value.includes('\n') || (isCollection(node) && !node.flow)) refuse(name);
    const moved = `&${name} ${value}`;
    // Keeps the text in between.
    return {
      range: [start, nextAlias.end],
      text: edit.text + text.slice(end, nextAlias.at) + moved,
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

/** Collects anchors and aliases in the order of the text. */
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
