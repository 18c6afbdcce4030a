/** Tool that checks a configuration. */
import { stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { allProblems } from '../config/diskProblems';
import { checkMedConfig } from '../config/medConfig';
import { configPaths } from '../config/paths';
import type { ConfigProblem, Suggestion } from '../config/problem';
import { parseConfigFile } from '../config/relocate';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { leftOut } from './bounded';
import { mayRead, requireFile, type ReadAccess } from './readAccess';

const MAX_PROBLEMS = 50;

/** Returns the problems of a configuration and of its `med_config` file. */
export async function checkConfiguration(
  { file: text }: { file: string },
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  if (!/^\.ya?ml$/i.test(extname(text)))
    throw new UserError(localize('{0} is not a YAML file.', text), {
      hint: localize('Specify a configuration such as {0}.', 'nlvr.yaml'),
    });
  const file = await requireFile(text, access);
  const parsed = parseConfigFile((await access.textOf(file)) ?? '', file);
  const folder = dirname(file);
  const outside: string[] = [];
  const looked = async (path: string): Promise<boolean> => {
    const may = await mayRead(access, path);
    if (!may) outside.push(path);
    return may;
  };
  const problems = await allProblems(parsed, folder, {
    lookUp: async (path) => ((await looked(path)) ? lookUp(path) : 'unknown'),
    textOf: async (path) => ((await looked(path)) ? access.textOf(path) : undefined),
  });
  const med = configPaths(parsed.config, folder).medConfig;
  const medText = med !== undefined && (await looked(med)) ? await access.textOf(med) : undefined;
  const found = [
    ...problems.map((each) => described(each, file)),
    ...(med !== undefined && medText !== undefined
      ? checkMedConfig(medText).problems.map((each) => described(each, med))
      : []),
  ];
  const notLookedAt = [...new Set(outside)];
  return {
    file,
    valid: !found.some(({ severity }) => severity === 'error'),
    problems: found.slice(0, MAX_PROBLEMS),
    ...(notLookedAt.length > 0 && { notLookedAt }),
    ...leftOut({ problems: found.length - MAX_PROBLEMS }),
  };
}

async function lookUp(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && (found.isDirectory() ? 'folder' : 'file');
}

function described(
  { severity, code, key, line, column, message, suggestions }: ConfigProblem,
  file: string,
): Pick<ConfigProblem, 'severity' | 'code' | 'key' | 'line' | 'column' | 'message'> & {
  file: string;
  fixes: readonly Suggestion[];
} {
  return { severity, code, key, line, column, message, file, fixes: suggestions };
}
