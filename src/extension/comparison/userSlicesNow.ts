import * as vscode from 'vscode';
import { checkUserSlices, type UserSlice } from '../../analysis/userSlices';
import { setting } from '../settings';

/**
 * The slices of the settings. In Restricted Mode there are none: the patterns are the workspace's.
 * @throws {UserError} what is wrong with them
 */
export function userSlicesNow(): readonly UserSlice[] {
  return vscode.workspace.isTrusted ? checkUserSlices(setting('slices'), 'nlvr.slices') : [];
}
