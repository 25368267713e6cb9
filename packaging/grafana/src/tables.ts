/** What Grafana's transformations make of tables. */

import type { DataTransformerConfig } from '@grafana/grafana-foundation-sdk/dashboard';

/** Rows in the order of a column. */
export function sortBy(field: string, desc = false): DataTransformerConfig {
  return { id: 'sortBy', options: { fields: {}, sort: [{ field, desc }] } };
}

/** Renames columns and leaves some out. */
export function columns(rename: Record<string, string>, exclude: string[] = []): DataTransformerConfig {
  const excludeByName = Object.fromEntries(exclude.map((name) => [name, true]));
  return { id: 'organize', options: { excludeByName, includeByName: {}, indexByName: {}, renameByName: rename } };
}

/** Rows in the order of the column `key`, without their time. */
export function sorted(key: string): DataTransformerConfig[] {
  return [sortBy(key), columns({}, ['Time'])];
}

/** Tables of one row for each value of `key`, into one table with a named column for each of them. */
export function joined(key: string, names: Record<string, string>, order: string): DataTransformerConfig[] {
  const times = ['Time', 'Time 1', 'Time 2', 'Time 3', 'Time 4', 'Time 5'];
  return [
    { id: 'joinByField', options: { byField: key, mode: 'outer' } },
    columns(names, times),
    sortBy(order, true),
  ];
}
