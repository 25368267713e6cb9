/**
 * Days, weekdays and hours of the viewer's zone, made from hours by Grafana's transformations.
 *
 * PromQL knows UTC only, and a step of a day is 24 hours long on every day. Grafana aligns the steps of a range query to
 * the zone's offset from UTC, so a step of an hour is an hour of the clock in zones with half hours too, and stays one
 * when the clocks change. Which day an hour is of, the browser then knows.
 */

import type { DataTransformerConfig } from '@grafana/grafana-foundation-sdk/dashboard';

import { columns, sortBy } from './tables.js';

/** The most steps that Prometheus answers: more than a year of hours. Grafana would take longer steps for fewer points. */
export const HOURS_AT_MOST = 11_000;

/** What `format` (of Moment.js) makes of the times. */
function formatTime(field: string, outputFormat: string): DataTransformerConfig {
  return { id: 'formatTime', options: { timeField: field, outputFormat, timezone: 'browser', useTimezone: true } };
}

type Aggregation = 'sum' | 'max' | 'mean';

function groupBy(keys: string[], value: string, aggregation: Aggregation): DataTransformerConfig {
  const groups = keys.map((key) => [key, { aggregations: [], operation: 'groupby' }] as const);
  const fields = { ...Object.fromEntries(groups), [value]: { aggregations: [aggregation], operation: 'aggregate' } };
  return { id: 'groupBy', options: { fields } };
}

function matrix(row: string, column: string, value: string): DataTransformerConfig {
  return {
    id: 'groupingToMatrix',
    options: { rowField: row, columnField: column, valueField: value, emptyValue: 'zero' },
  };
}

/** Rows of hours into a row for each day, with a column for each value of `label`. */
export function daysBy(label: string, aggregation: Aggregation = 'sum'): DataTransformerConfig[] {
  return [
    sortBy('Time'),
    formatTime('Time', 'ddd D MMM'),
    groupBy(['Time', label], 'Value', aggregation),
    matrix('Time', label, `Value (${aggregation})`),
    columns({ [`Time\\${label}`]: 'Day' }),
  ];
}

/**
 * Rows of hours, asked for twice as A and B, into a row for each weekday with a column for each hour of the day: the mean
 * over all of them. Weekdays are numbered from Monday, 1.
 */
export function weekdaysByHour(): DataTransformerConfig[] {
  const only = (refId: string, config: DataTransformerConfig): DataTransformerConfig => ({
    ...config,
    filter: { id: 'byRefId', options: refId },
  });
  return [
    sortBy('Time'),
    only('A', formatTime('Time', 'E')),
    only('A', columns({ Time: 'Weekday', 'Value #A': 'Value' })),
    only('B', formatTime('Time', 'HH')),
    only('B', columns({ Time: 'Hour' }, ['Value #B'])),
    { id: 'concatenate', options: { frameNameMode: 'drop' } },
    // Rows and columns of a matrix come in the order in which they are first seen.
    sortBy('Weekday'),
    sortBy('Hour'),
    groupBy(['Weekday', 'Hour'], 'Value', 'mean'),
    matrix('Weekday', 'Hour', 'Value (mean)'),
    columns({ 'Weekday\\Hour': 'Weekday' }),
  ];
}
