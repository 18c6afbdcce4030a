/**
 * Calls language model tools through VS Code, as a chat participant does. `calls.json` of the workspace has their names and
 * inputs; the answers and the available tools are written to `answers.json`.
 */
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

async function call({ name, input }) {
  try {
    const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
    return { name, text: content.map((part) => part.value).join('') };
  } catch (error) {
    return { name, error: error.message };
  }
}

async function callAll() {
  const root = vscode.workspace.workspaceFolders[0].uri.fsPath;
  const answers = [];
  for (const each of JSON.parse(readFileSync(join(root, 'calls.json'), 'utf8')))
    answers.push(await call(each));
  const tools = vscode.lm.tools.filter(({ name }) => name.startsWith('nlvr_'));
  const file = join(root, 'answers.json');
  writeFileSync(`${file}.new`, JSON.stringify({ tools, answers }));
  renameSync(`${file}.new`, file);
}

exports.activate = ({ subscriptions }) => {
  subscriptions.push(vscode.commands.registerCommand('toolCaller.call', callAll));
};
