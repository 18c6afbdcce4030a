/** The role of a process from torchrun's flags and environment variables, and from TF_CONFIG. */
import { describe, expect, it } from 'vitest';
import { expandHostList } from '../../src/distributed/hostList';
import { distributedSettings, type DistributedFlags } from '../../src/distributed/settings';

const torchrun = { RANK: '1', WORLD_SIZE: '2', MASTER_ADDR: 'node0', MASTER_PORT: '5000' };
const worker = ['node0:2222', 'node0:2223', 'node1:2222'];
const tfConfig = (task: object, cluster: object = { worker }): NodeJS.ProcessEnv => ({
  TF_CONFIG: JSON.stringify({ cluster, task }),
});

describe('settings', () => {
  it.each<[string, DistributedFlags, NodeJS.ProcessEnv, object]>([
    ['nothing', {}, {}, { kind: 'single' }],
    [
      'processes of this machine',
      { nproc_per_node: '2' },
      {},
      { kind: 'launch', nprocPerNode: 2, nnodes: 1, nodeRank: 0, masterAddr: '127.0.0.1' },
    ],
    [
      'machines',
      { nproc_per_node: '4', nnodes: 2, node_rank: 1, master_addr: 'node0' },
      {},
      { kind: 'launch', nprocPerNode: 4, nodeRank: 1, masterAddr: 'node0', masterPort: 29_500 },
    ],
    [
      "torchrun's environment",
      {},
      torchrun,
      { kind: 'rank', rank: 1, worldSize: 2, masterAddr: 'node0', masterPort: 5000 },
    ],
    ['a world of one', {}, { RANK: '0', WORLD_SIZE: '1' }, { kind: 'single' }],
    [
      'TF_CONFIG, with a port of its own for the rendezvous',
      {},
      tfConfig({ type: 'worker', index: 2 }),
      { kind: 'rank', rank: 2, worldSize: 3, localRank: 0, masterAddr: 'node0', masterPort: 2224 },
    ],
    [
      'TF_CONFIG with a chief',
      {},
      tfConfig({ type: 'worker', index: 0 }, { chief: ['a:1'], worker: ['b:2'] }),
      { kind: 'rank', rank: 1, worldSize: 2, masterAddr: 'a' },
    ],
    [
      "srun with an address of rank 0's own",
      { master_addr: '10.0.0.1', master_port: 7000 },
      { SLURM_PROCID: '1', SLURM_NTASKS: '2', SLURM_STEP_NODELIST: 'n[1-2]' },
      { kind: 'rank', masterAddr: '10.0.0.1', masterPort: 7000 },
    ],
  ])('%s', (_what, flags, env, settings) => {
    expect(distributedSettings(flags, env)).toMatchObject(settings);
  });

  it.each<[DistributedFlags, NodeJS.ProcessEnv, RegExp]>([
    [{ nproc_per_node: '0' }, {}, /--nproc_per_node is "0"/],
    [{ nproc_per_node: 'two' }, {}, /--nproc_per_node is "two"/],
    [{ nnodes: 2 }, {}, /--nnodes 2 also needs --node_rank, --master_addr/],
    [{ nnodes: 2, node_rank: 2, master_addr: 'a' }, {}, /--node_rank 2 is out of range/],
    [{ node_rank: 1 }, {}, /--node_rank 1 needs --nnodes/],
    [{ nproc_per_node: 'auto', nnodes: 2, node_rank: 0, master_addr: 'a' }, {}, /auto cannot/],
    [{ nproc_per_node: '2', master_port: 70_000 }, {}, /70000 is not a valid port/],
    [{ nproc_per_node: '2' }, torchrun, /RANK makes this process rank 1 of 2/],
    [{}, { RANK: '0' }, /RANK is set and WORLD_SIZE is not/],
    [{}, { WORLD_SIZE: '2' }, /WORLD_SIZE is set and RANK is not/],
    [{}, { RANK: '0', WORLD_SIZE: '2' }, /MASTER_ADDR is not set/],
    [{}, { ...torchrun, RANK: '2' }, /RANK 2 is out of range: WORLD_SIZE is 2/],
    [{}, { ...torchrun, LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '1' }, /LOCAL_RANK 1 is out of range/],
    [{}, { TF_CONFIG: '{' }, /TF_CONFIG cannot be used: it is not JSON/],
    [{}, { TF_CONFIG: '{}' }, /it has no `cluster`/],
    [{}, tfConfig({ type: 'worker', index: 3 }), /task "worker" 3 is not in `cluster`/],
    [{}, tfConfig({ type: 'ps', index: 0 }, { ps: ['a:1'] }), /it has a job ps/],
    [{}, tfConfig({ type: 'worker', index: 0 }, { worker: ['a'] }), /is not host:port/],
  ])('that are wrong: %o %o', (flags, env, message) => {
    expect(() => distributedSettings(flags, env)).toThrow(message);
  });
});

it("expands Slurm's lists of machines", () => {
  expect(expandHostList('gpu[01-03,7],login')).toEqual([
    'gpu01',
    'gpu02',
    'gpu03',
    'gpu7',
    'login',
  ]);
  expect(expandHostList('rack[1-2]n[1-2]')).toEqual(['rack1n1', 'rack1n2', 'rack2n1', 'rack2n2']);
  expect(expandHostList('single')).toEqual(['single']);
  expect(expandHostList('broken[1')).toEqual([]);
});
