import { t } from '../shared/translate';
import { useDashboard } from './context';
import type { Curve } from './curves';

/** The curves of a chart; a click switches one off or on. */
export function Legend({ curves }: { curves: readonly Curve[] }) {
  const { store } = useDashboard();
  // Of several runs only the main curves: a legend twice as long would say no more.
  const one = new Set(curves.map((curve) => curve.run)).size === 1;
  const listed = curves.filter((curve) => one || curve.faintOf === undefined);
  if (listed.length === 0) return null;
  return (
    <div class="legend" role="group" aria-label={t('Curves')}>
      {listed.map((curve) => (
        <button
          key={curve.id}
          class="quiet legend-entry"
          aria-pressed={!store.view.hidden.includes(curve.id)}
          onClick={() => store.toggle('hidden', curve.id)}
        >
          <Swatch curve={curve} />
          {curve.label}
        </button>
      ))}
    </div>
  );
}

const markers = {
  none: '',
  circle: 'M12 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  triangle: 'M12 2.5l3.5 6h-7z',
  rect: 'M9 3h6v6H9z',
  rectRot: 'M12 2l4 4-4 4-4-4z',
};

/** A piece of the curve as it is drawn: colour, dashes and marker. */
export function Swatch({
  curve,
}: {
  curve: Pick<Curve, 'colour' | 'dash' | 'marker' | 'faintOf'>;
}) {
  return (
    <svg
      class={`swatch series-${curve.colour % 6} ${curve.faintOf === undefined ? '' : 'swatch-faint'}`}
      viewBox="0 0 24 12"
      aria-hidden="true"
    >
      <path class="swatch-line" d="M0 6h24" stroke-dasharray={curve.dash.join(' ')} />
      {curve.marker !== 'none' && <path class="swatch-marker" d={markers[curve.marker]} />}
    </svg>
  );
}
