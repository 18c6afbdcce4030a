/** Starts a training as the editor's extension host does, and runs until it is killed. */
import { startAttempt, type AttemptRequest } from '../../src/extension/trainer/startAttempt';

const [cli, request] = process.argv.slice(2);
void startAttempt(
  { executable: process.execPath, cli, environment: {} },
  JSON.parse(request) as AttemptRequest,
).then(({ pid }) => console.log(pid));
setInterval(() => undefined, 1000);
