/** Checks between the sizes of a text encoder, from a file or from a mapping. */
import { localize } from '../util/localize';
import { conflict, nearestDivisor, set, type CrossIssue } from './crossIssue';
import type { MedConfig } from './definitions/model';

/** Ids of BLIP's tokenizer: the 30522 of bert-base-uncased, [DEC] and [ENC], with which every sentence begins. */
export const TOKENIZER_VOCABULARY = 30524;

/** [ENC] before a sentence and [SEP] after it. */
const SPECIAL_TOKENS = 2;

/**
 * Checks the sizes against each other, the tokenizer and the length of sentences. TensorFlow would fail only after minutes.
 * @param maxWords `max_words`
 */
export function checkTextEncoder(med: MedConfig, maxWords: number): CrossIssue[] {
  return [...checkSizes(med), ...checkLength(med, maxWords)];
}

/** Checks the sizes against each other and the tokenizer. */
export function checkSizes(med: MedConfig): CrossIssue[] {
  const issues: CrossIssue[] = [];
  if (med.hidden_size % med.num_attention_heads !== 0)
    issues.push(
      conflict(
        ['med_config.num_attention_heads', 'med_config.hidden_size', 'med_config'],
        localize(
          '`med_config.num_attention_heads` is {0}: it must divide `med_config.hidden_size`, {1}.',
          med.num_attention_heads,
          med.hidden_size,
        ),
        set(
          'med_config.num_attention_heads',
          nearestDivisor(med.hidden_size, med.num_attention_heads),
        ),
      ),
    );
  if (med.vocab_size < TOKENIZER_VOCABULARY)
    issues.push(
      conflict(
        ['med_config.vocab_size', 'med_config'],
        localize(
          "`med_config.vocab_size` is {0}: BLIP's tokenizer needs {1} rows, as [DEC] and [ENC] follow the {2} word pieces of BERT.",
          med.vocab_size,
          TOKENIZER_VOCABULARY,
          TOKENIZER_VOCABULARY - 2,
        ),
        set('med_config.vocab_size', TOKENIZER_VOCABULARY),
      ),
    );
  return issues;
}

/** Checks the position embedding against the length of sentences, `max_words`. */
export function checkLength(
  { max_position_embeddings: positions }: MedConfig,
  maxWords: number,
): CrossIssue[] {
  // Every word is at least one token.
  if (maxWords + SPECIAL_TOKENS <= positions) return [];
  return [
    conflict(
      ['max_words', 'med_config.max_position_embeddings', 'med_config'],
      localize(
        '`max_words` is {0}: such a sentence has at least {1} tokens, but `med_config.max_position_embeddings` allows {2}.',
        maxWords,
        maxWords + SPECIAL_TOKENS,
        positions,
      ),
      ...(positions > SPECIAL_TOKENS
        ? [set('max_words', Math.floor((positions - SPECIAL_TOKENS) / 2))]
        : []),
    ),
  ];
}
