/** Resizes position embeddings to another image size, as BLIP (models/vit.py, `interpolate_pos_embed`). */

/** Keys' cubic convolution kernel with PyTorch's a = -0.75, at distance `t` from the sample. */
function cubic(t: number): number {
  const a = -0.75;
  const x = Math.abs(t);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

interface Tap {
  index: number;
  weight: number;
}

/** The four neighbors of each output position: half-pixel centers, indices clamped at the border. */
function taps(from: number, to: number): Tap[][] {
  return Array.from({ length: to }, (_, i) => {
    const position = ((i + 0.5) * from) / to - 0.5;
    const floor = Math.floor(position);
    return [-1, 0, 1, 2].map((k) => ({
      index: Math.min(Math.max(floor + k, 0), from - 1),
      weight: cubic(position - floor - k),
    }));
  });
}

/**
 * Resizes position embeddings from `from`×`from` to `to`×`to` patches, equal to
 * `torch.nn.functional.interpolate(mode='bicubic', align_corners=False)` without antialiasing.
 * @param embedding [1, 1 + from², width]; the class token's row comes first and is kept.
 * @returns [1, 1 + to², width]
 */
export function resizePositionEmbedding(
  embedding: Float32Array,
  from: number,
  to: number,
  width: number,
): Float32Array {
  const resized = new Float32Array((1 + to * to) * width);
  resized.set(embedding.subarray(0, width));
  const along = taps(from, to);
  const row = new Float64Array(width);
  along.forEach((vertical, y) => {
    along.forEach((horizontal, x) => {
      row.fill(0);
      for (const v of vertical)
        for (const h of horizontal) {
          const weight = v.weight * h.weight;
          const start = (1 + v.index * from + h.index) * width;
          for (let c = 0; c < width; c++)
            row[c] = (row[c] ?? 0) + weight * (embedding[start + c] ?? 0);
        }
      resized.set(row, (1 + y * to + x) * width);
    });
  });
  return resized;
}
