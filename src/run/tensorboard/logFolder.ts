/** Reads a folder of TensorBoard event files while they grow. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { localize, type MessageText } from '../../util/localize';
import { messageOf, UserError } from '../../util/userError';
import { isStep, getSeries, type ScalarSource, type SeriesTable } from '../curves/series';
import { RecordReader } from './records';
import { scalarEvent } from './scalars';

/** TensorBoard's criterion for event files. */
const EVENT_FILE = /tfevents/;
/** Subfolders of the same training, as written by Keras and by PyTorch's `add_scalars`. */
const SPLIT_FOLDER = /^(train|training|val|valid|validation|dev|eval|evaluation|test|testing)$/i;
const MAX_DEPTH = 4;

export function isEventFile(file: string): boolean {
  return EVENT_FILE.test(basename(file));
}

interface FollowedFile {
  reader: RecordReader;
  /** Name of its subfolder, to distinguish equal tags in several folders. */
  prefix: string;
  plugins: Map<string, string>;
}

export class TensorBoardSource implements ScalarSource {
  series: SeriesTable = new Map();
  state = '';
  private followed = new Map<string, FollowedFile>();
  private foreignRecords = 0;
  /** Number of scalars with an invalid step. */
  private invalidSteps = 0;

  /** @param path absolute path of a log folder, or of one event file */
  constructor(private readonly path: string) {}

  get problems(): MessageText[] {
    const problems: MessageText[] = [];
    for (const { reader } of this.followed.values()) {
      const { file, damagedAt, lostAt } = reader;
      if (damagedAt.length > 0)
        problems.push(
          localize(
            '{0} has damaged records, which are skipped: {1} (the first at byte {2}). Their checksums are wrong.',
            file,
            damagedAt.length,
            damagedAt[0],
          ),
        );
      if (lostAt !== null)
        problems.push(
          localize(
            '{0} is damaged at byte {1}: a length has a wrong checksum. The rest of the file cannot be read.',
            file,
            lostAt,
          ),
        );
    }
    if (this.foreignRecords > 0)
      problems.push(
        localize(
          "{0} has records that are not TensorBoard's: {1}.",
          this.path,
          this.foreignRecords,
        ),
      );
    if (this.invalidSteps > 0)
      problems.push(
        localize(
          '{0} has scalars whose step is negative or exceeds 32 bits, which are skipped: {1}.',
          this.path,
          this.invalidSteps,
        ),
      );
    return problems;
  }

  async fingerprint(): Promise<string> {
    return fingerprintOf(await eventFiles(this.path));
  }

  async read(): Promise<void> {
    const files = await eventFiles(this.path);
    const state = await fingerprintOf(files);
    if (state === this.state) return;
    // Start again if a file was removed or inserted before others, because later files were merged after it.
    const known = [...this.followed.keys()];
    if (known.some((file, i) => files[i]?.file !== file)) this.restart();
    for (const { file, prefix } of files)
      if (!this.followed.has(file))
        this.followed.set(file, { reader: new RecordReader(file), prefix, plugins: new Map() });
    for (const followed of this.followed.values())
      if (!(await followed.reader.read((data) => this.take(data, followed)))) {
        this.restart();
        return this.read();
      }
    this.state = state;
  }

  private restart(): void {
    this.series = new Map();
    this.followed = new Map();
    this.foreignRecords = 0;
    this.invalidSteps = 0;
    this.state = '';
  }

  private take(data: Uint8Array, { prefix, plugins }: FollowedFile): void {
    const event = scalarEvent(data, plugins);
    if (!event) {
      this.foreignRecords++;
      return;
    }
    const { step, time, scalars, restart } = event;
    if (restart)
      for (const [name, series] of this.series) if (name.startsWith(prefix)) series.truncate(step);
    for (const { tag, value } of scalars)
      if (isStep(step)) getSeries(this.series, prefix + tag).push(step, time, value);
      else this.invalidSteps++;
  }
}

interface EventFile {
  file: string;
  prefix: string;
}

/**
 * Finds the event files of one training, oldest first; files in subfolders have the name of the subfolder as prefix.
 * @throws {UserError} if there are none, or those of several trainings
 */
async function eventFiles(path: string): Promise<EventFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new UserError(localize('{0} cannot be read: {1}', path, messageOf(cause)), { cause });
  });
  if (found.isFile()) return [{ file: path, prefix: '' }];
  if (!found.isDirectory()) throw new UserError(localize('{0} is not a file.', path));
  const folder = await listFolder(path, MAX_DEPTH);
  const training = findTraining(folder);
  if (training === undefined) {
    const several = foldersWithFiles(folder).map((each) => each.slice(path.length + 1));
    throw new UserError(
      several.length === 0
        ? localize('{0} has no TensorBoard event files.', path)
        : localize('{0} contains the event files of several trainings: {1}.', path, several),
      {
        hint:
          several.length === 0
            ? localize('Such files have tfevents in their names.')
            : localize('Specify the folder of one of them.'),
      },
    );
  }
  return collectFiles(training, '');
}

interface Folder {
  path: string;
  files: string[];
  folders: Folder[];
}

async function listFolder(path: string, depth: number): Promise<Folder> {
  const folder: Folder = { path, files: [], folders: [] };
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  // File names contain the start time in seconds.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries)
    if (entry.isFile() && isEventFile(entry.name)) folder.files.push(join(path, entry.name));
    else if (entry.isDirectory() && !entry.name.startsWith('.') && depth > 0) {
      const inner = await listFolder(join(path, entry.name), depth - 1);
      if (inner.files.length > 0 || inner.folders.length > 0) folder.folders.push(inner);
    }
  return folder;
}

/** Finds the folder of the training: the one with files or with known subfolders, also if nested; undefined if ambiguous. */
function findTraining(folder: Folder): Folder | undefined {
  if (folder.files.length > 0) return folder;
  if (folder.folders.length === 0) return undefined;
  if (folder.folders.every(({ path }) => SPLIT_FOLDER.test(basename(path)))) return folder;
  return folder.folders.length === 1 ? findTraining(folder.folders[0]) : undefined;
}

function collectFiles({ files, folders }: Folder, prefix: string): EventFile[] {
  return [
    ...files.map((file) => ({ file, prefix })),
    ...folders.flatMap((each) => collectFiles(each, `${prefix}${basename(each.path)}/`)),
  ];
}

function foldersWithFiles({ path, files, folders }: Folder): string[] {
  return files.length > 0 ? [path] : folders.flatMap(foldersWithFiles);
}

async function fingerprintOf(files: readonly EventFile[]): Promise<string> {
  const stats = await Promise.all(
    files.map(async ({ file }) => {
      const found = await stat(file).catch(() => undefined);
      if (!found) return `${file} is gone`;
      const { ino, size, mtimeMs } = found;
      return `${file} ${ino} ${size} ${mtimeMs}`;
    }),
  );
  return stats.join('\n');
}
