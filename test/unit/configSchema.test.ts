import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { CORE_SCHEMA, dump, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { definition } from '../../src/config/definition';
import type { FieldKey, KeyDefinition } from '../../src/config/definitions/keyKinds';
import { parseConfig } from '../../src/config/parse';
import type { ProblemCode } from '../../src/config/problem';
import { configSchema } from '../../src/config/schema';

// `markdownDescription` is an extension of VS Code; a union of types describes an optional path.
const validate = new Ajv({
  strict: true,
  strictTypes: false,
  keywords: ['markdownDescription'],
}).compile(configSchema());

/** Codes of problems that a schema cannot find. */
const beyondSchema: readonly ProblemCode[] = ['conflict', 'no-effect'];

function validatorSays(text: string): boolean {
  return !parseConfig(text).problems.some(({ code }) => !beyondSchema.includes(code));
}

function expectAgreement(text: string): boolean {
  const bySchema = validate(load(text, { schema: CORE_SCHEMA }));
  expect(validatorSays(text), `${text}\nschema: ${JSON.stringify(validate.errors)}`).toBe(bySchema);
  return bySchema;
}

/** A small random number generator (mulberry32), so that failures can be reproduced. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const odd: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  '',
  'yes',
  '16',
  '3e-5',
  'base',
  'https://example.org/a',
  'http://example.org/a',
  'HTTPS://example.org/a',
  'ftp://example.org/a',
  'a\nb',
  'nul\0',
  [],
  [1],
  {},
  { width: 64 },
  { train: null },
  { hidden_act: 'relu' },
  { hidden_act: 'gelu', architectures: ['BertModel'] },
  { nonsense: 1 },
];

/** Values in and around the range of a key. */
function candidates(key: KeyDefinition): unknown[] {
  const plain = (field: FieldKey): unknown[] => {
    switch (field.kind) {
      case 'integer':
      case 'number':
        return [field.min, field.max, field.min - 1, field.max + 1, field.default, field.min + 0.5];
      case 'boolean':
        return [true, false];
      case 'enum':
        return [...field.values, ...field.values.map((value) => value.toUpperCase())];
      case 'path':
        return ['a/b', '/a', '../a', '', null];
    }
  };
  if (key.kind !== 'mapping') return [...plain(key), ...odd];
  const fields = Object.entries<FieldKey>(key.fields).flatMap(([name, field]) =>
    [...plain(field), ...odd].map((value) => ({ [name]: value })),
  );
  return [...(key.alternative ? plain(key.alternative) : []), ...fields, ...odd];
}

describe('the schema and the validator', () => {
  it('agree on every key with values in and around its range', () => {
    let [good, bad] = [0, 0];
    for (const [name, key] of Object.entries<KeyDefinition>(definition))
      for (const value of candidates(key))
        if (expectAgreement(dump({ [name]: value }, { lineWidth: -1 }))) good++;
        else bad++;
    expect(good).toBeGreaterThan(200);
    expect(bad).toBeGreaterThan(200);
  });

  it('agree on random files', () => {
    const keys = Object.entries<KeyDefinition>(definition);
    let [good, bad] = [0, 0];
    for (let seed = 0; seed < 500; seed++) {
      const random = randomFrom(seed);
      const pick = <T>(values: readonly T[]): T => {
        const value = values[Math.floor(random() * values.length)];
        if (value === undefined) throw new Error('nothing to pick from');
        return value;
      };
      const file: Record<string, unknown> = {};
      for (let n = Math.floor(random() * 4); n >= 0; n--) {
        const [name, key] = pick(keys);
        const written = random() < 0.03 ? `${name}x` : name;
        file[written] =
          random() < 0.7 ? key.default : (candidates(key)[Math.floor(random() * 40)] ?? null);
      }
      if (expectAgreement(dump(file, { lineWidth: -1 }))) good++;
      else bad++;
    }
    expect(good).toBeGreaterThan(50);
    expect(bad).toBeGreaterThan(50);
  });

  it.each(['', '# nothing', '- 1', 'text', '3', 'true', 'init_lr: .inf', 'init_lr: .nan'])(
    'agree on "%s"',
    (text) => {
      if (text === '' || text.startsWith('#')) expect(validate(null)).toBe(validatorSays(text));
      else expectAgreement(text);
    },
  );

  it('accept the shipped configurations', () => {
    const text = readFileSync('configs/nlvr.yaml', 'utf8');
    expect(expectAgreement(text)).toBe(true);
    expect(parseConfig(text).problems).toEqual([]);
  });
});

describe('generated files', () => {
  it('are up to date with the definition (npm run generate)', () => {
    expect(() => execFileSync(process.execPath, ['scripts/generate.mjs', '--check'])).not.toThrow();
  });
});
