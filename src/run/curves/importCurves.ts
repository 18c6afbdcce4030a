/** Makes a run of the curves that another program wrote: TensorBoard's event files, or a table. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';
import { RunWriter } from '../record/runWriter';
import { formatOf, openScalars, writeCurvesFile, type CurveFormat } from './curvesFile';
import { infoOf } from './curvesInfo';
import { commonCurves, CURVES, type Chosen } from './roles';
import { TrainingCurves } from './trainingCurves';

/** What a file or folder holds, before it is decided which scalar is which curve. */
export interface FoundCurves {
  format: CurveFormat;
  /** Names of all scalars, with the number of their points. */
  scalars: { name: string; points: number }[];
  /** Those with common names, by curve. */
  chosen: Chosen;
  problems: MessageText[];
}

/**
 * @param source absolute path of a log folder, an event file or a CSV table
 * @throws {UserError} when it is no such thing
 */
export async function findCurves(source: string): Promise<FoundCurves> {
  const { found } = await look(source, {});
  return found;
}

export interface CurvesRequest {
  source: string;
  /** Scalars by curve that take the place of those with common names; an empty text leaves the curve out. */
  wanted: Chosen;
  /** Absolute path of the run folder. */
  folder: string;
  name: string;
  overwrite: boolean;
  /** Of this program, for `run.json`. */
  version: string;
}

/** What came of an import. */
export interface CurvesReport {
  run: string;
  source: string;
  format: CurveFormat;
  /** The scalar of each curve. */
  curves: Chosen;
  /** Scalars that are no curve of the run. */
  others: string[];
  /** Curves that are logged in percent, and shown as shares. */
  inPercent: string[];
  steps: number;
  epochs: number;
  /** Best validation accuracy, 0..1. */
  best: number | null;
}

/**
 * Writes a run that reads its curves from the source, as it is now and as it grows.
 * @throws {UserError} when a wanted scalar is not there, none is chosen, or the folder holds another run
 */
export async function importCurves(
  request: CurvesRequest,
): Promise<{ report: CurvesReport; problems: MessageText[] }> {
  const { source, folder, name, overwrite, version } = request;
  const { found, curves } = await look(source, request.wanted);
  const { format, chosen, scalars, problems } = found;
  if (Object.keys(chosen).length === 0)
    throw new UserError(
      scalars.length === 0
        ? (problems.at(0) ?? localize('{0} contains no scalars.', source))
        : localize(
            '{0} has no scalar with a common curve name. Its scalars are {1}.',
            source,
            scalars.map((each) => each.name),
          ),
      scalars.length === 0
        ? {}
        : { hint: localize('Specify the columns, for example {0}.', exampleOf(scalars[0].name)) },
    );
  const info = infoOf(curves);
  const writer = RunWriter.open({
    root: folder,
    kind: 'imported',
    name,
    configFile: '',
    configHash: createHash('sha256').update('').digest('hex'),
    configText: `# The curves of this run were imported; its configuration is not known.\n# ${source}\n`,
    version,
    mode: overwrite ? 'overwrite' : 'new',
  });
  try {
    writeCurvesFile(writer.folder, { source, format, curves: chosen });
    writer.update(info);
    writer.close('finished');
  } catch (error) {
    writer.close('failed');
    throw error;
  }
  const taken = new Set(Object.values(chosen));
  return {
    report: {
      run: folder,
      source,
      format,
      curves: chosen,
      others: scalars.map((each) => each.name).filter((each) => !taken.has(each)),
      inPercent: curves.inPercent,
      steps: curves.rows.length,
      epochs: curves.epochEnds().length,
      best: info.best?.accuracy ?? null,
    },
    problems,
  };
}

/** `--curve accuracy/val=their/tag`. */
function exampleOf(scalar: string): string {
  return `--curve 'accuracy/val=${scalar}'`;
}

async function look(
  source: string,
  wanted: Chosen,
): Promise<{ found: FoundCurves; curves: TrainingCurves }> {
  const found = statSync(source, { throwIfNoEntry: false });
  if (!found) throw new UserError(localize('{0} does not exist.', source));
  const format = formatOf(source, found.isDirectory());
  const opened = openScalars({ source, format });
  await opened.read();
  const { series, problems } = opened;
  const chosen: Chosen = { ...commonCurves(series), ...wanted };
  for (const curve of CURVES) {
    const scalar = chosen[curve];
    if (scalar === undefined) continue;
    if (scalar === '') delete chosen[curve];
    else if (!series.has(scalar))
      throw new UserError(
        localize('{0} has no scalar {1}. Its scalars are {2}.', source, scalar, [...series.keys()]),
      );
  }
  const scalars = [...series].map(([name, { length }]) => ({ name, points: length }));
  return {
    found: { format, scalars, chosen, problems: [...problems] },
    curves: new TrainingCurves(series, chosen),
  };
}
