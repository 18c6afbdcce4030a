/** A TensorFlow session that holds an NLVR model: found library, chosen device and precision, weights in place. */

import type { LoadedConfig } from '../config/load';
import { configPaths } from '../config/paths';
import { readModelConfig, type NlvrModelConfig } from '../model/config';
import { initialParameters } from '../model/initialise';
import { loadWeights, type LoadOptions } from '../model/loadWeights';
import type { LoadReport } from '../model/loadRules';
import { requireWhole } from '../model/wholeModel';
import { parameterShapes } from '../model/parameters';
import { findLibrary, type Library } from '../runtime/install/library';
import { choosePrecision, machineOf, type PrecisionChoice } from '../runtime/machine/precision';
import { Replica } from '../runtime/replica/replica';
import { type ReplicaSpec, SINGLE } from '../runtime/replica/spec';
import { Session } from '../runtime/session';
import { assignValues } from './checkpoint/assignValues';
import type { Resources } from './resources';
import { localize, type MessageText } from '../util/localize';
import type { Precision } from '../util/precision';

export interface ModelSession {
  session: Session;
  /** Collective operations of the ranks; with one process the identity. */
  replica: Replica;
  model: NlvrModelConfig;
  /** Weights by BLIP's names. */
  shapes: ReadonlyMap<string, readonly number[]>;
  precision: Precision;
  /** Why that precision. */
  precisionReason: MessageText;
  /** Why another one would be faster, where one would. */
  precisionRemark: MessageText | undefined;
  dispose(): Promise<void>;
}

export interface SessionRequest {
  loaded: LoadedConfig;
  library: Library;
  /** Of a resumed run: kept, whatever `auto` and 0 would choose now. */
  kept?: { precision: Precision; resources?: Resources | undefined } | undefined;
  /** A choice that rank 0 made for all ranks. */
  choice?: PrecisionChoice | undefined;
  /** Which process of a data parallel training this is. */
  replica?: ReplicaSpec;
  /** For one pair at a time, whose text is a single chain of operations that all threads should share. */
  latencyMode?: boolean;
}

/**
 * The TensorFlow library to use.
 * @param folder from the command line.
 * @throws {RuntimeMissingError}
 */
export function requireLibrary(folder: string | undefined): Promise<Library> {
  return findLibrary(folder === undefined ? {} : { directory: folder });
}

/** Opens a session and declares the model's weights; they have no values yet. */
export async function openModelSession({
  loaded,
  library,
  kept,
  choice,
  replica = SINGLE,
  latencyMode: oneQuestion = false,
}: SessionRequest): Promise<ModelSession> {
  const { config, folder } = loaded;
  const model = readModelConfig(config, folder);
  const device =
    config.device === 'auto'
      ? kept?.resources?.device !== 'CPU' &&
        (await Session.hasGpu(
          library,
          config.precision === 'tf32' ? 'tf32' : 'fp32',
          replica.localRank,
        ))
        ? 'gpu'
        : 'cpu'
      : config.device;
  const chosen: PrecisionChoice = kept
    ? { precision: kept.precision, reason: localize('as when the run started') }
    : (choice ?? choosePrecision(config.precision, device, machineOf(device, replica.localRank)));
  const session = await Session.open({
    library,
    device,
    precision: chosen.precision,
    xla: config.xla,
    threads: config.threads || (kept?.resources?.threads ?? 0),
    lanes: !oneQuestion,
    replica,
  });
  const shapes = parameterShapes(model);
  for (const [name, shape] of shapes) session.variable(name, shape);
  return {
    session,
    replica: new Replica(session),
    model,
    shapes,
    precision: chosen.precision,
    precisionReason: chosen.reason,
    precisionRemark: chosen.remark,
    dispose: () => session.dispose(),
  };
}

/** The precision that this machine would compute in. */
export async function precisionOf(
  { config }: LoadedConfig,
  library: Library,
): Promise<PrecisionChoice> {
  const gpu = async (): Promise<boolean> =>
    Session.hasGpu(library, config.precision === 'tf32' ? 'tf32' : 'fp32');
  const device = config.device !== 'auto' ? config.device : (await gpu()) ? 'gpu' : 'cpu';
  return choosePrecision(config.precision, device);
}

/** How weights are taken over: progress of an address's download and the way to end it, and whether they may be few. */
export interface InitialiseOptions extends LoadOptions {
  /** Whether random values replace what the checkpoint lacks; otherwise it is refused. */
  allowMissing: boolean;
}

/**
 * Gives the model its first weights: those of `source`, and fresh ones for what it lacks.
 * @param source a checkpoint or address; undefined for random weights throughout.
 * @returns the report of BLIP's load rules, undefined for random weights.
 * @throws {UserError} when they do not fit, are not finite, or must be whole and are not.
 */
export async function initialiseWeights(
  { session, model }: ModelSession,
  { config }: LoadedConfig,
  source: string | undefined,
  { allowMissing, ...download }: InitialiseOptions,
): Promise<LoadReport | undefined> {
  if (source === undefined) {
    await assignValues(session, initialParameters(model, config.seed, config.init_std));
    return undefined;
  }
  const weights = await loadWeights(source, model, download);
  try {
    if (!allowMissing) requireWhole(weights.report);
    const missing = new Set(weights.report.missing);
    await assignValues(session, initialParameters(model, config.seed, config.init_std, missing));
    await assignValues(session, weights.values());
    return weights.report;
  } finally {
    await weights.close();
  }
}

/** The weights a configuration starts from, undefined for random ones. */
export function pretrainedOf(loaded: LoadedConfig): string | undefined {
  return configPaths(loaded.config, loaded.folder).pretrained;
}
