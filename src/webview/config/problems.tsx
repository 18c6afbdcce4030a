import { Icon, type IconName } from '../shared/icons';
import { Message } from '../shared/message';
import { t } from '../shared/translate';
import type { FormModel } from './formModel';
import type { FormProblem } from './messages';

const icons: Record<FormProblem['severity'], IconName> = {
  error: 'error',
  warning: 'warning',
  information: 'info',
};

const severityTexts: Record<FormProblem['severity'], () => string> = {
  error: () => t('Error'),
  warning: () => t('Warning'),
  information: () => t('Note'),
};

/** List of problems with the texts of the Problems view and their fixes. Changes are announced to screen readers. */
export function Problems({
  id,
  problems,
  model,
  withLine = false,
}: {
  id: string;
  problems: readonly FormProblem[];
  model: FormModel;
  withLine?: boolean;
}) {
  return (
    <ul class="problems" id={id} aria-live="polite">
      {problems.map((problem) => (
        <li key={problem.message} class={`problem ${problem.severity}`}>
          <Icon name={icons[problem.severity]} />
          <span>
            <span class="visually-hidden">{severityTexts[problem.severity]()}: </span>
            <Message text={problem.message} />{' '}
            {withLine && problem.line > 0 && (
              <button class="link" onClick={() => model.openText(problem.line)}>
                {t('line {0}', problem.line)}
              </button>
            )}
            {problem.fixes.map(({ title, index }) => (
              <button key={title} class="link" onClick={() => model.fix(index)}>
                <Message text={title} />
              </button>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}
