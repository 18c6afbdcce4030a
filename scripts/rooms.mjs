// The pictures of docs/architecture.md: what dependency-cruiser finds in src, as Mermaid diagrams of layers and rooms.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Layers whose rooms have a picture of their own. */
const DRAWN_ROOMS = ['train', 'runtime', 'run'];
/** Every layer imports it, so arrows to it say nothing. */
const EVERYWHERE = 'util';

/** Every import between two files of src, type-only ones included. */
function imports() {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const options = '--config .dependency-cruiser.cjs --include-only ^src/ --output-type json';
  const json = execFileSync(process.execPath, [program, 'src', ...options.split(' ')], {
    cwd: root,
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  return JSON.parse(json).modules.flatMap(({ source, dependencies }) =>
    dependencies.map(({ resolved }) => ({ from: source, to: resolved })),
  );
}

/** `src/train/evaluate/x.ts` is in the layer `train` and in the room `train/evaluate`. */
const layerOf = (file) => file.split('/')[1];
const roomOf = (file) => file.split('/').slice(1, -1).slice(0, 2).join('/');

/** Which names import which, by the names that `nameOf` gives to files. */
function graph(files, nameOf) {
  const to = new Map();
  for (const { from, to: target } of files) {
    const [a, b] = [nameOf(from), nameOf(target)];
    for (const name of [a, b]) if (!to.has(name)) to.set(name, new Set());
    if (a !== b) to.get(a).add(b);
  }
  return new Map([...to].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether there is a path from a to b of more than one step. */
function isImplied(to, a, b) {
  const seen = new Set();
  const waiting = [...to.get(a)].filter((name) => name !== b);
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (name === b) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(...to.get(name));
  }
  return false;
}

const mermaid = (lines) => ['```mermaid', ...lines, '```'].join('\n');
const id = (name) => name.replace('/', '_');

/** The layers with their rooms. An arrow that follows from others is left out. */
function layerPicture(files) {
  const rooms = graph(files, roomOf);
  const to = graph(
    files.filter(({ from, to: target }) => ![from, target].some((f) => layerOf(f) === EVERYWHERE)),
    layerOf,
  );
  const label = (layer) => {
    const names = [...rooms.keys()].flatMap((room) =>
      room.startsWith(`${layer}/`) ? [room.slice(layer.length + 1)] : [],
    );
    const lines = [];
    for (let at = 0; at < names.length; at += 4) lines.push(names.slice(at, at + 4).join(', '));
    return [`<b>${layer}</b>`, ...lines].join('<br>');
  };
  return mermaid([
    'flowchart TD',
    ...[...to.keys()].map((layer) => `  ${layer}["${label(layer)}"]`),
    ...[...to].flatMap(([a, targets]) =>
      [...targets]
        .sort()
        .filter((b) => !isImplied(to, a, b))
        .map((b) => `  ${a} --> ${b}`),
    ),
  ]);
}

/** The rooms of one layer; files that are in no room are the node of the layer's name. Two that need each other have one line. */
function roomPicture(files, layer) {
  const inside = files.filter(({ from, to }) => layerOf(from) === layer && layerOf(to) === layer);
  const to = graph(inside, roomOf);
  const lines = [...to].flatMap(([a, targets]) =>
    [...targets].sort().flatMap((b) => {
      const mutual = to.get(b).has(a);
      if (mutual && b < a) return [];
      return [`  ${id(a)} ${mutual ? '<-->' : '-->'} ${id(b)}`];
    }),
  );
  return mermaid([
    'flowchart LR',
    ...[...to.keys()].map(
      (room) => `  ${id(room)}["${room.includes('/') ? room : `${room}/*.ts`}"]`,
    ),
    ...lines,
  ]);
}

/** The pictures by the names of their places in docs/architecture.md. */
export function roomPictures() {
  const files = imports();
  return {
    layers: layerPicture(files),
    ...Object.fromEntries(
      DRAWN_ROOMS.map((layer) => [`rooms of ${layer}`, roomPicture(files, layer)]),
    ),
  };
}
