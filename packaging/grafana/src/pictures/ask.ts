/**
 * A panel's data, as Grafana would come by them: variables filled in, the step chosen, the range aligned to it, the
 * answer made into frames, and those put through the panel's transformations, which are Grafana's own code.
 */

import './browser.js';

import {
  type DataFrame,
  type DataTransformerConfig,
  FieldType,
  type Field,
  dateMath,
  rangeUtil,
  standardTransformers,
  standardTransformersRegistry,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { firstValueFrom } from 'rxjs';

/** What a dashboard's range and variables are. */
export interface View {
  prometheus: string;
  from: string;
  to: string;
  variables: Record<string, string>;
}

/** A stretch of time, in milliseconds since the epoch. */
export interface Range {
  from: number;
  to: number;
}

/** A query as the dashboards have it. */
interface Target {
  refId: string;
  expr: string;
  instant?: boolean;
  interval?: string;
  legendFormat?: string;
  format?: string;
}

interface Series {
  metric: Record<string, string>;
  values?: [time: number, value: string][];
  value?: [time: number, value: string];
}

/** What a panel has to show, and how long its slowest query took. */
export interface Answer {
  frames: DataFrame[];
  range: Range;
  /** Of the last query, in milliseconds. */
  step: number;
  milliseconds: number;
}

/** Grafana's screens are about this wide, and it asks for about as many points. */
const POINTS = 1000;

/** More steps are refused by Prometheus. */
const STEPS_AT_MOST = 11_000;

// Looked for by transformations; but a library that sees it while it is loaded takes this for a browser.
Object.defineProperty(globalThis, 'window', { value: globalThis });

standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(standardTransformers).map((one) => [one.id, one])).values()].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation: () => Promise.resolve(transformation),
    editor: () => null,
    imageDark: '',
    imageLight: '',
    isApplicable: undefined,
  })),
);

/** Asks a panel's queries. */
export async function ask(panel: Panel, view: View): Promise<Answer> {
  const range = rangeOf(panel, view);
  const answer: Answer = { frames: [], range, step: 0, milliseconds: 0 };
  const targets = (panel.targets ?? []) as unknown as Target[];
  for (const target of targets) {
    const begin = performance.now();
    const series = await query(target, panel, view, range);
    answer.milliseconds = Math.max(answer.milliseconds, performance.now() - begin);
    answer.step = series.step;
    answer.frames.push(...frames(target, series.data, targets.length > 1, series.step));
  }
  answer.frames = await transformed(panel, answer.frames);
  return answer;
}

/** Puts frames through a panel's transformations. */
export function transformed(panel: Panel, frames: DataFrame[]): Promise<DataFrame[]> {
  const transformations = (panel.transformations ?? []) as DataTransformerConfig[];
  return firstValueFrom(transformDataFrame(transformations, frames, { interpolate: (text) => text }));
}

/** Returns a range moved back to whole steps of the clock in the viewer's zone at its end, as Grafana does. */
export function aligned(range: Range, step: number): Range {
  const offset = -new Date(range.to).getTimezoneOffset() * 60_000;
  const floor = (time: number): number => Math.floor((time + offset) / step) * step - offset;
  return { from: floor(range.from), to: floor(range.to) };
}

function rangeOf(panel: Panel, view: View): Range {
  const parse = (text: string, roundUp: boolean): number => {
    const time = dateMath.toDateTime(text, { roundUp });
    if (!time) {
      throw new Error(`no time: ${text}`);
    }
    return time.valueOf();
  };
  return panel.timeFrom
    ? { from: parse(panel.timeFrom, false), to: parse('now', true) }
    : { from: parse(view.from, false), to: parse(view.to, true) };
}

async function query(
  target: Target,
  panel: Panel,
  view: View,
  range: Range,
): Promise<{ data: Series[]; step: number }> {
  const step = stepOf(target, panel, range);
  const expr = filledIn(target.expr, view, range, step);
  if (target.instant) {
    const parameters = { query: expr, time: String(range.to / 1000) };
    return { data: await get(view, 'query', parameters), step };
  }
  const { from, to } = aligned(range, step);
  const parameters = { query: expr, start: String(from / 1000), end: String(to / 1000), step: String(step / 1000) };
  return { data: await get(view, 'query_range', parameters), step };
}

function stepOf(target: Target, panel: Panel, range: Range): number {
  const shortest = rangeUtil.intervalToMs(target.interval ?? '15s');
  const points = panel.maxDataPoints ?? POINTS;
  const rounded = rangeUtil.roundInterval((range.to - range.from) / points);
  const safe = rangeUtil.roundInterval((range.to - range.from) / STEPS_AT_MOST);
  return Math.max(shortest, rounded, safe);
}

function filledIn(expr: string, view: View, range: Range, step: number): string {
  const seconds = Math.round((range.to - range.from) / 1000);
  const known: Record<string, string> = {
    ...view.variables,
    __interval_ms: String(step),
    __interval: `${step / 1000}s`,
    __range_s: String(seconds),
    __range: `${seconds}s`,
  };
  return expr.replace(/\$(\w+)/g, (_, name: string) => {
    const value = known[name];
    if (value === undefined) {
      throw new Error(`no variable: ${name}`);
    }
    return value;
  });
}

async function get(view: View, path: string, parameters: Record<string, string>): Promise<Series[]> {
  const response = await fetch(`${view.prometheus}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  });
  const body = (await response.json()) as { status: string; error?: string; data?: { result: Series[] } };
  if (body.status !== 'success' || !body.data) {
    throw new Error(`${body.error}: ${parameters.query}`);
  }
  return body.data.result;
}

function frames(target: Target, series: Series[], several: boolean, step: number): DataFrame[] {
  const points = (one: Series): [number, string][] => one.values ?? (one.value ? [one.value] : []);
  if (target.format === 'table') {
    return series.length ? [asTable(target, series, points, several)] : [];
  }
  return series.map((one) => {
    const time: Field = {
      name: 'Time',
      type: FieldType.time,
      config: { interval: step },
      values: points(one).map(([at]) => at * 1000),
    };
    const name = (target.legendFormat ?? '').replace(/{{(\w+)}}/g, (_, label: string) => one.metric[label] ?? '');
    const value: Field = {
      name: 'Value',
      type: FieldType.number,
      labels: one.metric,
      config: { displayNameFromDS: name || 'Value' },
      values: points(one).map(([, text]) => Number(text)),
    };
    return toDataFrame({ refId: target.refId, name, fields: [time, value] });
  });
}

/** One after the other, with a column for each label: as Grafana's plugin for Prometheus does. */
function asTable(
  target: Target,
  series: Series[],
  points: (one: Series) => [number, string][],
  several: boolean,
): DataFrame {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].sort();
  const column = <T>(value: (one: Series, point: [number, string]) => T): T[] =>
    series.flatMap((one) => points(one).map((point) => value(one, point)));
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: column((_, [at]) => at * 1000) },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        config: {},
        values: column((one) => one.metric[label] ?? ''),
      })),
      {
        name: several ? `Value #${target.refId}` : 'Value',
        type: FieldType.number,
        config: {},
        values: column((_, [, text]) => Number(text)),
      },
    ],
  });
}
