/** Panels that are drawn by a chart library. */

import { FieldType, dateTimeFormat } from '@grafana/data';
import type { EChartsOption, SeriesOption } from 'echarts';

import type { Range } from './ask.js';
import { type Shown, theme } from './fields.js';

const TEXT = theme.colors.text.secondary;
const GRID = theme.colors.border.weak;

const frame: EChartsOption = {
  animation: false,
  textStyle: { fontFamily: 'Inter, "Liberation Sans", sans-serif', color: TEXT },
  grid: { left: 8, right: 8, top: 14, bottom: 34, containLabel: true },
  legend: { bottom: 0, left: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 4, textStyle: { color: TEXT, fontSize: 12 } },
};

const valueAxis = (field: Shown | undefined): EChartsOption['yAxis'] => ({
  type: 'value',
  min: 0,
  splitLine: { lineStyle: { color: GRID } },
  axisLabel: { color: TEXT, formatter: (value: number) => field?.text(value) ?? '' },
});

const numeric = (fields: Shown[]): Shown[] => fields.filter((field) => field.type === FieldType.number);

/** Lines, or stacked bars that begin at their time. */
export function overTime(frames: Shown[][], range: Range, step: number, width: number): EChartsOption {
  const times = [...new Set(frames.flatMap((fields) => fields[0]?.values as number[]))].sort();
  const series = frames.map((fields): SeriesOption => {
    const time = fields[0]?.values as number[];
    const value = fields[1] as Shown;
    const line = { name: value.name, itemStyle: { color: value.color } };
    if (value.custom.drawStyle === 'bars') {
      const known = new Map(time.map((at, index) => [at, Number(value.values[index])]));
      const data = times.map((at) => [at + step / 2, known.get(at) ?? 0]);
      const barWidth = (width * 0.85 * step) / (range.to - range.from);
      return { ...line, type: 'bar', stack: 'all', data, barWidth };
    }
    const points = time.map((at, index): [number, number] => [at, Number(value.values[index])]);
    const dashed = value.custom.lineStyle !== undefined;
    return {
      ...line,
      type: 'line',
      data: withGaps(points, step),
      symbolSize: 5,
      showSymbol: points.length < 30,
      lineStyle: { width: 2, type: dashed ? 'dashed' : 'solid', color: value.color },
      areaStyle: dashed ? undefined : { opacity: 0.1 },
    };
  });
  const days = range.to - range.from > 2 * 86_400_000;
  return {
    ...frame,
    xAxis: {
      type: 'time',
      min: range.from,
      max: range.to,
      splitLine: { show: true, lineStyle: { color: GRID } },
      axisLabel: {
        color: TEXT,
        hideOverlap: true,
        formatter: (at: number) => dateTimeFormat(at, { format: days ? 'MM/DD' : 'HH:mm', timeZone: 'browser' }),
      },
    },
    yAxis: valueAxis(frames[0]?.[1]),
    series,
  };
}

function withGaps(points: [number, number][], step: number): [number, number | null][] {
  return points.flatMap(([at, value], index): [number, number | null][] => {
    const next = points[index + 1];
    const gap = next && next[0] - at > step;
    return gap ? [[at, value], [at + step, null]] : [[at, value]];
  });
}

/** Bars of each row, on each other or side by side. */
export function byRow(frames: Shown[][], isStacked: boolean): EChartsOption {
  const fields = frames[0] ?? [];
  return {
    ...frame,
    xAxis: {
      type: 'category',
      data: fields[0]?.values as string[],
      axisTick: { show: false },
      axisLabel: { color: TEXT, hideOverlap: true },
    },
    yAxis: valueAxis(numeric(fields)[0]),
    series: numeric(fields).map((field) => ({
      name: field.name,
      type: 'bar',
      stack: isStacked ? 'all' : undefined,
      barCategoryGap: '25%',
      itemStyle: { color: field.color },
      data: field.values as number[],
    })),
  };
}

/** A donut with a table beside it. */
export function donut(frames: Shown[][], width: number, height: number): EChartsOption {
  const radius = Math.min(height / 2, width * 0.2) - 4;
  const fields = frames[0] ?? [];
  const names = fields.find(({ type }) => type === FieldType.string)?.values as string[];
  const field = numeric(fields)[0] as Shown;
  const slices = names.map((name, row) => ({ name, value: Number(field.values[row]), color: field.nth(row) }));
  const whole = slices.reduce((sum, { value }) => sum + value, 0);
  const label = Object.fromEntries(
    slices.map(({ name, value }) => [name, [field.text(value), `${((value / whole) * 100).toFixed(0)}%`]]),
  );
  return {
    ...frame,
    legend: {
      ...frame.legend,
      orient: 'vertical',
      left: '44%',
      top: 'middle',
      bottom: 'auto',
      formatter: (name: string) => `{name|${name}}{value|${label[name]?.[0] ?? ''}}{share|${label[name]?.[1] ?? ''}}`,
      textStyle: {
        color: TEXT,
        fontSize: 12,
        rich: { name: { width: width * 0.3 }, value: { width: 58, align: 'right' }, share: { width: 36, align: 'right' } },
      },
    },
    series: [
      {
        type: 'pie',
        radius: [radius * 0.6, radius],
        center: ['21%', '50%'],
        label: { show: false },
        data: slices.map(({ name, value, color }) => ({ name, value, itemStyle: { color } })),
      },
    ],
  };
}
