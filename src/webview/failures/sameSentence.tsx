import { useEffect } from 'preact/hooks';
import { t } from '../shared/translate';
import { Thumbnail } from './list';
import type { Model } from './model';
import { VerdictIcon } from './symbols';
import { epochText } from '../shared/predictionSets';
import { probability, truth } from './texts';

/** Maximum number of cards for a sentence that many pairs share. */
const MAX_CARDS = 24;

/** The other pairs of the same sentence, and whether the model is consistent about it. */
export function SameSentencePairs({ model, row }: { model: Model; row: number }) {
  const { rows } = model;
  const all = rows.rowsOfGroup(row);
  const at = all.indexOf(row);
  const start = Math.max(0, Math.min(at - MAX_CARDS / 2, all.length - MAX_CARDS));
  const cards = all.slice(start, start + MAX_CARDS);
  useEffect(() => {
    const images = cards.flatMap((each) => [rows.left[each] ?? -1, rows.right[each] ?? -1]);
    model.thumbnails.show('same-sentence', all.length > 1 ? images : []);
  });
  if (all.length < 2) return null;
  const right = all.filter((each) => rows.verdict(each) === 'right').length;
  const labeled = all.filter((each) => rows.verdict(each) !== 'unlabeled').length;
  return (
    <section class="same-sentence" aria-label={t('Pairs of this sentence')}>
      <h3 class="section-title">
        {t('Pairs of this sentence')}
        {labeled > 0 && (
          <span class="muted number">
            {' '}
            {t('{0} of {1} right', right, labeled)}
            {right === labeled ? ` · ${t('consistent')}` : ''}
          </span>
        )}
      </h3>
      <div class="cards">
        {cards.map((each) => {
          const sentence = rows.sentenceOf(each);
          return (
            <button
              key={each}
              class="quiet card"
              aria-current={each === row}
              title={`${rows.identifierOf(each)}${sentence === rows.sentenceOf(row) ? '' : `\n${sentence}`}`}
              onClick={() => model.select(each)}
            >
              <span class="card-pair">
                <Thumbnail model={model} image={rows.left[each] ?? -1} />
                <Thumbnail model={model} image={rows.right[each] ?? -1} />
              </span>
              <span class="card-line">
                <VerdictIcon verdict={rows.verdict(each)} said />
                {truth(rows.prediction[each] === 1)}
                <span class="number">{probability(rows.confidence(each))}</span>
              </span>
            </button>
          );
        })}
        {all.length > cards.length && (
          <span class="muted more-cards">{t('and {0} more', all.length - cards.length)}</span>
        )}
      </div>
    </section>
  );
}

/** Answers over the epochs; each opens the same example in that epoch. */
export function Epochs({ model, row }: { model: Model; row: number }) {
  const { rows, set } = model;
  const others = rows.epochsOf(row).filter(({ verdict }) => verdict !== 'none');
  if (others.length === 0 || !set) return null;
  const shown = {
    epoch: set.epoch,
    verdict: rows.verdict(row),
    answer: rows.prediction[row] === 1,
  };
  const all = [...others, shown].sort((a, b) => (a.epoch ?? Infinity) - (b.epoch ?? Infinity));
  return (
    <section class="epochs" aria-label={t('Over the epochs')}>
      <h3 class="section-title">{t('Over the epochs')}</h3>
      <div class="epoch-strip">
        {all.map(({ epoch, verdict, answer }) => (
          <button
            key={String(epoch)}
            class="quiet epoch"
            aria-current={epoch === set.epoch}
            title={`${epochText(epoch)}: ${truth(answer)}`}
            onClick={() => {
              if (epoch !== set.epoch) model.open({ split: set.split, epoch });
            }}
          >
            <VerdictIcon verdict={verdict} said />
            {epoch !== null && <span class="visually-hidden">{t('epoch')} </span>}
            <span class="number">{epoch === null ? t('eval') : epoch + 1}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
