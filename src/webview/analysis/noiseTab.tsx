import { useMemo } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { count, wholePercent } from '../shared/numbers';
import { t } from '../shared/translate';
import { Grid, type GridColumn } from './grid';
import type { ListFormat, NoiseCandidate, Numbers } from './messages';
import type { Model } from './model';
import { reasonText, truth } from './texts';

type Column =
  | 'rank'
  | 'mark'
  | 'score'
  | 'label'
  | 'contradiction'
  | 'wrong'
  | 'votes'
  | 'reasons'
  | 'sentence';

function columns(): GridColumn<Column>[] {
  const numeric = true;
  return [
    { id: 'rank', title: t('Position'), minWidth: 56, hideBelow: 380, numeric },
    { id: 'mark', title: t('Mark'), minWidth: 48 },
    {
      id: 'score',
      title: t('Score'),
      minWidth: 60,
      numeric,
      hint: t('Probability that the model or a random annotator contradicts the label.'),
    },
    { id: 'label', title: t('Label'), minWidth: 54 },
    {
      id: 'contradiction',
      title: t('Contradicted'),
      minWidth: 112,
      hideBelow: 500,
      numeric,
      hint: t('Mean probability of the opposite answer over the epochs.'),
    },
    { id: 'wrong', title: t('Wrong epochs'), minWidth: 116, hideBelow: 740, numeric },
    {
      id: 'votes',
      title: t('Votes'),
      minWidth: 64,
      hideBelow: 800,
      numeric,
      hint: t('Annotators who agree with the label, out of all.'),
    },
    { id: 'reasons', title: t('Reasons'), minWidth: 130, hideBelow: 630, grow: 1 },
    { id: 'sentence', title: t('Sentence'), minWidth: 180, compactWidth: 140, grow: 2 },
  ];
}

/** Tab on label noise: examples whose label may be wrong, the most suspicious first. */
export function NoiseTab({ model, numbers }: { model: Model; numbers: Numbers }) {
  const { labelNoise } = numbers;
  const { notes, unmarkedOnly } = model;
  const ranked = useMemo(() => labelNoise.map((of, i) => ({ of, rank: i + 1 })), [labelNoise]);
  const shown = useMemo(
    () => (unmarkedOnly ? ranked.filter(({ of }) => !notes.has(of.identifier)) : ranked),
    [ranked, unmarkedOnly, unmarkedOnly && notes],
  );
  if (model.dynamics === undefined)
    return <p class="nothing muted">{t('Reading the predictions of the other epochs…')}</p>;
  if (labelNoise.length === 0)
    return (
      <p class="nothing muted">
        {t(
          'No suspicious labels: the model does not contradict any label with confidence in most epochs, and no annotator disagrees with one.',
        )}
      </p>
    );
  const done = ranked.filter(({ of }) => model.notes.has(of.identifier)).length;
  const mark = ({ of }: { of: NoiseCandidate }): void => {
    announce(model.noteOf(of.identifier).marked ? t('Mark removed.') : t('Marked.'));
    void model.toggleMark(of);
  };
  const save = (format: ListFormat): void =>
    void model.exportCandidates(format).then((file) => {
      if (file === null) return;
      const text = t('Candidates were exported to {0}.', file);
      model.showInfo(text);
      announce(text);
    });
  return (
    <>
      <div class="tools" role="group" aria-label={t('Candidates for label noise')}>
        <span class="number">
          {labelNoise.length === 1
            ? t('1 candidate, {0} with a mark or a note', count(done))
            : t('{0} candidates, {1} with a mark or a note', count(labelNoise.length), count(done))}
        </span>
        <button
          class="quiet toggle"
          aria-pressed={unmarkedOnly}
          title={t('Exclude those with a mark or a note')}
          onClick={() => model.setUnmarkedOnly(!unmarkedOnly)}
        >
          <Icon name="flag" />
          {t('Unmarked Only')}
        </button>
        <button class="quiet end" onClick={() => save('csv')}>
          <Icon name="save" />
          {t('Export CSV')}
        </button>
        <button class="quiet" onClick={() => save('json')}>
          <Icon name="save" />
          {t('Export JSON')}
        </button>
      </div>
      <Grid<Column>
        label={t('Candidates for label noise')}
        columns={columns()}
        count={shown.length}
        activeRow={model.at.noise ?? 0}
        onActivate={(index) => model.moveTo('noise', index)}
        rowKey={(index) => shown[index]?.of.identifier ?? ''}
        onOpen={(index) => {
          const each = shown[index];
          if (each) model.showExample(each.of.identifier);
        }}
        onKey={(event, index) => {
          const each = shown[index];
          if (event.key.toLowerCase() !== 'm' || !each) return false;
          mark(each);
          return true;
        }}
        cells={(index) => cellsOf(model, shown[index], mark)}
        empty={t('All candidates have a mark or a note.')}
      />
    </>
  );
}

function cellsOf(
  model: Model,
  each: { of: NoiseCandidate; rank: number } | undefined,
  mark: (each: { of: NoiseCandidate }) => void,
): Record<Column, preact.ComponentChildren> {
  if (!each)
    return {
      rank: '',
      mark: '',
      score: '',
      label: '',
      contradiction: '',
      wrong: '',
      votes: '',
      reasons: '',
      sentence: '',
    };
  const { of, rank } = each;
  const { marked, note } = model.noteOf(of.identifier);
  return {
    rank: count(rank),
    mark: (
      <button
        class={`quiet icon-only mark ${marked ? 'on' : ''}`}
        tabIndex={-1}
        aria-pressed={marked}
        aria-label={t('Mark {0}', of.identifier)}
        title={note === '' ? t('Mark (M)') : note}
        onClick={() => mark(each)}
      >
        <Icon name="flag" />
      </button>
    ),
    score: of.score.toFixed(2),
    label: truth(of.label),
    contradiction: wholePercent(of.contradiction),
    wrong: t('{0} of {1}', of.wrong, of.epochs),
    votes: of.votes === null ? '–' : t('{0} of {1}', of.votes.agreeing, of.votes.all),
    reasons: of.reasons.map(reasonText).join(', '),
    sentence: <span title={`${of.identifier}: ${of.sentence}`}>{of.sentence}</span>,
  };
}
