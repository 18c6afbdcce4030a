// Generates the diagrams of docs/architecture.md: the imports between layers and folders of src that dependency-cruiser
// finds, as Mermaid.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Layers with a diagram of their folders. */
const DRAWN_LAYERS = ['train', 'runtime', 'run'];
/** Every layer imports it, so arrows to it are omitted. */
const EVERYWHERE = 'util';

/** All imports between files of src, including type-only imports. */
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

/** `src/train/evaluate/x.ts` is in the layer `train` and in the folder `train/evaluate`. */
const layerOf = (file) => file.split('/')[1];
const folderOf = (file) => file.split('/').slice(1, -1).slice(0, 2).join('/');

/** Graph of the imports between groups of files. @param nameOf the group of a file */
function graph(files, nameOf) {
  const to = new Map();
  for (const { from, to: target } of files) {
    const [a, b] = [nameOf(from), nameOf(target)];
    for (const name of [a, b]) if (!to.has(name)) to.set(name, new Set());
    if (a !== b) to.get(a).add(b);
  }
  return new Map([...to].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether there is an indirect path from a to b. */
function isImplied(to, a, b) {
  const visited = new Set();
  const waiting = [...to.get(a)].filter((name) => name !== b);
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (name === b) return true;
    if (visited.has(name)) continue;
    visited.add(name);
    waiting.push(...to.get(name));
  }
  return false;
}

const mermaid = (lines) => ['```mermaid', ...lines, '```'].join('\n');
const id = (name) => name.replace('/', '_');

/** Diagram of the layers with their folders, without arrows that are implied by others. */
function layerDiagram(files) {
  const folders = graph(files, folderOf);
  const to = graph(
    files.filter(({ from, to: target }) => ![from, target].some((f) => layerOf(f) === EVERYWHERE)),
    layerOf,
  );
  const label = (layer) => {
    const names = [...folders.keys()].flatMap((room) =>
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

/** Diagram of the folders of one layer; files directly in the layer are the node with its name. Mutual imports are one line. */
function folderDiagram(files, layer) {
  const inside = files.filter(({ from, to }) => layerOf(from) === layer && layerOf(to) === layer);
  const to = graph(inside, folderOf);
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

/** The diagrams by the name of their section in docs/architecture.md. */
export function folderDiagrams() {
  const files = imports();
  return {
    layers: layerDiagram(files),
    ...Object.fromEntries(
      DRAWN_LAYERS.map((layer) => [`folders of ${layer}`, folderDiagram(files, layer)]),
    ),
  };
}
