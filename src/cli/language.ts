/** Loads the extension's translations, for reports that the command line writes. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assetPath } from '../util/assets';
import { setTranslator } from '../util/language';
import { UserError } from '../util/userError';

const NAME = /^bundle\.l10n\.(.+)\.json$/;

/**
 * Sets the language of localized messages.
 * @param language BCP 47 tag in any case: `en`, or a language with a bundle in `l10n`
 * @throws {UserError} that lists the available languages
 */
export function setLanguage(language: string): void {
  const wanted = language.toLowerCase();
  if (wanted === 'en' || wanted.startsWith('en-')) return;
  const folder = join(dirname(assetPath('cli.js')), '..', 'l10n');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const known = names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
  if (!known.includes(wanted))
    throw new UserError(`The language ${language} is not available.`, {
      hint: `Choose one of: ${['en', ...known].join(', ')}.`,
    });
  const file = join(folder, `bundle.l10n.${wanted}.json`);
  const bundle = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<string, string>>;
  setTranslator((text, ...values) =>
    (bundle[text] ?? text).replace(
      /\{(\d+)\}/g,
      (place, at: string) => values[Number(at)] ?? place,
    ),
  );
}
