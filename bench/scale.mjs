// Fits the cost model of docs/scale.md to measurements and validates it: part of `npm run bench -- scale`. Two ranks with one
// thread each on two hosts (bench/twoHosts.mjs), at several bandwidths for the fit and another one for validation.
// Flags: --only small,medium  --bandwidths 500,1000,4000  --check 2000 (Mbit/s)  --steps N (default 5)
//   --rounds N (default 2; the fastest counts)  --json FILE (keeps the measurements)  --from FILE (measures nothing)  --write (docs/scale.md)
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fit, stepSeconds } from './costModel.mjs';
import { clusterTables } from './clusters.mjs';
import {
  bench,
  selectedModels,
  flag,
  hasFlag,
  machine,
  median,
  models,
  rewrite,
  table,
} from './shared.mjs';
import { bytesSent, createHosts, MASTER, hostPrefix, setBandwidth } from './twoHosts.mjs';

const WITHIN = 0.15;
const RANKS = 2;
const steps = Number(flag('--steps', '5'));

/** Variants that are measured at each bandwidth, or only at the one in `only`. */
const VARIANTS = {
  overlap: { flags: [], label: 'overlapped' },
  after: { flags: ['--no_overlap'], label: 'at the end' },
  // Many messages at the highest bandwidth, to measure the cost of a message.
  messages: {
    flags: ['--no_overlap', '--bucket_mb', '1'],
    label: 'at the end, 1 MiB',
    only: 'fastest',
  },
  bf16: {
    flags: ['--no_overlap', '--set', 'gradient_precision=bf16'],
    label: 'at the end, bf16',
    only: 'check',
  },
};

/** Measures into `raw`, which `save` writes after every run, so that an aborted measurement keeps its results. */
async function measure(raw, save) {
  const bandwidths = flag('--bandwidths', '500,1000,4000').split(',').map(Number);
  const check = Number(flag('--check', '2000'));
  createHosts();
  const { works, points } = raw;
  for (let round = 0; round < Number(flag('--rounds', '2')); round++)
    for (const model of selectedModels('small,medium')) {
      const { batch } = models[model];
      const threads = Math.max(1, Math.floor(availableParallelism() / RANKS));
      const counted = ['--steps', String(steps), '--set', `threads=${threads}`];
      const alone = () => bench(model, batch, counted);
      const work = (works[model] ??= { apart: [], own: [] });
      for (const mbits of [...bandwidths, check]) {
        const apart = (await Promise.all([alone(), alone()])).map(({ step }) => step);
        work.apart.push(Math.max(...apart));
        setBandwidth(mbits);
        const place = { check, fastest: Math.max(...bandwidths) };
        for (const [variant, { flags, only }] of Object.entries(VARIANTS)) {
          if (only !== undefined && place[only] !== mbits) continue;
          const before = bytesSent(1);
          const [result] = await Promise.all(
            Array.from({ length: RANKS }, (_, rank) =>
              bench(model, batch, [...counted, ...flags], {
                before: hostPrefix(rank),
                env: { RANK: String(rank), WORLD_SIZE: String(RANKS), MASTER_ADDR: MASTER },
              }),
            ),
          );
          // Rank 1 sends only gradients: of the timed steps and of the warm-up step.
          const sent = (bytesSent(1) - before) / (steps + 1);
          if (variant === 'after') work.own.push(result.ownStep);
          const key = `${model} ${mbits} ${variant}`;
          const point = (points[key] ??= {
            ...{ model, mbits, variant, fitted: mbits !== check },
            ...{ buckets: result.bucketBytes, sent: [], steps: [] },
          });
          point.sent.push(sent);
          point.steps.push(result.step);
          save();
          console.error(`${key}: ${result.step.toFixed(3)} s, ${(sent / 1e6).toFixed(1)} MB sent`);
        }
      }
    }
}

const json = flag('--json');
const from = flag('--from');
const raw = from
  ? JSON.parse(readFileSync(from, 'utf8'))
  : { machine: machine(), works: {}, points: {} };
if (!from)
  await measure(raw, () => json && writeFileSync(json, `${JSON.stringify(raw, null, 2)}\n`));

// Other programs on the machine can only make a step slower, so use the minimum.
const works = Object.fromEntries(
  Object.entries(raw.works).map(([model, { apart, own }]) => [
    model,
    { step: Math.min(...apart), own: Math.min(...own) },
  ]),
);
const points = Object.values(raw.points).map(({ sent, steps: taken, ...point }) => ({
  ...point,
  sent: median(sent),
  seconds: Math.min(...taken),
}));

const onWire = ({ buckets, variant }) =>
  variant === 'bf16' ? buckets.map((bytes) => bytes / 2) : buckets;
const total = (buckets) => buckets.reduce((sum, bytes) => sum + bytes, 0);
/** Bytes on the link per byte of gradients: headers of Ethernet, IP, TCP and HTTP/2. */
const overhead = median(points.map((point) => point.sent / total(onWire(point))));

function predict({ latency, processor, window }, point) {
  const work = works[point.model];
  // Time until the gradients are complete, which cannot exceed the step.
  const own = Math.min(work.own, work.step);
  const net = { ranks: RANKS, latency, processor, rate: (point.mbits * 1e6) / 8 / overhead };
  return stepSeconds(
    { step: work.step, own, window, buckets: onWire(point) },
    net,
    point.variant === 'overlap',
  );
}
const fitted = fit(
  points.filter((point) => point.fitted),
  { latency: 1e-3, processor: 1e-9, window: 0.5 },
  { latency: 1, processor: 1e-6, window: 1 },
  (parameters, point) => predict(parameters, point).seconds,
);

const seconds = (value) => `${value.toFixed(2)} s`;
const percent = (value) => `${value > 0 ? '+' : ''}${(100 * value).toFixed(0)} %`;
const off = (point) => predict(fitted, point).seconds / point.seconds - 1;
const checks = points.filter((point) => !point.fitted);
const worst = (some) => Math.max(...some.map((point) => Math.abs(off(point))));
const text = [
  `${raw.machine}. A step without communication: ${Object.entries(works)
    .map(([model, { step }]) => `${model} ${seconds(step)}`)
    .join(', ')}. The link transfers ${overhead.toFixed(3)} bytes per byte of gradients.`,
  '',
  `Fitted: ${(1000 * fitted.latency).toFixed(2)} ms per message, ${(1e9 * fitted.processor).toFixed(2)} ns of processor time per byte. Gradients are computed in the last ${(100 * fitted.window).toFixed(0)} % of the time until all are computed.`,
  '',
  table(
    [
      'model',
      'gradients',
      'Mbit/s',
      'sent',
      'measured',
      'predicted',
      'error',
      'hidden',
      'not hidden',
      '',
    ],
    [...points]
      .sort((a, b) => Number(b.fitted) - Number(a.fitted))
      .map((point) => {
        const { seconds: predicted, hidden, exposed } = predict(fitted, point);
        return [
          point.model,
          `${(total(onWire(point)) / 1e6).toFixed(0)} MB`,
          point.mbits,
          VARIANTS[point.variant].label,
          ...[point.seconds, predicted].map(seconds),
          percent(off(point)),
          ...[hidden, exposed].map(seconds),
          point.fitted ? 'fitted' : '**checked**',
        ];
      }),
  ),
  '',
  `Largest deviation: ${percent(worst(points.filter((point) => point.fitted)))} at the fitted bandwidths, ${percent(worst(checks))} at the checked one (limit 15 %).`,
].join('\n');
console.log(text);
const clusters = clusterTables();
console.log(`\n${clusters}`);
if (hasFlag('--write')) {
  await rewrite('scale.md', 'scale', text);
  await rewrite('scale.md', 'clusters', clusters);
}
if (worst(checks) > WITHIN) {
  console.error('The model is off by more than 15 % at the bandwidth that it was not fitted to.');
  process.exitCode = 1;
}
