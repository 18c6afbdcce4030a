// Cost model of a data parallel step, see docs/scale.md. Units are seconds and bytes.

/**
 * Communication time of a collective: a ring of N sends each byte 2(N − 1)/N times, in 2(N − 1) sequential messages.
 * @param link `rate`: bytes of gradients per second; `latency`: seconds per message
 */
export function ringSeconds(bytes, ranks, { rate, latency }) {
  return 2 * (ranks - 1) * (latency + bytes / ranks / rate);
}

/**
 * Computes the time of a training step.
 *
 * @param work `step`: time without communication; `own`: time until the gradients are complete; `window`: the fraction of
 *   `own` during which gradients become available, evenly by bytes; `buckets`: bytes of each, in order
 * @param net `ranks`, and those of `ringSeconds`; `processor`: processor seconds per byte, which cannot be overlapped
 */
export function stepSeconds({ step, own, window, buckets }, net, overlap) {
  const all = buckets.reduce((sum, bytes) => sum + bytes, 0);
  let computedBytes = 0;
  let wireFree = 0;
  for (const bytes of buckets) {
    computedBytes += bytes;
    const ready = overlap ? own * (1 - window + (window * computedBytes) / all) : own;
    wireFree = Math.max(wireFree, ready) + ringSeconds(bytes, net.ranks, net);
  }
  const exposed = Math.max(0, wireFree - own);
  const sent = buckets.reduce((sum, bytes) => sum + ringSeconds(bytes, net.ranks, net), 0);
  const hidden = Math.max(0, sent - exposed);
  return { seconds: step + net.processor * all + exposed, exposed, hidden };
}

/**
 * Fits the parameters to measurements: least squares of the logarithms, by pattern search.
 * @param start initial value of each parameter, greater than 0
 * @param max maximum of each parameter
 * @param predict parameters and a measurement → seconds
 */
export function fit(measurements, start, max, predict) {
  const names = Object.keys(start);
  const error = (parameters) =>
    measurements.reduce((sum, m) => sum + Math.log(predict(parameters, m) / m.seconds) ** 2, 0);
  let best = { ...start };
  let least = error(best);
  for (let factor = 2; factor > 1.0005;) {
    let better = false;
    for (const name of names)
      for (const by of [factor, 1 / factor]) {
        const next = { ...best, [name]: Math.min(max[name], best[name] * by) };
        const value = error(next);
        if (value < least) [best, least, better] = [next, value, true];
      }
    if (!better) factor = Math.sqrt(factor);
  }
  return best;
}
