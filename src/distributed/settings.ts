/**
 * Determines the role of this process in a distributed training from flags and from the environment variables of torchrun,
 * TensorFlow (TF_CONFIG) and Slurm. BLIP: utils.py, init_distributed_mode.
 */
import { localize, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';
import { expandHostList } from './hostList';

/** torchrun's flags, as specified. */
export interface DistributedFlags {
  /** A number, or `auto`: one process per GPU. */
  nproc_per_node?: string;
  nnodes?: number;
  node_rank?: number;
  master_addr?: string;
  master_port?: number;
}

/** One of the processes of a training. */
export interface RankSettings {
  kind: 'rank';
  rank: number;
  worldSize: number;
  /** If undefined, derived from the hosts of all ranks. */
  localRank: number | undefined;
  localWorldSize: number | undefined;
  /** Host of rank 0, and the port on which it waits for the others. */
  masterAddr: string;
  masterPort: number;
  /** `host:port` of TensorFlow's servers by rank, if TF_CONFIG contains them. */
  addresses: readonly string[] | undefined;
  /** The variable that determined it, for messages. */
  source: string;
}

/** The process that starts the ranks of this machine. */
export interface LaunchSettings {
  kind: 'launch';
  nprocPerNode: number | 'auto';
  nnodes: number;
  nodeRank: number;
  masterAddr: string;
  /** undefined: any free port, if all ranks are on this machine. */
  masterPort: number | undefined;
}

export type DistributedSettings = { kind: 'single' } | LaunchSettings | RankSettings;

/** torchrun's default. */
export const DEFAULT_PORT = 29500;
/** Range of ports for Slurm jobs, which depend on the job so that two jobs on one machine do not conflict. */
const SLURM_PORTS = { first: 20_000, count: 20_000 };

/** Environment variable that is set in ranks started by our launcher. */
export const LAUNCHED_VARIABLE = 'NLVR_LAUNCHED';

const LOCALHOST = '127.0.0.1';

/**
 * Determines the role of this process.
 * @throws {UserError} (exit code 2) if settings are missing, contradictory or out of range
 */
export function distributedSettings(
  flags: DistributedFlags,
  env: NodeJS.ProcessEnv,
): DistributedSettings {
  // The environment takes precedence, because the launcher starts its ranks with its own arguments.
  const rank = fromTorchrun(env) ?? fromTensorFlow(env) ?? fromSlurm(env, flags);
  // Under srun, --master_addr and --master_port may be specified; they do not start ranks.
  const starts = (['nproc_per_node', 'nnodes', 'node_rank'] as const).some(
    (name) => flags[name] !== undefined,
  );
  const launch =
    env[LAUNCHED_VARIABLE] === undefined && (starts || !rank) ? fromFlags(flags) : undefined;
  if (launch && rank)
    throw new UserError(
      localize(
        '{0} makes this process rank {1} of {2}; --nproc_per_node and --nnodes would start additional ranks.',
        rank.source,
        rank.rank,
        rank.worldSize,
      ),
      { hint: localize('Omit the flags, or unset the variables that {0} sets.', rank.source) },
    );
  if (rank) return rank.worldSize === 1 ? { kind: 'single' } : rank;
  return launch ?? { kind: 'single' };
}

function fromFlags(flags: DistributedFlags): LaunchSettings | undefined {
  const { nproc_per_node, nnodes = 1, node_rank, master_addr, master_port } = flags;
  const others = (['nnodes', 'node_rank', 'master_addr', 'master_port'] as const).filter(
    (name) => flags[name] !== undefined,
  );
  if (nproc_per_node === undefined && others.length === 0) return undefined;
  const nprocPerNode =
    nproc_per_node === 'auto' ? 'auto' : parseInteger('--nproc_per_node', nproc_per_node ?? '1', 1);
  if (nnodes < 1) throw outOfRange('--nnodes', String(nnodes), 1);
  if (master_port !== undefined) requirePort('--master_port', master_port);
  if (nnodes === 1) {
    if (node_rank !== undefined && node_rank !== 0)
      throw new UserError(localize('--node_rank {0} needs --nnodes.', node_rank), {
        hint: localize('Specify the number of machines: --nnodes {0} or more.', node_rank + 1),
      });
    return {
      kind: 'launch',
      nprocPerNode,
      nnodes,
      nodeRank: 0,
      masterAddr: LOCALHOST,
      masterPort: master_port,
    };
  }
  if (nprocPerNode === 'auto')
    throw new UserError(localize('--nproc_per_node auto cannot be combined with --nnodes.'), {
      hint: localize('Give a number: every machine must start the same number of processes.'),
    });
  const missing = [
    ...(node_rank === undefined ? ['--node_rank'] : []),
    ...(master_addr === undefined ? ['--master_addr'] : []),
  ];
  if (node_rank === undefined || master_addr === undefined)
    throw new UserError(localize('--nnodes {0} also needs {1}.', nnodes, missing), {
      hint: localize(
        '--node_rank is the number of this machine, from 0; --master_addr is the address of machine 0.',
      ),
    });
  if (node_rank >= nnodes)
    throw new UserError(
      localize('--node_rank {0} is out of range: --nnodes {1} counts from 0.', node_rank, nnodes),
      { hint: localize('Use 0 to {0}.', nnodes - 1) },
    );
  return {
    kind: 'launch',
    nprocPerNode,
    nnodes,
    nodeRank: node_rank,
    masterAddr: master_addr,
    masterPort: master_port ?? DEFAULT_PORT,
  };
}

/** Reads RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, which torchrun sets and torch.distributed reads. */
function fromTorchrun(env: NodeJS.ProcessEnv): RankSettings | undefined {
  const { RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT } = env;
  if (RANK === undefined && WORLD_SIZE === undefined) return undefined;
  const missing = Object.entries({ RANK, WORLD_SIZE }).flatMap(([name, value]) =>
    value === undefined ? [name] : [],
  );
  if (RANK === undefined || WORLD_SIZE === undefined)
    throw new UserError(
      localize(
        '{0} is set and {1} is not.',
        RANK === undefined ? 'WORLD_SIZE' : 'RANK',
        missing.join(),
      ),
      { hint: localize('Set both, as torchrun does, or neither.') },
    );
  const worldSize = parseInteger('WORLD_SIZE', WORLD_SIZE, 1);
  const rank = requireRank('RANK', parseInteger('RANK', RANK, 0), 'WORLD_SIZE', worldSize);
  if (worldSize > 1 && MASTER_ADDR === undefined)
    throw new UserError(localize('WORLD_SIZE is {0} and MASTER_ADDR is not set.', worldSize), {
      hint: localize('Set MASTER_ADDR to the address of the machine of rank 0.'),
    });
  const localWorldSize = optional(LOCAL_WORLD_SIZE, (text) =>
    parseInteger('LOCAL_WORLD_SIZE', text, 1),
  );
  const localRank = optional(LOCAL_RANK, (text) => parseInteger('LOCAL_RANK', text, 0));
  if (localRank !== undefined && localWorldSize !== undefined)
    requireRank('LOCAL_RANK', localRank, 'LOCAL_WORLD_SIZE', localWorldSize);
  return {
    kind: 'rank',
    rank,
    worldSize,
    localRank,
    localWorldSize,
    masterAddr: MASTER_ADDR ?? LOCALHOST,
    masterPort:
      optional(MASTER_PORT, (text) =>
        requirePort('MASTER_PORT', parseInteger('MASTER_PORT', text, 1)),
      ) ?? DEFAULT_PORT,
    addresses: undefined,
    source: 'RANK',
  };
}

/** Reads TF_CONFIG (https://www.tensorflow.org/guide/distributed_training#tf_config), jobs `chief` and `worker`. */
function fromTensorFlow(env: NodeJS.ProcessEnv): RankSettings | undefined {
  const text = env['TF_CONFIG'];
  if (text === undefined || text.trim() === '') return undefined;
  const invalid = (what: MessageText): UserError =>
    new UserError(localize('TF_CONFIG cannot be used: {0}.', what), {
      hint: localize(
        'Expected: {0}',
        '{"cluster": {"worker": ["host0:port", "host1:port"]}, "task": {"type": "worker", "index": 0}}.',
      ),
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(localize('it is not JSON'));
  }
  const { cluster, task } = (value ?? {}) as { cluster?: unknown; task?: unknown };
  if (typeof cluster !== 'object' || cluster === null)
    throw invalid(localize('it has no `cluster`'));
  if (typeof task !== 'object' || task === null) throw invalid(localize('it has no `task`'));
  const other = Object.keys(cluster).find((name) => name !== 'chief' && name !== 'worker');
  if (other !== undefined)
    throw invalid(localize('it has a job {0}; supported jobs are chief and worker', other));
  const jobs = cluster as Record<string, unknown>;
  const tasks = (['chief', 'worker'] as const).flatMap((job) => {
    const addresses = jobs[job] ?? [];
    if (!Array.isArray(addresses)) throw invalid(localize('`cluster.{0}` is not a list', job));
    return addresses.map((address: unknown, index) => {
      if (typeof address !== 'string' || portOf(address) === undefined)
        throw invalid(localize('`cluster.{0}[{1}]` is not host:port', job, index));
      return { job, index, address };
    });
  });
  const { type, index } = task as { type?: unknown; index?: unknown };
  const rank = tasks.findIndex((each) => each.job === type && each.index === Number(index));
  if (rank < 0)
    throw invalid(
      localize('task {0} {1} is not in `cluster`', JSON.stringify(type), JSON.stringify(index)),
    );
  const addresses = tasks.map(({ address }) => address);
  const hosts = addresses.map(hostOf);
  const ports = addresses.map((address) => portOf(address) ?? 0);
  const taken = ports.filter((_, i) => hosts[i] === hosts[0]);
  return {
    kind: 'rank',
    rank,
    worldSize: tasks.length,
    localRank: hosts.slice(0, rank).filter((host) => host === hosts[rank]).length,
    localWorldSize: hosts.filter((host) => host === hosts[rank]).length,
    masterAddr: hosts[0] ?? LOCALHOST,
    // TF_CONFIG has no port for the rendezvous: use the one after the ports of the tasks.
    masterPort: requirePort('TF_CONFIG', Math.max(...taken) + 1),
    addresses,
    source: 'TF_CONFIG',
  };
}

/** Reads the variables that `srun` sets for each task of a step. */
function fromSlurm(env: NodeJS.ProcessEnv, flags: DistributedFlags): RankSettings | undefined {
  const { SLURM_PROCID, SLURM_NTASKS, SLURM_STEP_NODELIST, SLURM_LOCALID, SLURM_JOB_ID } = env;
  // A batch script has SLURM_PROCID and SLURM_NTASKS, too; only a step, which srun starts, has SLURM_STEP_NODELIST.
  if (SLURM_PROCID === undefined || SLURM_STEP_NODELIST === undefined) return undefined;
  const tasks = env['SLURM_STEP_NUM_TASKS'] ?? SLURM_NTASKS;
  if (tasks === undefined) return undefined;
  const worldSize = parseInteger('SLURM_NTASKS', tasks, 1);
  const rank = requireRank(
    'SLURM_PROCID',
    parseInteger('SLURM_PROCID', SLURM_PROCID, 0),
    'SLURM_NTASKS',
    worldSize,
  );
  const [first] = expandHostList(SLURM_STEP_NODELIST);
  if (first === undefined)
    throw new UserError(
      localize('SLURM_STEP_NODELIST names no machine: {0}', JSON.stringify(SLURM_STEP_NODELIST)),
      { hint: localize('Start the training with srun.') },
    );
  const job = Number(SLURM_JOB_ID ?? 0) + Number(env['SLURM_STEP_ID'] ?? 0);
  const { first: lowest, count } = SLURM_PORTS;
  return {
    kind: 'rank',
    rank,
    worldSize,
    localRank: optional(SLURM_LOCALID, (text) => parseInteger('SLURM_LOCALID', text, 0)),
    localWorldSize: undefined,
    masterAddr: flags.master_addr ?? env['MASTER_ADDR'] ?? first,
    masterPort:
      flags.master_port ??
      optional(env['MASTER_PORT'], (text) => requirePort('MASTER_PORT', Number(text))) ??
      lowest + (((Number.isFinite(job) ? job : 0) * 16) % count),
    addresses: undefined,
    source: 'SLURM_PROCID',
  };
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined || text === '' ? undefined : read(text);
}

function parseInteger(name: string, text: string, min: number): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isInteger(value) || value < min) throw outOfRange(name, text, min);
  return value;
}

function outOfRange(name: string, text: string, min: number): UserError {
  return new UserError(
    localize('{0} is {1}; expected a whole number, at least {2}.', name, JSON.stringify(text), min),
    { hint: localize('Correct {0}.', name) },
  );
}

function requireRank(name: string, rank: number, sizeName: string, size: number): number {
  if (rank < size) return rank;
  throw new UserError(
    localize(
      '{0} {1} is out of range: {2} is {3}, ranks count from 0.',
      name,
      rank,
      sizeName,
      size,
    ),
    { hint: localize('Use 0 to {0}.', size - 1) },
  );
}

function requirePort(name: string, port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new UserError(localize('{0}: {1} is not a valid port.', name, port), {
    hint: localize('Choose a number from 1024 to 65535.'),
  });
}

/** Extracts `host` from `host:port` or `[v6]:port`. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function portOf(address: string): number | undefined {
  const port = Number(/^.+:(\d+)$/.exec(address)?.[1]);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
