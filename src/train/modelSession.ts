/** Opens a TensorFlow session for the NLVR model: library, device, precision, declared and initialized weights. */

import type { LoadedConfig } from '../config/load';
import { configPaths } from '../config/paths';
import { readModelConfig, type NlvrModelConfig } from '../model/config';
import { initialParameters } from '../model/initialize';
import { loadWeights, type LoadOptions } from '../model/loadWeights';
import type { LoadReport } from '../model/loadRules';
import { requireAllParameters } from '../model/weightChecks';
import { parameterShapes } from '../model/parameters';
import { findLibrary, type Library } from '../runtime/install/library';
import { choosePrecision, machineOf, type PrecisionChoice } from '../runtime/machine/precision';
import { SessionCollectives } from '../runtime/distributed/sessionCollectives';
import { type RankSpec, SINGLE } from '../runtime/distributed/rankSpec';
import { Session } from '../runtime/session';
import { assignValues } from './checkpoint/assignValues';
import type { Resources } from './resources';
import { localize, type MessageText } from '../util/localize';
import type { Precision } from '../util/precision';

export interface ModelSession {
  session: Session;
  /** Collective operations of the ranks; with one process the identity. */
  collectives: SessionCollectives;
  model: NlvrModelConfig;
  /** Weights by BLIP's names. */
  shapes: ReadonlyMap<string, readonly number[]>;
  precision: Precision;
  /** Why this precision was chosen. */
  precisionReason: MessageText;
  /** Why another one would be faster, where one would. */
  precisionRemark: MessageText | undefined;
  dispose(): Promise<void>;
}

export interface SessionRequest {
  loaded: LoadedConfig;
  library: Library;
  /** Settings of a resumed run, which `auto` and 0 keep. */
  resumedSettings?: { precision: Precision; resources?: Resources | undefined } | undefined;
  /** The precision that rank 0 chose for all ranks. */
  choice?: PrecisionChoice | undefined;
  /** The rank of this process in a data parallel training. */
  rankSpec?: RankSpec;
  /** Whether pairs are classified one at a time: a chain of operations, each of which should use all threads. */
  latencyMode?: boolean;
}

/**
 * Finds the TensorFlow library.
 * @param folder the folder given on the command line.
 * @throws {RuntimeMissingError}
 */
export function requireLibrary(folder: string | undefined): Promise<Library> {
  return findLibrary(folder === undefined ? {} : { directory: folder });
}

/** Opens a session and declares the model's weights; they have no values yet. */
export async function openModelSession({
  loaded,
  library,
  resumedSettings,
  choice,
  rankSpec = SINGLE,
  latencyMode = false,
}: SessionRequest): Promise<ModelSession> {
  const { config, folder } = loaded;
  const model = readModelConfig(config, folder);
  const device =
    config.device === 'auto'
      ? resumedSettings?.resources?.device !== 'CPU' &&
        (await Session.hasGpu(
          library,
          config.precision === 'tf32' ? 'tf32' : 'fp32',
          rankSpec.localRank,
        ))
        ? 'gpu'
        : 'cpu'
      : config.device;
  const chosen: PrecisionChoice = resumedSettings
    ? { precision: resumedSettings.precision, reason: localize('as when the run started') }
    : (choice ?? choosePrecision(config.precision, device, machineOf(device, rankSpec.localRank)));
  const session = await Session.open({
    library,
    device,
    precision: chosen.precision,
    xla: config.xla,
    threads: config.threads || (resumedSettings?.resources?.threads ?? 0),
    sharded: !latencyMode,
    rankSpec,
  });
  const shapes = parameterShapes(model);
  for (const [name, shape] of shapes) session.variable(name, shape);
  return {
    session,
    collectives: new SessionCollectives(session),
    model,
    shapes,
    precision: chosen.precision,
    precisionReason: chosen.reason,
    precisionRemark: chosen.remark,
    dispose: () => session.dispose(),
  };
}

/** The precision that `openModelSession` would choose on this machine. */
export async function precisionOf(
  { config }: LoadedConfig,
  library: Library,
): Promise<PrecisionChoice> {
  const gpu = async (): Promise<boolean> =>
    Session.hasGpu(library, config.precision === 'tf32' ? 'tf32' : 'fp32');
  const device = config.device !== 'auto' ? config.device : (await gpu()) ? 'gpu' : 'cpu';
  return choosePrecision(config.precision, device);
}

/** Options of `initializeWeights`: those of the download of an address, and the handling of missing parameters. */
export interface InitializeOptions extends LoadOptions {
  /** Whether parameters that the checkpoint lacks get random values; otherwise they are an error. */
  allowMissing: boolean;
}

/**
 * Assigns the model's initial weights: those of `source`, and random values for parameters that it lacks.
 * @param source a checkpoint or address; undefined for random weights throughout.
 * @returns the report of BLIP's load rules, undefined for random weights.
 * @throws {UserError} when they do not fit, are not finite, or lack parameters that are not allowed to be missing.
 */
export async function initializeWeights(
  { session, model }: ModelSession,
  { config }: LoadedConfig,
  source: string | undefined,
  { allowMissing, ...download }: InitializeOptions,
): Promise<LoadReport | undefined> {
  if (source === undefined) {
    await assignValues(session, initialParameters(model, config.seed, config.init_std));
    return undefined;
  }
  const weights = await loadWeights(source, model, download);
  try {
    if (!allowMissing) requireAllParameters(weights.report);
    const missing = new Set(weights.report.missing);
    await assignValues(session, initialParameters(model, config.seed, config.init_std, missing));
    await assignValues(session, weights.values());
    return weights.report;
  } finally {
    await weights.close();
  }
}

/** Path or address of the weights that a configuration starts from; undefined for random weights. */
export function pretrainedOf(loaded: LoadedConfig): string | undefined {
  return configPaths(loaded.config, loaded.folder).pretrained;
}
