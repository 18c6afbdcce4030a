import { useEffect, useId, useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { percent } from '../shared/numbers';
import { t } from '../shared/translate';
import { useDashboard, useStore } from './context';
import type { Thumbnail, WatchedPairHistory } from './messages';
import type { RunData } from './runData';
import { isRight, probability } from './viewModel';

/** Returns the number of latest epochs that fit into a width. */
function epochsFor(width: number): number {
  return width < 560 ? 1 : width < 800 ? 4 : 8;
}

/** Table of the watched validation pairs: the model's probabilities after every epoch. */
export function WatchedPairs({ run }: { run: RunData }) {
  const { runs } = useStore('data');
  const title = useId();
  const [section, width] = useWidth<HTMLElement>();
  const { watched } = run.history;
  const thumbnails = useThumbnails(run.header.key, watched);
  if (watched.length === 0) return null;
  const all = [...new Set(watched.flatMap((pair) => pair.probTrue.map(({ epoch }) => epoch)))].sort(
    (a, b) => a - b,
  );
  const epochs = all.slice(-epochsFor(width));
  return (
    <section class="watched" ref={section} aria-labelledby={title}>
      <h2 id={title}>
        {t('Watched pairs')}
        {runs.length > 1 && <span class="muted"> · {run.header.name}</span>}
      </h2>
      <div class="table-box watched-box" tabIndex={0} role="region" aria-labelledby={title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('Pair')}</th>
              <th scope="col">{t('Label')}</th>
              <th scope="colgroup" colSpan={epochs.length} class="watched-epochs">
                {epochs.length > 1 ? t('P(True) after epoch') : t('P(True)')}
              </th>
              <th scope="col">{t('Answer')}</th>
            </tr>
            <tr class="muted number">
              <td colSpan={2} />
              {epochs.map((epoch) => (
                <th key={epoch} scope="col">
                  {epoch + 1}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {watched.map((pair) => (
              <PairRow
                key={pair.identifier}
                run={run.header.key}
                pair={pair}
                epochs={epochs}
                thumbnails={thumbnails}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface PairRowProps {
  run: string;
  pair: WatchedPairHistory;
  epochs: number[];
  thumbnails: ReadonlyMap<string, Thumbnail>;
}

function PairRow({ run, pair, epochs, thumbnails }: PairRowProps) {
  const latest = pair.probTrue.at(-1);
  return (
    <tr>
      <th scope="row" class="watched-pair">
        <div>
          <span class="watched-images">
            {pair.images.map((image, side) => (
              <Picture
                key={side}
                run={run}
                image={image}
                side={side === 0 ? t('left image') : t('right image')}
                label={side === 0 ? t('Open Left Image') : t('Open Right Image')}
                thumbnail={thumbnails.get(image)}
              />
            ))}
          </span>
          <span class="watched-sentence" title={pair.identifier}>
            {pair.sentence}
          </span>
        </div>
      </th>
      <td>{pair.label === null ? '–' : pair.label ? t('True') : t('False')}</td>
      {epochs.map((epoch) => {
        const value = pair.probTrue.find((entry) => entry.epoch === epoch)?.value;
        if (value === undefined) return <td key={epoch} />;
        const right = isRight(pair.label, value);
        return (
          <td
            key={epoch}
            class={`number probability ${right === false ? 'probability-wrong' : ''}`}
            title={`${percent(value)} ${right === null ? '' : right ? t('right') : t('wrong')}`}
          >
            {probability(value)}
            {right === false && <span class="visually-hidden"> {t('wrong')}</span>}
          </td>
        );
      })}
      <td>{latest && <Verdict right={isRight(pair.label, latest.value)} />}</td>
    </tr>
  );
}

function Verdict({ right }: { right: boolean | null }) {
  if (right === null) return <span class="muted">{t('no label')}</span>;
  return (
    <span class={right ? 'verdict verdict-right' : 'verdict verdict-wrong'}>
      <Icon name={right ? 'check' : 'cross'} />
      {right ? t('right') : t('wrong')}
    </span>
  );
}

interface PictureProps {
  run: string;
  image: string;
  side: string;
  /** The accessible name of the button. */
  label: string;
  thumbnail: Thumbnail | undefined;
}

function Picture({ run, image, side, label, thumbnail }: PictureProps) {
  const { host } = useDashboard();
  if (!thumbnail) return <span class="picture picture-missing" />;
  if (thumbnail.uri === null)
    return (
      <span class="picture picture-missing" title={`${image}: ${thumbnail.problem ?? ''}`}>
        <Icon name="warning" />
        <span class="visually-hidden">
          {side}: {thumbnail.problem}
        </span>
      </span>
    );
  return (
    <button
      class="picture"
      title={image}
      aria-label={label}
      onClick={() => host.send({ type: 'openImage', path: image, run })}
    >
      <img src={thumbnail.uri} alt="" />
    </button>
  );
}

/** Returns the width of an element and follows its changes. Initially 1000. */
function useWidth<E extends Element>(): [(element: E | null) => void, number] {
  const [element, setElement] = useState<E | null>(null);
  const [width, setWidth] = useState(1000);
  useEffect(() => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(entry.contentRect.width);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}

/** Requests the thumbnails of the pairs once, and failed ones again after every epoch. */
function useThumbnails(run: string, watched: WatchedPairHistory[]): ReadonlyMap<string, Thumbnail> {
  const { host } = useDashboard();
  const [known, setKnown] = useState<ReadonlyMap<string, Thumbnail>>(new Map());
  const images = [...new Set(watched.flatMap((pair) => pair.images))];
  const wanted = images.join('\0');
  const epochs = Math.max(0, ...watched.map((pair) => pair.probTrue.length));
  useEffect(() => {
    let current = true;
    if (images.every((image) => typeof known.get(image)?.uri === 'string')) return;
    host.request('thumbnails', { run, images }).then(
      (thumbnails) => {
        if (current)
          setKnown(new Map(thumbnails.map((thumbnail, i) => [images[i] ?? '', thumbnail])));
      },
      (error: unknown) => {
        const problem = error instanceof Error ? error.message : String(error);
        if (current) setKnown(new Map(images.map((image) => [image, { uri: null, problem }])));
      },
    );
    return () => {
      current = false;
    };
    // The array is recreated on every rendering, so the effect depends on its content.
  }, [host, run, wanted, epochs]);
  return known;
}
