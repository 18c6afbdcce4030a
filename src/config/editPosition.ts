/** Finds the position of a new key, and the fields of a value. */
import { isNode, isScalar, type Node, type Pair, type YAMLMap } from 'yaml';
import { keyName } from './document';
import { definitionOf } from './keys';
import type { ScalarValue } from './problem';
import { isVitName, vitSize } from './vit';

/** A key with its value, as a pair of `yaml`. */
export type KeyPair = Pair<Node, Node | null>;

/** Whether a mapping in the file has these fields with these values, in any order. */
export function sameFields(map: YAMLMap, value: Readonly<Record<string, ScalarValue>>): boolean {
  const wanted = Object.entries(value);
  return (
    wanted.length === map.items.length && wanted.every(([name, each]) => map.get(name) === each)
  );
}

/** The fields of a value that is a name, such as `vit: base`, so that one of them can be changed. */
export function fieldsOfName(name: string, pair: KeyPair | undefined): Record<string, ScalarValue> {
  const value = isScalar(pair?.value) ? pair.value.value : undefined;
  return name === 'vit' && isVitName(value) ? { ...vitSize(value) } : {};
}

/**
 * Finds the pair after which to insert a new key: the nearest one before it in the definition, in the same group,
 * otherwise the first one after it in the same group. The key goes after the pair, because a comment above a key belongs
 * to it.
 */
export function insertionNeighbor(
  map: YAMLMap,
  name: string,
  order: readonly string[],
  parent: string | undefined,
): KeyPair | undefined {
  const rank = order.indexOf(name);
  const group = definitionOf(name)?.group;
  const known = map.items
    .filter((pair): pair is KeyPair => isNode(pair.key))
    .map((pair) => ({ pair, name: keyName(pair.key), rank: order.indexOf(keyName(pair.key)) }))
    .filter(
      (each) =>
        each.rank >= 0 && (parent !== undefined || definitionOf(each.name)?.group === group),
    )
    .sort((a, b) => a.rank - b.rank);
  return (known.findLast((each) => each.rank < rank) ?? known[0])?.pair;
}
