/**
 * A recorded model of BLIP's in one precision on one device, for `npm run test:gpu`: distances to BLIP's numbers in fp32,
 * as one JSON line. Arguments: `tiny-a` or `tiny-b`, the precision, `cpu` or `gpu`.
 */
import { parameterShapes } from '../../src/model/parameters';
import { compileOptimizerStep } from '../../src/runtime/optimizer/optimizerStep';
import { resetOptimizer } from '../../src/train/checkpoint/resetOptimizer';
import { isPrecision, type Precision } from '../../src/util/precision';
import {
  configOf,
  distance,
  feedsOf,
  fixture,
  forward,
  inputSpecs,
  loadInto,
  openSession,
  readInputs,
  readJson,
  type Golden,
} from '../parity/support';

const SCALE = 1024;

async function check(folder: string, precision: Precision, device: 'cpu' | 'gpu'): Promise<object> {
  const golden = readJson<Golden>(folder, 'expected.json');
  const config = configOf(folder, golden.meta.image_size, golden.meta.vit);
  const batch = await readInputs(folder, golden.meta.image_size);
  const session = await openSession({ precision, device });
  try {
    const load = (): Promise<unknown> => loadInto(session, config, fixture(folder, 'model.pth'));
    await load();
    const answer = session.compile({
      name: 'answer',
      inputs: inputSpecs(config, batch),
      build: (inputs, scope) => forward(config, inputs, scope),
    });
    const { logits, loss } = await answer.run(feedsOf(batch));
    const { lr, weight_decay: weightDecay, losses } = golden.adamw;
    const lossScaling = precision === 'fp16';
    const step = compileOptimizerStep(session, {
      name: 'step',
      inputs: inputSpecs(config, batch),
      parameters: golden.param_order,
      // What the models were recorded with: no dropout.
      loss: (inputs, scope) => forward(config, inputs, scope),
      optimizer: { weightDecay },
      gradClip: 0,
      accumulateSteps: 1,
      lossScaling,
    });
    const shapes = parameterShapes(config);
    const origin = { model: {}, run: null };
    const checkpoint = { session, shapes, trainable: golden.param_order, origin };
    const train = async (): Promise<number[]> => {
      await load();
      await resetOptimizer(checkpoint);
      const found: number[] = [];
      for (let i = 1; i <= losses.length; i++) {
        const scale = lossScaling && { loss_scale: SCALE };
        const values = await step.run({ ...feedsOf(batch), ...scale, lr, step: i });
        found.push(values['loss']?.[0] ?? NaN);
      }
      return found;
    };
    const [first, second] = [await train(), await train()];
    return {
      ...session.info,
      logits: distance(logits ?? [], golden.logits.flat()),
      loss: Math.abs((loss?.[0] ?? NaN) - golden.loss),
      adamW: distance(first, losses),
      repeats: first.every((value, i) => Object.is(value, second[i])),
    };
  } finally {
    await session.dispose();
  }
}

const [folder = '', precision, device] = process.argv.slice(2);
if (!isPrecision(precision)) throw new Error(`no precision: ${precision}`);
void check(folder, precision, device === 'gpu' ? 'gpu' : 'cpu').then((result) => {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
});
