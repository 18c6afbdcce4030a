import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import { useDashboard } from './context';

/** Button to choose further runs for the same charts. */
export function AddRun() {
  const { host } = useDashboard();
  return (
    <button
      title={t('Compare with other runs in the same charts')}
      onClick={() => host.send({ type: 'addRun' })}
    >
      <Icon name="add" /> {t('Add Run')}
    </button>
  );
}
