/** The environment variables that `srun` sets for each task. */
import { expect, it } from 'vitest';
import { distributedSettings } from '../../src/distributed/settings';

const step = {
  SLURM_PROCID: '2',
  SLURM_NTASKS: '4',
  SLURM_LOCALID: '0',
  SLURM_JOB_ID: '7',
  SLURM_STEP_ID: '1',
  SLURM_STEP_NODELIST: 'gpu[08-09],login',
};

it('reads a task of srun as a rank, with the first machine of the step as master', () => {
  const job = { rank: 2, worldSize: 4, localRank: 0, masterAddr: 'gpu08', masterPort: 20_128 };
  expect(distributedSettings({}, step)).toMatchObject({ kind: 'rank', ...job });
  const elsewhere = { ...step, MASTER_ADDR: 'login', MASTER_PORT: '5000' };
  expect(distributedSettings({}, elsewhere)).toMatchObject({
    masterAddr: 'login',
    masterPort: 5000,
  });
});

it('ignores a batch script, and a single task trains alone', () => {
  const batch = { ...step, SLURM_STEP_NODELIST: undefined };
  expect(distributedSettings({}, batch)).toEqual({ kind: 'single' });
  expect(distributedSettings({}, { ...step, SLURM_PROCID: '0', SLURM_NTASKS: '1' })).toEqual({
    kind: 'single',
  });
  expect(() => distributedSettings({}, { ...step, SLURM_PROCID: '4' })).toThrow('SLURM_PROCID');
});
