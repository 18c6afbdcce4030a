import { t } from '../shared/translate';
import type { FormModel } from './formModel';
import type { FieldInfo, FieldState } from './messages';

interface ControlProps {
  info: FieldInfo;
  state: FieldState;
  model: FormModel;
  id: string;
  describedBy: string;
}

/** The control of a key by its kind. */
export function Control(props: ControlProps) {
  switch (props.info.kind) {
    case 'number':
      return <TextControl {...props} numeric />;
    case 'boolean':
      return <Toggle {...props} />;
    case 'choice':
      return <Choice {...props} />;
    case 'path':
      return <PathControl {...props} />;
    case 'mapping':
      return props.info.pathInstead ? <PathOrFields {...props} /> : <NameOrFields {...props} />;
  }
}

const hasError = (state: FieldState): boolean =>
  state.problems.some(({ severity }) => severity === 'error');

function TextControl({
  info,
  state,
  model,
  id,
  describedBy,
  numeric = false,
}: ControlProps & { numeric?: boolean }) {
  return (
    <input
      id={id}
      class={numeric ? 'number' : 'text'}
      type="text"
      // Numbers such as 3e-5 are typed as text: a number input would refuse some and round others.
      inputMode={numeric ? 'decimal' : 'text'}
      spellcheck={false}
      autocomplete="off"
      value={state.text}
      aria-invalid={hasError(state)}
      aria-describedby={describedBy}
      onInput={(event) => model.type(info.key, event.currentTarget.value)}
      onFocus={() => model.focus(info.key)}
      onBlur={() => model.blur(info.key)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') model.commit(info.key);
        else if (event.key === 'Escape') model.cancel(info.key);
      }}
    />
  );
}

function PathControl(props: ControlProps) {
  return (
    <div class="with-button">
      <TextControl {...props} />
      <button
        aria-label={t('Browse for {0}', props.info.key)}
        onClick={() => props.model.browse(props.info.key)}
      >
        {t('Browse…')}
      </button>
    </div>
  );
}

function Toggle({ info, state, model, id, describedBy }: ControlProps) {
  return (
    <span class="toggle">
      <input
        id={id}
        type="checkbox"
        checked={state.text === 'true'}
        aria-invalid={hasError(state)}
        aria-describedby={describedBy}
        onChange={(event) => model.choose(info.key, String(event.currentTarget.checked))}
      />
      <span aria-hidden="true">{state.text}</span>
    </span>
  );
}

function Choice({ info, state, model, id, describedBy }: ControlProps) {
  const choices = info.choices ?? [];
  return (
    <select
      id={id}
      value={state.text}
      aria-invalid={hasError(state)}
      aria-describedby={describedBy}
      onChange={(event) => model.choose(info.key, event.currentTarget.value)}
    >
      {(choices.includes(state.text) ? choices : [state.text, ...choices]).map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}

/** Option value for a custom size; names of sizes contain no colon. */
const CUSTOM = ':own';

/** Control of `vit`: the name of a size, or custom fields. */
function NameOrFields({ info, state, model, id, describedBy }: ControlProps) {
  const choices = info.choices ?? [];
  const value = state.asFields === true ? CUSTOM : state.text;
  return (
    <select
      id={id}
      value={value}
      aria-invalid={hasError(state)}
      aria-describedby={describedBy}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        if (chosen === CUSTOM) model.expand(info.key);
        else model.choose(info.key, chosen);
      }}
    >
      {value !== CUSTOM && !choices.includes(value) && <option value={value}>{value}</option>}
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
      <option value={CUSTOM}>{t('custom size')}</option>
    </select>
  );
}

/** Control of `med_config`: a file, or custom fields. */
function PathOrFields(props: ControlProps) {
  const { info, state, model, id, describedBy } = props;
  const asFields = state.asFields === true;
  return (
    <div class="path-or-fields">
      <select
        id={asFields ? id : `${id}-form`}
        aria-label={t('Form of {0}', info.key)}
        aria-describedby={describedBy}
        value={asFields ? 'fields' : 'file'}
        onChange={(event) => {
          if (event.currentTarget.value === 'fields') model.expand(info.key);
          else model.reset(info.key);
        }}
      >
        <option value="file">{t('a file')}</option>
        <option value="fields">{t('custom size')}</option>
      </select>
      {!asFields && <PathControl {...props} />}
    </div>
  );
}
