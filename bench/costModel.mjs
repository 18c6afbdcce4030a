// What a data parallel step costs: the model of docs/scale.md. Seconds and bytes.

/**
 * A collective's time on the wire: a ring of N sends each byte 2(N − 1)/N times, in 2(N − 1) messages that wait for
 * each other.
 * @param link `rate`: bytes a second of gradients; `latency`: seconds a message
 */
export function ringSeconds(bytes, ranks, { rate, latency }) {
  return 2 * (ranks - 1) * (latency + bytes / ranks / rate);
}

/**
 * Seconds of a training step.
 *
 * @param work `step` without any communication, `own` until the gradients exist; `window`: the part of `own` during
 *   which gradients come into being, evenly by bytes; `buckets`: bytes of each, in order
 * @param net `ranks`, and those of `ringSeconds`; `processor`: seconds of the processor a byte, which nothing hides
 */
export function stepSeconds({ step, own, window, buckets }, net, overlap) {
  const all = buckets.reduce((sum, bytes) => sum + bytes, 0);
  let made = 0;
  let wireFree = 0;
  for (const bytes of buckets) {
    made += bytes;
    const ready = overlap ? own * (1 - window + (window * made) / all) : own;
    wireFree = Math.max(wireFree, ready) + ringSeconds(bytes, net.ranks, net);
  }
  const exposed = Math.max(0, wireFree - own);
  const sent = buckets.reduce((sum, bytes) => sum + ringSeconds(bytes, net.ranks, net), 0);
  const hidden = Math.max(0, sent - exposed);
  return { seconds: step + net.processor * all + exposed, exposed, hidden };
}

/**
 * Parameters that make predictions fit measurements best: least squares of the logarithms, by pattern search.
 * @param start first guess of each parameter, greater than 0
 * @param most largest value of each parameter
 * @param predict parameters and a measurement → seconds
 */
export function fit(measurements, start, most, predict) {
  const names = Object.keys(start);
  const error = (parameters) =>
    measurements.reduce((sum, m) => sum + Math.log(predict(parameters, m) / m.seconds) ** 2, 0);
  let best = { ...start };
  let least = error(best);
  for (let factor = 2; factor > 1.0005;) {
    let better = false;
    for (const name of names)
      for (const by of [factor, 1 / factor]) {
        const next = { ...best, [name]: Math.min(most[name], best[name] * by) };
        const value = error(next);
        if (value < least) [best, least, better] = [next, value, true];
      }
    if (!better) factor = Math.sqrt(factor);
  }
  return best;
}
