import { basename } from 'node:path';
import * as vscode from 'vscode';
import { saveFile } from '../saveFile';
import { requireTrust } from '../trust';

const HELPER = 'nlvr_run.py';

/**
 * "Save nlvr_run.py…": saves the Python file that writes run folders next to the user's training script, and offers to
 * open the example and the description of the format.
 */
export async function savePythonHelper(extension: vscode.Uri): Promise<void> {
  await requireTrust();
  const examples = vscode.Uri.joinPath(extension, 'examples', 'python');
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Next to Your Training Script'),
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder.uri, HELPER) }),
    filters: { Python: ['py'] },
  });
  if (!target) return;
  const content = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(examples, HELPER));
  await saveFile(target, [content], (uri, bytes) => vscode.workspace.fs.writeFile(uri, bytes));
  await vscode.window.showTextDocument(target);
  const example = vscode.l10n.t('Open Example');
  const guide = vscode.l10n.t('Open Guide');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      '{0} is saved. Import Run from it in your training script to see its runs here while they train.',
      basename(target.path),
    ),
    example,
    guide,
  );
  if (chosen === example) {
    const source = vscode.Uri.joinPath(examples, 'train_pytorch.py');
    // An untitled copy, because the extension's own file must not be edited.
    const text = Buffer.from(await vscode.workspace.fs.readFile(source)).toString('utf8');
    const made = await vscode.workspace.openTextDocument({ language: 'python', content: text });
    await vscode.window.showTextDocument(made);
  } else if (chosen === guide) {
    const page = vscode.Uri.joinPath(extension, 'docs', 'run-folder.md');
    await vscode.commands.executeCommand('markdown.showPreview', page);
  }
}
