/** Fields of a frame with their panel's field config applied: names, colours and texts as Grafana's code has them. */

import './browser.js';

import {
  type DataFrame,
  type DisplayProcessor,
  type Field,
  type FieldConfig,
  FieldType,
  type GrafanaTheme2,
  createTheme,
  formattedValueToString,
  getDisplayProcessor,
  getFieldDisplayName,
  getFieldSeriesColor,
} from '@grafana/data';
import type { Panel } from '@grafana/schema';

export const theme: GrafanaTheme2 = createTheme({ colors: { mode: 'dark' } });

/** A field as somebody sees it. */
export interface Shown {
  name: string;
  type: FieldType;
  color: string;
  /** The colour of the row with this index where each has its own. */
  nth: (row: number) => string;
  values: unknown[];
  custom: Record<string, unknown>;
  display: DisplayProcessor;
  /** The value with its unit. */
  text: (value: unknown) => string;
}

/** What a frame's fields look like in `panel`, frame by frame. */
export function shown(panel: Panel, frames: DataFrame[]): Shown[][] {
  let series = 0;
  return frames.map((frame) =>
    frame.fields.map((field) => {
      const displayName = getFieldDisplayName(field, frame, frames);
      const index = field.type === FieldType.number ? series++ : 0;
      return show({ ...field, state: { ...field.state, displayName, seriesIndex: index } }, displayName, panel);
    }),
  );
}

function show(field: Field, name: string, panel: Panel): Shown {
  const { defaults, overrides } = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  const config: FieldConfig = { ...(defaults as FieldConfig), ...field.config };
  const custom: Record<string, unknown> = { ...defaults.custom };
  for (const { matcher, properties } of overrides) {
    if (matcher.id === 'byName' && matcher.options === name) {
      for (const { id, value } of properties) {
        if (id.startsWith('custom.')) {
          custom[id.slice('custom.'.length)] = value;
        } else {
          Object.assign(config, { [id]: value });
        }
      }
    }
  }
  const configured = { ...field, config };
  const display = getDisplayProcessor({ field: configured, theme, timeZone: 'browser' });
  return {
    name,
    type: field.type,
    color: getFieldSeriesColor(configured, theme).color,
    nth: (row) => getFieldSeriesColor({ ...configured, state: { ...field.state, seriesIndex: row } }, theme).color,
    values: field.values,
    custom,
    display,
    text: (value) => formattedValueToString(display(value)),
  };
}
