/** Creates a run from the curves of another program: TensorBoard event files or a table. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';
import { RunWriter } from '../record/runWriter';
import { detectFormat, openScalars, writeCurvesFile, type CurveFormat } from './curvesFile';
import { infoFromCurves } from './curvesInfo';
import { commonCurves, CURVES, type CurveMapping } from './curveNames';
import { TrainingCurves } from './trainingCurves';

/** The contents of a source, before scalars are assigned to curves. */
export interface DetectedCurves {
  format: CurveFormat;
  /** Names of all scalars, with the number of their points. */
  scalars: { name: string; points: number }[];
  /** Scalars with common names, by curve. */
  chosen: CurveMapping;
  problems: MessageText[];
}

/**
 * Reads the scalars of a source and assigns those with common names to curves.
 * @param source absolute path of a log folder, an event file or a CSV table
 * @throws {UserError} if it is none of these
 */
export async function detectCurves(source: string): Promise<DetectedCurves> {
  const { found } = await openSource(source, {});
  return found;
}

export interface CurvesRequest {
  source: string;
  /** Scalars by curve, which override those with common names; an empty string omits the curve. */
  overrides: CurveMapping;
  /** Absolute path of the run folder. */
  folder: string;
  name: string;
  overwrite: boolean;
  /** Of this program, for `run.json`. */
  version: string;
}

/** The result of an import. */
export interface CurvesReport {
  run: string;
  source: string;
  format: CurveFormat;
  /** The scalar of each curve. */
  curves: CurveMapping;
  /** Scalars that are not assigned to a curve. */
  others: string[];
  /** Curves that are logged in percent; they are divided by 100. */
  inPercent: string[];
  steps: number;
  epochs: number;
  /** Best validation accuracy, 0..1. */
  best: number | null;
}

/**
 * Creates a run that reads its curves from the source, also while the source grows.
 * @throws {UserError} if a specified scalar does not exist, no scalar is assigned, or the folder contains another run
 */
export async function importCurves(
  request: CurvesRequest,
): Promise<{ report: CurvesReport; problems: MessageText[] }> {
  const { source, folder, name, overwrite, version } = request;
  const { found, curves } = await openSource(source, request.overrides);
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
        : { hint: localize('Specify the columns, for example {0}.', curveOption(scalars[0].name)) },
    );
  const info = infoFromCurves(curves);
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
  const used = new Set(Object.values(chosen));
  return {
    report: {
      run: folder,
      source,
      format,
      curves: chosen,
      others: scalars.map((each) => each.name).filter((each) => !used.has(each)),
      inPercent: curves.inPercent,
      steps: curves.rows.length,
      epochs: curves.epochEnds().length,
      best: info.best?.accuracy ?? null,
    },
    problems,
  };
}

/** `--curve accuracy/val=their/tag`. */
function curveOption(scalar: string): string {
  return `--curve 'accuracy/val=${scalar}'`;
}

async function openSource(
  source: string,
  wanted: CurveMapping,
): Promise<{ found: DetectedCurves; curves: TrainingCurves }> {
  const found = statSync(source, { throwIfNoEntry: false });
  if (!found) throw new UserError(localize('{0} does not exist.', source));
  const format = detectFormat(source, found.isDirectory());
  const opened = openScalars({ source, format });
  await opened.read();
  const { series, problems } = opened;
  const chosen: CurveMapping = { ...commonCurves(series), ...wanted };
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
