/** For every test file: a picture of each window when a test fails, and nothing left running. */
import { afterAll, afterEach } from 'vitest';
import { closeAll, openWorkbenches } from './open';

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  const name = task.name.replace(/[^\w-]+/g, '-').slice(0, 80);
  let count = 0;
  for (const workbench of openWorkbenches())
    await workbench.screenshot(`failed-${name}-${++count}`).catch(() => undefined);
});

afterAll(async () => {
  // A failure in beforeAll belongs to no test: the windows as they were last show it.
  let count = 0;
  for (const workbench of openWorkbenches())
    await workbench.screenshot(`last-${++count}`).catch(() => undefined);
  await closeAll();
});
