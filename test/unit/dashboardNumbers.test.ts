import { describe, expect, it } from 'vitest';
import {
  bytes,
  count,
  duration,
  percent,
  progressPercent,
  shortCount,
  shortExponent,
  significant,
  wholePercent,
} from '../../src/webview/shared/numbers';
import { exactDuration, formatDuration } from '../../src/util/duration';

describe('number formats', () => {
  it('write accuracy as a percentage with one decimal', () => {
    expect(percent(0.784)).toBe('78.4%');
    expect(percent(1)).toBe('100.0%');
    expect(percent(0)).toBe('0.0%');
    expect(percent(null)).toBe('–');
    expect(percent(Number.NaN)).toBe('–');
  });

  it('never round progress up to 100%', () => {
    expect(progressPercent(0.999)).toBe('99%');
    expect(progressPercent(1)).toBe('100%');
    expect(progressPercent(0.29)).toBe('29%');
    expect(wholePercent(0.016)).toBe('2%');
  });

  it('write a loss with three significant digits', () => {
    expect(significant(0.69314)).toBe('0.693');
    expect(significant(0.051234)).toBe('0.0512');
    expect(significant(12.345)).toBe('12.3');
    expect(significant(9.9996)).toBe('10.0');
    expect(significant(1234.5)).toBe('1235');
    expect(significant(0.00001234)).toBe('1.23e-5');
    expect(significant(0)).toBe('0');
    expect(significant(Number.POSITIVE_INFINITY)).toBe('–');
  });

  it('write learning rates in the usual notation', () => {
    expect(shortExponent(3e-5)).toBe('3e-5');
    expect(shortExponent(2.61e-5)).toBe('2.6e-5');
    expect(shortExponent(1e-6)).toBe('1e-6');
    expect(shortExponent(0)).toBe('0');
  });

  it('write durations in at most two units', () => {
    expect(duration(8.4)).toBe('8s');
    expect(duration(91)).toBe('1m\u00a031s');
    expect(duration(719)).toBe('11m\u00a059s');
    expect(formatDuration(119.6)).toBe('2m 00s');
    expect(formatDuration(-3)).toBe('0s');
    expect(duration(3840)).toBe('1h\u00a004m');
    expect(duration(3599)).toBe('59m\u00a059s');
    expect(duration(3599.5)).toBe('1h\u00a000m');
    expect(duration(183_600)).toBe('2d\u00a003h');
    expect(duration(-1)).toBe('–');
    expect(duration(undefined)).toBe('–');
  });

  it('write every unit of a position on a time axis', () => {
    expect([0, 1.5, 60, 90, 3600, 3870, 90_000].map(exactDuration)).toEqual([
      '0s',
      '1.5s',
      '1m',
      '1m 30s',
      '1h',
      '1h 04m 30s',
      '1d 01h',
    ]);
  });

  it('separate thousands, and shorten numbers on axes', () => {
    expect(count(3120)).toBe('3,120');
    expect(count(1234567)).toBe('1,234,567');
    expect(shortCount(950)).toBe('950');
    expect(shortCount(12_000)).toBe('12k');
    expect(shortCount(1_500_000)).toBe('1.5M');
  });

  it('write bytes with their unit', () => {
    expect(bytes(999)).toBe('999\u00a0B');
    expect(bytes(812e6)).toBe('812\u00a0MB');
    expect(bytes(3.24e9)).toBe('3.2\u00a0GB');
  });
});
