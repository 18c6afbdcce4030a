// Computes one row of the table of steps: medians, and ratios of measurements in the same round.

/** Median; for an even count, the larger of the two middle values. */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * @param turns results of `nlvr bench` and of bench/blip_nlvr.py by round; `compiled` may consist of one `error`
 * @param limits results of `nlvr bench --throughput` with one thread and with all threads
 * @returns cells by heading: numbers, or for torch.compile the reason why there are none
 */
export function stepsRow(name, { ours, eager, compiled }, limits) {
  const of = (results, value) => median(results.map(value));
  const [failure] = compiled.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const ofCompiled = (value) => failure ?? of(compiled, value);
  const speedup = (theirs, kind) => of(ours, (our, i) => theirs[i][kind] / our[kind]);
  const limit = limits.at(-1).flops;
  // Compilation changes the schedule of matrix products, not their number.
  const [ownFlops, torchFlops] = [ours[0].flops, eager[0].flops];
  const share = (flops, kind) => (result) =>
    flops[kind] / (kind === 'training' ? result.step : result.evaluation) / limit;
  return {
    case: name,
    'step s': of(ours, (our) => our.step),
    'first step s': of(ours, (our) => our.firstStep),
    'eager s': of(eager, ({ step }) => step),
    'compiled s': ofCompiled(({ step }) => step),
    'by eager': speedup(eager, 'step'),
    'by compiled': failure ?? speedup(compiled, 'step'),
    'eval s': of(ours, (our) => our.evaluation),
    'eager eval s': of(eager, ({ evaluation }) => evaluation),
    'compiled eval s': ofCompiled(({ evaluation }) => evaluation),
    'eval by eager': speedup(eager, 'evaluation'),
    'eval by compiled': failure ?? speedup(compiled, 'evaluation'),
    'compiling s': failure ?? compiled[0].compileSeconds,
    GFLOP: ownFlops.training / 1e9,
    'PyTorch GFLOP': torchFlops.training / 1e9,
    ...Object.fromEntries(
      limits.map(({ threads, flops }) => [`matmul GFLOP/s, threads ${threads}`, flops / 1e9]),
    ),
    share: of(ours, share(ownFlops, 'training')),
    'eager share': of(eager, share(torchFlops, 'training')),
    'compiled share': ofCompiled(share(torchFlops, 'training')),
    'eval share': of(ours, share(ownFlops, 'evaluation')),
    'peak GB': of(ours, (our) => our.peakBytes) / 1e9,
    'eager GB': of(eager, ({ peakBytes }) => peakBytes) / 1e9,
    memory: of(ours, (our, i) => our.peakBytes / eager[i].peakBytes),
  };
}
