import { randomInt } from 'node:crypto';

const adjectives =
  'amber ample bold brave bright brisk calm candid clear clever cosy crisp deft eager early fair fleet fond gentle glad golden grand happy keen kind lively lucid mellow merry neat noble patient plucky proud quick quiet rapid ready sharp silver sleek smart snug solid spry steady still sunny swift tidy vivid warm wise witty'.split(
    ' ',
  );
const animals =
  'badger bee bison crane deer dove duck eagle egret elk falcon ferret finch fox gecko goose hare hawk heron ibex ibis jay kestrel kiwi koala lark lemur lion llama lynx magpie marten mole moose newt ocelot okapi osprey otter owl panda plover puffin quail rabbit raven robin seal shrew sparrow stork swan swift tapir tern tiger toad trout vole walrus weasel wolf wren yak zebra'.split(
    ' ',
  );

/** Generates a readable name, such as `bright-otter-3`. Independent of the seed, so equal runs get different names. */
export function randomRunName(): string {
  return `${adjectives[randomInt(adjectives.length)]}-${animals[randomInt(animals.length)]}-${randomInt(1, 100)}`;
}

/** Converts a name to a valid folder name on any system; `imported` if it has no allowed characters. */
export function runFolderName(name: string): string {
  const safe = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  return safe === '' ? 'imported' : safe;
}
