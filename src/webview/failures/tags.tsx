import { useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { t } from '../shared/translate';
import { MAX_TAG_LENGTH } from './messages';

interface TagsProps {
  tags: readonly string[];
  /** Tags of other examples, to choose from. */
  known: readonly string[];
  onChange: (tags: string[]) => void;
}

/** Tags of an example: free text by which the user groups examples. */
export function Tags({ tags, known, onChange }: TagsProps) {
  const [text, setText] = useState('');
  const add = (): void => {
    const tag = text.trim();
    setText('');
    if (tag === '' || tags.includes(tag)) return;
    onChange([...tags, tag].sort());
    announce(t('Tagged with {0}.', tag));
  };
  return (
    <div class="tags">
      <span class="section-title">{t('Tags')}</span>
      <div class="tag-list">
        {tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
            <button
              class="quiet icon-only"
              aria-label={t('Remove Tag {0}', tag)}
              title={t('Remove Tag {0}', tag)}
              onClick={() => onChange(tags.filter((each) => each !== tag))}
            >
              <Icon name="cross" />
            </button>
          </span>
        ))}
        <input
          list="known-tags"
          value={text}
          maxLength={MAX_TAG_LENGTH}
          aria-label={t('Add a tag')}
          placeholder={t('Add a tag')}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            add();
          }}
          onBlur={add}
        />
        <datalist id="known-tags">
          {known
            .filter((tag) => !tags.includes(tag))
            .map((tag) => (
              <option key={tag} value={tag} />
            ))}
        </datalist>
      </div>
    </div>
  );
}
