/** An extension host as far as a training is concerned: starts it as the editor does, and lives until it is killed. */
import { startAttempt, type AttemptRequest } from '../../src/extension/trainer/startAttempt';

const [cli, asked] = process.argv.slice(2);
void startAttempt(
  { executable: process.execPath, cli, environment: {} },
  JSON.parse(asked) as AttemptRequest,
).then(({ pid }) => console.log(pid));
setInterval(() => undefined, 1000);
