import type * as vscode from 'vscode';
import { blipMedConfig, checkMedConfig } from '../../config/medConfig';
import type { ParsedConfig } from '../../config/parse';
import { configPaths } from '../../config/paths';
import type { ConfigProblem } from '../../config/problem';
import { checkLength } from '../../config/textEncoderChecks';
import { messageFrom } from '../../util/phrase';
import { lookUp } from './lookup';
import { currentText } from './openText';
import { folderOf, parsedConfig } from './parsedDocuments';
import { missingPaths, placeOf } from './paths';

/** Every problem of a configuration, those of the disk too, in the order of the text. */
export async function allProblems(document: vscode.TextDocument): Promise<ConfigProblem[]> {
  const parsed = parsedConfig(document);
  const folder = folderOf(document);
  if (parsed.problems.some(({ code }) => code === 'syntax')) return [...parsed.problems];
  const ofDisk = [
    ...(await missingPaths(parsed, folder, lookUp)),
    ...(await tooLong(parsed, folder)),
  ];
  return [...parsed.problems, ...ofDisk].sort((a, b) => a.range[0] - b.range[0]);
}

/**
 * Whether the text encoder of a file has room for `max_words`. Everything else that is wrong with the file is shown
 * in the file itself (`medConfigDiagnostics.ts`).
 */
async function tooLong(parsed: ParsedConfig, folder: string): Promise<ConfigProblem[]> {
  const { config, problems, written } = parsed;
  if (typeof config.med_config !== 'string') return [];
  if (problems.some(({ key }) => key === 'max_words' || key === 'med_config')) return [];
  const file = configPaths(config, folder).medConfig;
  const text = file === undefined ? undefined : await currentText(file);
  if (file !== undefined && text === undefined) return [];
  const med = text === undefined ? blipMedConfig : checkMedConfig(text).config;
  return checkLength(med, config.max_words).flatMap(
    ({ keys, message, severity, code, suggestions }) => {
      const key = keys.find((each) => written.has(each)) ?? '';
      const range = written.get(key)?.at(-1)?.value;
      if (!range) return [];
      const place = placeOf(parsed, range);
      return [{ severity, code, key, ...messageFrom(message), suggestions, ...place }];
    },
  );
}
