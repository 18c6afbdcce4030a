import { describe, expect, it } from 'vitest';
import { panelTitle } from '../../src/extension/dashboard/panelTitle';
import { shortPaths } from '../../src/extension/dashboard/shortPaths';

describe('paths in messages about a run', () => {
  const short = (text: string, roots = ['/home/me/shapes'], run = '/runs/calm-fox-1') =>
    shortPaths(text, roots, run);

  it.each([
    ['/home/me/shapes/data/val.json is gone.', 'data/val.json is gone.'],
    ['212 keys of “/home/me/shapes/a b.pth”', '212 keys of “a b.pth”'],
    ['from=/home/me/shapes/x to:/home/me/shapes/y', 'from=x to:y'],
    ['See /runs/calm-fox-1/trainer.log.', 'See trainer.log.'],
  ])('%s', (text, shown) => expect(short(text)).toBe(shown));

  it.each([
    'The folder /home/me/shapes itself.',
    '/home/me/shapes-2/val.json is another folder.',
    '/mnt/home/me/shapes/val.json is no path of it.',
    'https://example.org/home/me/shapes/val.json',
    '/etc/hosts',
    'No path at all.',
  ])('%s — stays', (text) => expect(short(text)).toBe(text));

  it('contain the innermost workspace folder if there are several', () => {
    const roots = ['/home/me', '/home/me/shapes'];
    expect(short('/home/me/shapes/a /home/me/b', roots)).toBe('shapes/a me/b');
  });

  it('stay absolute in a workspace that is the root of the disk', () => {
    expect(short('/etc/hosts', ['/'])).toBe('/etc/hosts');
  });
});

describe('the title of a dashboard', () => {
  const t = (text: string, ...values: (string | number | boolean)[]) =>
    text.replace(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)]));

  it('contains the compared runs', () => {
    expect(panelTitle(['amber-fox'], t)).toBe('Training: amber-fox');
    expect(panelTitle(['amber-fox', 'noble-bee'], t)).toBe('amber-fox vs noble-bee');
    expect(panelTitle(['a', 'b', 'c', 'd'], t)).toBe('a vs b and 2 more');
  });
});
