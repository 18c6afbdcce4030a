import { Message } from '../shared/message';
import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import { Control } from './controls';
import type { FormModel } from './formModel';
import type { FieldInfo } from './messages';
import { Problems } from './problems';

interface FieldProps {
  info: FieldInfo;
  model: FormModel;
  /** Whether the field belongs to a mapping. */
  nested?: boolean;
}

/** One key: name, meaning, control, default and BLIP's value, problems. */
export function Field({ info, model, nested = false }: FieldProps) {
  const state = model.field(info.key);
  if (state === undefined) return null;
  const id = `field-${info.key}`;
  const showFields = info.fields !== undefined && state.asFields === true;
  const isGroup = info.fields !== undefined && info.choices === undefined && !info.pathInstead;
  const name = nested ? info.key.slice(info.key.indexOf('.') + 1) : info.key;
  const described = `${id}-meaning ${id}-facts ${id}-problems`;
  const label = <code class="key">{name}</code>;
  return (
    <div
      class={`field${nested ? ' nested' : ''}${state.changed ? ' changed' : ''}`}
      {...(isGroup && { role: 'group', 'aria-labelledby': `${id}-name` })}
    >
      <div class="field-head">
        {isGroup ? <span id={`${id}-name`}>{label}</span> : <label for={id}>{label}</label>}
        {state.changed && <span class="visually-hidden">{t('changed')}</span>}
        {state.written && (
          <button
            class="quiet icon-only reset"
            title={t('Reset to Default')}
            aria-label={t('Reset {0} to Default', info.key)}
            onClick={() => model.reset(info.key)}
          >
            <Icon name="reset" />
          </button>
        )}
      </div>
      <p class="meaning" id={`${id}-meaning`}>
        <Message text={info.meaning} />
      </p>
      {!isGroup && (
        <Control info={info} state={state} model={model} id={id} describedBy={described} />
      )}
      <Facts info={info} id={`${id}-facts`} />
      <Problems id={`${id}-problems`} problems={state.problems} model={model} />
      {showFields && (
        <div class="fields">
          {info.fields?.map((field) => (
            <Field key={field.key} info={field} model={model} nested />
          ))}
        </div>
      )}
    </div>
  );
}

function Facts({ info, id }: { info: FieldInfo; id: string }) {
  const isNumber = info.kind === 'number';
  const facts: [string, string][] = [
    ...(info.defaultText === '' ? [] : [[t('default'), info.defaultText] as [string, string]]),
    ...(isNumber ? [[t('values'), info.rangeText] as [string, string]] : []),
    ...(info.blipText === undefined ? [] : [['BLIP', info.blipText] as [string, string]]),
  ];
  return (
    <p class="facts muted" id={id}>
      {facts.map(([name, value]) => (
        <span key={name}>
          {name} <span class="fact">{value}</span>
        </span>
      ))}
    </p>
  );
}
