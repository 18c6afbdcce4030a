import { randomInt } from 'node:crypto';

const adjectives =
  'amber ample bold brave bright brisk calm candid clear clever cosy crisp deft eager early fair fleet fond gentle glad golden grand happy keen kind lively lucid mellow merry neat noble patient plucky proud quick quiet rapid ready sharp silver sleek smart snug solid spry steady still sunny swift tidy vivid warm wise witty'.split(
    ' ',
  );
const animals =
  'badger bee bison crane deer dove duck eagle egret elk falcon ferret finch fox gecko goose hare hawk heron ibex ibis jay kestrel kiwi koala lark lemur lion llama lynx magpie marten mole moose newt ocelot okapi osprey otter owl panda plover puffin quail rabbit raven robin seal shrew sparrow stork swan swift tapir tern tiger toad trout vole walrus weasel wolf wren yak zebra'.split(
    ' ',
  );

/** A readable name for a run, such as `bright-otter-3`. Not drawn from the run's seed: equal runs get different names. */
export function randomRunName(): string {
  return `${adjectives[randomInt(adjectives.length)]}-${animals[randomInt(animals.length)]}-${randomInt(1, 100)}`;
}

/** A name that the user gave, as the name of a folder on any system; `imported` if none of its characters are allowed. */
export function runFolderName(name: string): string {
  const safe = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  return safe === '' ? 'imported' : safe;
}
