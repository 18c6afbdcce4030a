import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DataError } from '../dataError';
import { describeJson, locationOf, type AnnotationEntry } from './entries';
import { localize, type MessageText } from '../../util/localize';

/** Creates the error for one key of an annotation. */
export function fieldError(entry: AnnotationEntry, key: string, reason: MessageText): DataError {
  return new DataError(reason, { ...locationOf(entry), key });
}

/** Reads a key that must be a string. */
export function stringField(entry: AnnotationEntry, key: string): string {
  const value = entry.value[key];
  if (typeof value !== 'string')
    throw fieldError(entry, key, localize('expected a string, found {0}', describeJson(value)));
  return value;
}

/** Reads an optional key; null if it is missing or neither a string nor a number. */
export function optionalText(entry: AnnotationEntry, key: string): string | null {
  const value = entry.value[key];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Reads `label`: a string in any case, or a JSON boolean; null if the key is missing or null.
 * @throws {DataError} for other values, which BLIP would silently read as False
 */
export function labelField(entry: AnnotationEntry): boolean | null {
  const value = entry.value.label;
  if (value === undefined || value === null) return null;
  const text = typeof value === 'boolean' || typeof value === 'string' ? String(value) : '';
  switch (text.toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      throw fieldError(
        entry,
        'label',
        localize(
          'expected "True" or "False", found {0}; omit the key for an unlabeled example',
          describeJson(value),
        ),
      );
  }
}

/**
 * Resolves the path of an image. A path in an annotation must not leave `imageRoot`. Backslashes, as in Windows paths,
 * are read as slashes if the image then exists.
 * @param imageRoot absolute
 * @param key the key to name in messages
 */
export function imagePath(
  entry: AnnotationEntry,
  imageRoot: string,
  path: string,
  key: string,
): string {
  if (path === '' || path.includes('\0'))
    throw fieldError(
      entry,
      key,
      localize('expected the path of an image, found {0}', describeJson(path)),
    );
  if (sep === '/' && path.includes('\\') && !existsSync(join(imageRoot, path))) {
    const forward = path.replaceAll('\\', '/');
    if (!/^[A-Za-z]:/.test(path) && existsSync(join(imageRoot, forward)))
      return imagePath(entry, imageRoot, forward, key);
  }
  if (isAbsolute(path) || /^[A-Za-z]:[\\/]/.test(path))
    throw fieldError(
      entry,
      key,
      localize(
        '{0} is an absolute path; image paths are relative to image_root',
        describeJson(path),
      ),
    );
  // Most paths have no empty, `.` or `..` part and do not need to be resolved.
  if (sep === '/' && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path))
    return imageRoot.endsWith(sep) ? imageRoot + path : imageRoot + sep + path;
  const whole = resolve(imageRoot, path);
  const inside = relative(imageRoot, whole);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw fieldError(
      entry,
      key,
      localize('{0} is outside image_root ({1})', describeJson(path), imageRoot),
    );
  return whole;
}
