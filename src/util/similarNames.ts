import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { localize, type MessageText } from './localize';

/** The difference between the existing name and the one that was looked up. */
export type Difference = 'unicode' | 'case' | 'extension';

export interface SimilarName {
  /** The path that exists. */
  path: string;
  difference: Difference;
}

interface Listing {
  /** Names by their NFC form in lower case. */
  byFolded: Map<string, string>;
  /** Names by their NFC form in lower case, without extension. */
  byStem: Map<string, string>;
}

const composed = (name: string): string => name.normalize('NFC');
const folded = (name: string): string => composed(name).toLowerCase();
const stemOf = (name: string): string => folded(name.slice(0, name.length - extname(name).length));
const rank: readonly Difference[] = ['unicode', 'case', 'extension'];

/**
 * Suggests an existing path for one that does not exist: the same name in different case, in another Unicode form
 * (composed or decomposed), or with another extension, in each folder of the path. Caches the directory listings.
 */
export class SimilarNames {
  private readonly listings = new Map<string, Listing | undefined>();
  private readonly folders = new Map<string, SimilarName | undefined>();

  find(path: string): SimilarName | undefined {
    return this.within(path, true);
  }

  private within(path: string, isLast: boolean): SimilarName | undefined {
    const parent = dirname(path);
    if (parent === path) return undefined;
    const parentFound = this.folder(parent);
    const folder = parentFound?.path ?? parent;
    const listing = this.list(folder);
    if (!listing) return undefined;
    const wanted = basename(path);
    const found = findMatch(listing, wanted, isLast);
    if (!found) return undefined;
    const differences = [found.difference, parentFound?.difference].filter(
      (difference) => difference !== undefined,
    );
    if (differences.length === 0) return undefined;
    const worst = Math.max(...differences.map((difference) => rank.indexOf(difference)));
    return { path: join(folder, found.name), difference: rank[worst] };
  }

  /** Finds a similar folder for one that does not exist; undefined if it exists or nothing is similar. */
  private folder(path: string): SimilarName | undefined {
    if (!this.folders.has(path))
      this.folders.set(path, existsSync(path) ? undefined : this.within(path, false));
    return this.folders.get(path);
  }

  private list(folder: string): Listing | undefined {
    if (this.listings.has(folder)) return this.listings.get(folder);
    const listing = readListing(folder);
    this.listings.set(folder, listing);
    return listing;
  }
}

function readListing(folder: string): Listing | undefined {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return undefined;
  }
  const listing: Listing = { byFolded: new Map(), byStem: new Map() };
  for (const name of names) {
    listing.byFolded.set(folded(name), name);
    listing.byStem.set(stemOf(name), name);
  }
  return listing;
}

function findMatch(
  { byFolded, byStem }: Listing,
  wanted: string,
  isLast: boolean,
): { name: string; difference?: Difference } | undefined {
  const name = byFolded.get(folded(wanted));
  if (name === wanted) return { name };
  if (name !== undefined)
    return { name, difference: composed(name) === composed(wanted) ? 'unicode' : 'case' };
  const other = isLast ? byStem.get(stemOf(wanted)) : undefined;
  return other === undefined ? undefined : { name: other, difference: 'extension' };
}

/** Describes a similar path. @param shown the path as the user specified it */
export function describeSimilarName({ difference }: SimilarName, shown: string): MessageText {
  switch (difference) {
    case 'unicode':
      return localize(
        'there is {0}, which looks the same but is written with other Unicode characters',
        shown,
      );
    case 'case':
      return localize('there is {0}, in different case', shown);
    case 'extension':
      return localize('there is {0}, with another extension', shown);
  }
}
