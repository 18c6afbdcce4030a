import * as vscode from 'vscode';
import { checkUserSlices, type UserSlice } from '../../analysis/userSlices';
import { setting } from '../settings';

/**
 * Reads the slices of the settings. None in Restricted Mode, because the patterns come from the workspace.
 * @throws {UserError} when they are invalid
 */
export function readUserSlices(): readonly UserSlice[] {
  return vscode.workspace.isTrusted ? checkUserSlices(setting('slices'), 'nlvr.slices') : [];
}
