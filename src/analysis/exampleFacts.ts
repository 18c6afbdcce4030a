/** Facts about examples from annotations and the files next to them, which predictions do not contain. */
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readEntries } from '../data/annotations/entries';
import type { Prediction } from '../run/predictions';
import { pathExists } from '../util/pathExists';
import { localize, type MessageText } from '../util/localize';
import { UserError, errnoOf, messageOf, messageTextOf } from '../util/userError';
import type { ExampleFacts } from './slices';

/** How the annotators of an example voted. */
export interface Votes {
  /** Votes for the label, and all votes. */
  agreeing: number;
  all: number;
}

export interface FactSources {
  /** Annotation file of the split; null: not known. */
  annotations: string | null;
  /** Subsets by name: annotation files that list their examples. More are found next to the annotations. */
  subsets: Readonly<Record<string, string>>;
  /** NLVR2's `annotated_dev_examples.txt`; null to search for it next to the annotations. */
  phenomena: string | null;
}

export interface Facts {
  of: (example: Prediction) => ExampleFacts;
  /** null if the annotations have no votes. */
  votesOf: (example: Prediction) => Votes | null;
  /** Messages about missing facts. */
  notes: MessageText[];
}

const PHENOMENA = 'annotated_dev_examples.txt';

/**
 * Reads the facts about the examples of a split. A missing or unreadable annotation file causes a note; a specified subset
 * or phenomena file causes an error.
 * @throws {UserError} if a specified subset or phenomena file cannot be read
 */
export async function readFacts(sources: FactSources): Promise<Facts> {
  const notes: MessageText[] = [];
  const votes = await readVotes(sources.annotations, notes);
  const folder = sources.annotations === null ? null : dirname(sources.annotations);
  const subsets = new Map<string, Set<string>>();
  for (const [name, file] of [
    ...(folder === null ? [] : await findSubsetFiles(folder)),
    ...Object.entries(sources.subsets),
  ]) {
    const listed = subsets.get(name) ?? new Set();
    await addIdentifiers(file, listed);
    subsets.set(name, listed);
  }
  const phenomenaFile =
    sources.phenomena ?? (folder === null ? null : await findPhenomenaFile(folder));
  const phenomena =
    phenomenaFile === null ? new Map<string, string[]>() : await readPhenomena(phenomenaFile);
  const votesOf = ({ identifier }: Prediction): Votes | null =>
    votes.get(identifier) ?? votes.get(nlvr1Sentence(identifier)) ?? null;
  return {
    votesOf,
    of: (example) => {
      const voted = votesOf(example);
      return {
        unanimous: voted && voted.agreeing === voted.all,
        subsets: [...subsets].flatMap(([name, listed]) =>
          listed.has(example.identifier) ? [name] : [],
        ),
        phenomena: phenomena.get(example.sentence.trim()) ?? [],
      };
    },
    notes,
  };
}

/** NLVR has six permutations of the same drawings: the votes of `72-0-3` are those of `72-0`. */
function nlvr1Sentence(identifier: string): string {
  return /^(\d+-\d+)-[0-5]$/.exec(identifier)?.[1] ?? identifier;
}

/** The existing files with facts about a split. @param annotations its annotation file */
export async function factFiles(annotations: string): Promise<string[]> {
  const folder = dirname(annotations);
  const phenomena = await findPhenomenaFile(folder);
  return [
    annotations,
    ...(await findSubsetFiles(folder)).map(([, file]) => file),
    ...(phenomena === null ? [] : [phenomena]),
  ];
}

/** Reads the votes by identifier: NLVR2's `validation` and `extra_validations`, NLVR's `evals`. */
async function readVotes(file: string | null, notes: MessageText[]): Promise<Map<string, Votes>> {
  const votes = new Map<string, Votes>();
  if (file === null) {
    notes.push(
      localize('The annotation file of this run is not known: slices by annotators are missing.'),
    );
    return votes;
  }
  try {
    await readEntries(file, ({ value }) => {
      const { identifier, label } = value;
      const cast = [value.validation, value.extra_validations, value.evals].flatMap((each) =>
        typeof each === 'object' && each !== null ? (Object.values(each) as unknown[]) : [],
      );
      if (typeof identifier !== 'string' || cast.length === 0) return;
      const own = String(label).toLowerCase();
      const agreeing = cast.filter((vote) => String(vote).toLowerCase() === own).length;
      votes.set(identifier, { agreeing, all: cast.length });
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notes.push(localize('Slices by annotators are missing: {0}', messageTextOf(error)));
  }
  return votes;
}

/** Finds NLVR2's balanced and unbalanced subsets, such as `balanced_dev.json`, next to the annotations or in folders of those names. */
async function findSubsetFiles(folder: string): Promise<[name: string, file: string][]> {
  const found: [string, string][] = [];
  for (const name of ['balanced', 'unbalanced'])
    for (const place of [folder, join(folder, name)]) {
      const names = await readdir(place).catch(() => []);
      // Includes files of other splits, as identifiers are unique.
      for (const file of names.filter(
        (each) => each.startsWith(`${name}_`) && each.endsWith('.json'),
      ))
        found.push([name, join(place, file)]);
    }
  return found;
}

async function findPhenomenaFile(folder: string): Promise<string | null> {
  for (const place of [folder, dirname(folder)])
    if (await pathExists(join(place, PHENOMENA))) return join(place, PHENOMENA);
  return null;
}

async function addIdentifiers(file: string, to: Set<string>): Promise<void> {
  await readEntries(file, ({ value }) => {
    if (typeof value.identifier === 'string') to.add(value.identifier);
  });
}

/**
 * Reads NLVR2's analysis file: blocks of a sentence and its phenomena (`* negation`), separated by blank lines. Sentences
 * are matched by their exact text.
 */
async function readPhenomena(file: string): Promise<Map<string, string[]>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new UserError(
      errnoOf(cause) === 'ENOENT'
        ? localize('The phenomena file {0} does not exist.', file)
        : localize('The phenomena file {0} cannot be read: {1}', file, messageOf(cause)),
      { cause },
    );
  }
  const phenomena = new Map<string, string[]>();
  for (const block of text.split(/\r?\n\s*\r?\n/)) {
    const [sentence = '', ...lines] = block.trim().split(/\r?\n/);
    const named = lines.flatMap((line) => /^\*\s*(.+?)\s*$/.exec(line)?.[1] ?? []);
    if (named.length > 0) phenomena.set(sentence.trim(), named);
  }
  return phenomena;
}
