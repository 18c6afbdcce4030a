/** Setup of every test file: takes a screenshot of each window when a test fails, and ends all processes. */
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
  // A failure in beforeAll belongs to no test; screenshots of the last windows show it.
  let count = 0;
  for (const workbench of openWorkbenches())
    await workbench.screenshot(`last-${++count}`).catch(() => undefined);
  await closeAll();
});
