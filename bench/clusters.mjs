// Applies the cost model to BLIP's base model at 384 px on clusters of GPUs. Nothing here was measured; the specifications
// of GPU and links are those of docs/scale.md.
import { ringSeconds, stepSeconds } from './costModel.mjs';
import { table } from './shared.mjs';

/** Base model at 384 px: parameters, and operations per example, forward and backward. */
const MODEL = { parameters: 259.4e6, operations: 0.78e12 };
/** A100 in bf16: peak FLOP/s, the fraction that a training reaches, memory bandwidth in bytes per second. */
const GPU = { peak: 312e12, reached: 0.4, memory: 1.5e12 };
const MACHINE = 8;
/** Seconds per message, and bytes per second of a ring through all machines. */
const LINKS = {
  NVLink: { latency: 5e-6, rate: 230e9 },
  'InfiniBand, 8 × 200 Gbit/s': { latency: 10e-6, rate: 180e9 },
  'Ethernet, 100 Gbit/s': { latency: 30e-6, rate: 11.5e9 },
};
/** Backward is two thirds of forward and backward. */
const WINDOW = 2 / 3;
/** AdamW reads weight, gradient and two moments and writes three of them, 4 bytes each. */
const UPDATE = (MODEL.parameters * 4 * 7) / GPU.memory;
const MIB = 2 ** 20;
const SIZES = [1, 5, 25, 100, 250, 1000];
const TRAINING_EXAMPLES = 86_373;
const EFFECTIVE = 256;

/** Buckets are divided by their size in fp32; they may be sent in a smaller type. */
function bucketsOf(mib, bytesEach) {
  const count = Math.ceil((4 * MODEL.parameters) / (mib * MIB));
  return Array.from({ length: count }, () => (bytesEach * MODEL.parameters) / count);
}

function plan({ link, ranks, batch, bytesEach = 4, mib = 25 }) {
  const own = (batch * MODEL.operations) / (GPU.peak * GPU.reached);
  const buckets = bucketsOf(mib, bytesEach);
  const net = { ranks, processor: 0, ...LINKS[link] };
  const step = own + UPDATE;
  const { seconds, exposed } = stepSeconds({ step, own, window: WINDOW, buckets }, net, true);
  const waiting = buckets.length * ringSeconds(0, ranks, net);
  const all = buckets.reduce((sum, bytes) => sum + ringSeconds(bytes, ranks, net), 0);
  return { step, seconds, exposed, waiting, moving: all - waiting, share: step / seconds };
}

/** The smallest bucket size whose step time is within 0.5% of the minimum. */
function best(options) {
  const plans = SIZES.map((mib) => ({ mib, ...plan({ ...options, mib }) }));
  const shortest = Math.min(...plans.map(({ seconds }) => seconds));
  return plans.find(({ seconds }) => seconds <= shortest * 1.005);
}

const ms = (seconds) => (1000 * seconds).toFixed(seconds < 0.0095 ? 1 : 0);
const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** Tables of docs/scale.md: breakdown of the step time, and the time of an epoch. */
export function clusterTables() {
  const places = [8, 64, 512].flatMap((ranks) =>
    Object.keys(LINKS)
      .filter((link) => ranks <= MACHINE === (link === 'NVLink'))
      .map((link) => ({ ranks, link })),
  );
  const cases = places.flatMap(({ ranks, link }) =>
    [...new Set([16, Math.max(1, EFFECTIVE / ranks)])].map((batch) => ({ ranks, link, batch })),
  );
  const rows = cases.map((options) => {
    const usual = plan(options);
    const half = plan({ ...options, bytesEach: 2 });
    const tuned = best(options);
    const both = best({ ...options, bytesEach: 2 });
    const steps = Math.floor(TRAINING_EXAMPLES / options.ranks / options.batch);
    return [
      options.ranks,
      options.link,
      options.batch,
      options.batch * options.ranks,
      ...[usual.step, usual.moving, usual.waiting, usual.exposed].map(ms),
      percent(usual.share),
      percent(half.share),
      `${percent(tuned.share)} (${tuned.mib} MiB)`,
      `${percent(both.share)} (${both.mib} MiB)`,
      `${(steps * both.seconds).toFixed(0)} s`,
    ];
  });
  return table(
    [
      ...[
        'GPUs',
        'between machines',
        'batch per GPU',
        'effective batch',
        'compute, ms',
        'bytes, ms',
      ],
      ...['messages, ms', 'not hidden, ms', 'of linear', 'with bf16', 'with best buckets'],
      ...['with both', 'epoch, with both'],
    ],
    rows,
  );
}
