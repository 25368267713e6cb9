/** A dashboard as a page. */

import type { Dashboard, Panel } from '@grafana/schema';
import { type EChartsOption, init } from 'echarts';

import type { Answer } from './ask.js';
import { bars, cells, escaped, lanes, numbers } from './blocks.js';
import { byRow, donut, overTime } from './charts.js';
import { shown, theme } from './fields.js';

/** Of a row of Grafana's grid, and of the gap between two. */
const ROW = 30;
const GAP = 8;

/** The page's size in pixels. */
export const WIDTH = 1400;
export const height = (dashboard: Dashboard): number => {
  const rows = panels(dashboard).map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0));
  return Math.max(...rows) * (ROW + GAP) + HEADER + GAP;
};

const HEADER = 48;
const PADDING = 10;
const TITLE = 22;

/** The panels of a dashboard, without rows. */
export function panels(dashboard: Dashboard): Panel[] {
  return (dashboard.panels ?? []) as Panel[];
}

/** Renders a dashboard with the answers to its panels, in their order. */
export function page(dashboard: Dashboard, answers: Answer[]): string {
  const boxes = panels(dashboard).map((panel, index) => {
    const { x, y, w, h } = panel.gridPos ?? { x: 0, y: 0, w: 0, h: 0 };
    const column = (WIDTH - GAP) / 24;
    const box = { left: x * column, top: y * (ROW + GAP), width: w * column - GAP, height: h * (ROW + GAP) - GAP };
    const width = box.width - 2 * PADDING;
    const height = box.height - 2 * PADDING - TITLE;
    const content = draw(panel, answers[index] as Answer, width, height);
    const inner = typeof content === 'string' ? content : chart(content, width, height);
    const place = Object.entries(box).map(([side, pixels]) => `${side}:${pixels.toFixed(1)}px`);
    return `<section style="${place.join(';')}"><h2>${escaped(panel.title ?? '')}</h2><div class="content">${inner}</div></section>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>
<header>${escaped(dashboard.title ?? '')}<span>${escaped(rangeName(dashboard))}</span></header>
<main>${boxes.join('\n')}</main>`;
}

function rangeName(dashboard: Dashboard): string {
  const { from, to } = dashboard.time ?? { from: '', to: '' };
  const known = dashboard.timepicker?.quick_ranges?.find((range) => range.from === from && range.to === to);
  return known?.display ?? `${from} to ${to}`;
}

function chart(option: EChartsOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  return chart.renderToSVGString();
}

function draw(panel: Panel, answer: Answer, width: number, height: number): string | EChartsOption {
  const frames = shown(panel, answer.frames).filter((fields) => fields.some((field) => field.values.length > 0));
  if (frames.length === 0) {
    return `<div class="empty">${escaped(panel.fieldConfig?.defaults.noValue ?? 'No data')}</div>`;
  }
  switch (panel.type) {
    case 'stat':
      return numbers(frames, height > width / 2);
    case 'bargauge':
      return bars(frames, panel.fieldConfig?.defaults.max ?? undefined);
    case 'state-timeline':
      return lanes(frames, answer.range, answer.step);
    case 'table':
      return cells(frames);
    case 'timeseries':
      return overTime(frames, answer.range, answer.step, width);
    case 'barchart':
      return byRow(frames, panel.options?.stacking === 'normal');
    case 'piechart':
      return donut(frames, width, height);
    default:
      throw new Error(`no picture of a ${panel.type}`);
  }
}

const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; background: ${theme.colors.background.canvas}; color: ${theme.colors.text.primary};
  font: 14px Inter, "Liberation Sans", sans-serif; }
header { height: ${HEADER}px; padding: 14px 16px; font-size: 17px; font-weight: 500; }
header span { float: right; font-size: 13px; color: ${theme.colors.text.secondary}; }
main { position: relative; margin-left: ${GAP}px; }
section { position: absolute; background: ${theme.colors.background.primary}; border: 1px solid ${theme.colors.border.weak};
  border-radius: 3px; padding: ${PADDING - 1}px; display: flex; flex-direction: column; overflow: hidden; }
h2 { margin: 0; height: ${TITLE}px; font-size: 14px; font-weight: 500; }
.content { flex: 1; min-height: 0; position: relative; }
.empty { height: 100%; display: grid; place-items: center; color: ${theme.colors.text.secondary}; }
.numbers { height: 100%; display: flex; align-items: center; justify-content: space-around; text-align: center; }
.numbers.tall { flex-direction: column; }
.numbers .label { color: ${theme.colors.text.secondary}; font-size: 13px; }
.numbers .number { font-size: 34px; font-weight: 500; }
.bars { display: grid; grid-template-columns: auto 1fr auto; gap: 6px 10px; height: 100%;
  grid-auto-rows: minmax(12px, 34px); align-items: stretch; }
.bars .name, .bars .value { align-self: center; padding: 2px 0; }
.bars .name { text-align: right; max-width: 190px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .track { background: ${theme.colors.background.secondary}; min-height: 12px; }
.bars .bar { height: 100%; }
.bars .value { font-variant-numeric: tabular-nums; }
.lanes { display: grid; grid-template-columns: auto 1fr; grid-auto-rows: 1fr; gap: 5px 10px; height: 100%; align-items: center; }
.lanes .name { text-align: right; font-size: 12px; color: ${theme.colors.text.secondary}; white-space: nowrap; }
.lane { position: relative; height: 100%; background: ${theme.colors.background.secondary}; overflow: hidden; }
.lane i { position: absolute; top: 0; bottom: 0; }
.hours { position: relative; height: 100%; font-size: 12px; color: ${theme.colors.text.secondary}; }
.hours span { position: absolute; transform: translateX(-50%); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: ${theme.colors.text.link}; }
th, td { padding: 6px 8px; border-bottom: 1px solid ${theme.colors.border.weak}; }
td.number { text-align: left; }
.heat th, .heat td { padding: 7px 2px; text-align: center; border: 1px solid ${theme.colors.background.primary}; font-size: 12px; }
.heat th:first-child, .heat td:first-child { text-align: left; }
`;
