/** Grafana's own transformations on hours around a change of the clocks, and in zones of half hours. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Range, aligned, transformed } from './ask.js';

import { type DataFrame, FieldType, toDataFrame } from '@grafana/data';
import type { Panel } from '@grafana/schema';

import { weeks } from '../weeks.js';

const HOUR = 3_600_000;

/** Three days from a midnight on, in this zone. */
function days(zone: string, first: string): Range {
  process.env.TZ = zone;
  const from = new Date(`${first}T00:00:00`);
  const to = new Date(from.getFullYear(), from.getMonth(), from.getDate() + 3).getTime() - 1;
  return { from: from.getTime(), to };
}

function panel(title: string): Panel {
  const found = weeks.panels?.find((one) => 'title' in one && one.title === title);
  assert.ok(found, title);
  return found as unknown as Panel;
}

/** The answer of a server that has `value` for every hour. */
function hours(range: Range, refId: string, valueName: string, value: number): DataFrame {
  const { from, to } = aligned(range, HOUR);
  const times = Array.from({ length: (to - from) / HOUR + 1 }, (_, index) => from + index * HOUR);
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: times },
      { name: 'category', type: FieldType.string, values: times.map(() => 'Work') },
      { name: valueName, type: FieldType.number, values: times.map(() => value) },
    ],
  });
}

for (const [zone, first, expected] of [
  ['Europe/Berlin', '2026-10-24', { 'Sat 24 Oct': 24, 'Sun 25 Oct': 25, 'Mon 26 Oct': 24 }],
  ['Europe/Berlin', '2026-03-28', { 'Sat 28 Mar': 24, 'Sun 29 Mar': 23, 'Mon 30 Mar': 24 }],
  ['America/St_Johns', '2026-10-31', { 'Sat 31 Oct': 24, 'Sun 1 Nov': 25, 'Mon 2 Nov': 24 }],
  ['Asia/Kathmandu', '2026-10-24', { 'Sat 24 Oct': 24, 'Sun 25 Oct': 24, 'Mon 26 Oct': 24 }],
] as const) {
  test(`days in ${zone} from ${first} on have the hours that they have there`, async () => {
    const range = days(zone, first);
    const [table] = await transformed(panel('Day by day'), [hours(range, 'A', 'Value', 1)]);
    const [day, work] = table?.fields ?? [];
    const found = Object.fromEntries(day?.values.map((name, index) => [name, work?.values[index]]) ?? []);
    assert.deepEqual(found, expected);
  });
}

test('an hour of a weekday is the mean over all of that hour and weekday', async () => {
  const range = days('Asia/Kolkata', '2026-10-24');
  const two = [hours(range, 'A', 'Value #A', 30), hours(range, 'B', 'Value #B', 30)];
  const [table] = await transformed(panel('Hours of the week'), two);
  const [weekday, ...ofDay] = table?.fields ?? [];
  assert.deepEqual(weekday?.values, ['1', '6', '7']);
  const names = ofDay.map((field) => field.name);
  assert.deepEqual(names, Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0')));
  assert.ok(ofDay.every((field) => field.values.every((value) => value === 30)));
});
