/** Panels that are text and boxes: numbers, rankings, lanes and tables. */

import { FieldType } from '@grafana/data';

import type { Range } from './ask.js';
import { type Shown, theme } from './fields.js';

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The value field of each frame and the last value in it. */
function lasts(frames: Shown[][]): { field: Shown; value: unknown }[] {
  return frames.flatMap((fields) =>
    fields
      .filter((field) => field.type === FieldType.number)
      .map((field) => ({ field, value: field.values.at(-1) })),
  );
}

/** A stat panel. */
export function numbers(frames: Shown[][], tall: boolean): string {
  const values = lasts(frames);
  return `<div class="numbers ${tall ? 'tall' : ''}">${values
    .map(({ field, value }) => {
      const label = values.length > 1 ? `<div class="label">${escaped(field.name)}</div>` : '';
      const color = field.display(value).color ?? theme.colors.text.primary;
      return `<div>${label}<div class="number" style="color:${color}">${escaped(field.text(value))}</div></div>`;
    })
    .join('')}</div>`;
}

/** A bar gauge. */
export function bars(frames: Shown[][], max?: number): string {
  const values = lasts(frames);
  const largest = max ?? Math.max(...values.map(({ value }) => Number(value)));
  return `<div class="bars">${values
    .map(
      ({ field, value }) => `<div class="name">${escaped(field.name)}</div>
<div class="track"><div class="bar" style="width:${((Number(value) / largest) * 100).toFixed(1)}%;background:${field.color}"></div></div>
<div class="value">${escaped(field.text(value))}</div>`,
    )
    .join('')}</div>`;
}

/** A state timeline of fields that are 1 where their lane is filled. */
export function lanes(frames: Shown[][], range: Range, step: number): string {
  const span = range.to - range.from;
  const percent = (time: number): string => ((time / span) * 100).toFixed(3);
  const rows = frames.map((fields) => {
    const [time, value] = fields;
    const filled = (time?.values as number[])
      .map((at) => `<i style="left:${percent(at - range.from)}%;width:${percent(step)}%;background:${value?.color}"></i>`)
      .join('');
    return `<div class="name">${escaped(value?.name ?? '')}</div><div class="lane">${filled}</div>`;
  });
  const hours = [];
  for (let hour = Math.ceil(range.from / 7_200_000) * 7_200_000; hour < range.to; hour += 7_200_000) {
    const at = new Date(hour).toTimeString().slice(0, 5);
    hours.push(`<span style="left:${percent(hour - range.from)}%">${at}</span>`);
  }
  return `<div class="lanes">${rows.join('')}<div></div><div class="hours">${hours.join('')}</div></div>`;
}

/** A table; cells of a heat map have their colour as background. */
export function cells(frames: Shown[][]): string {
  const fields = (frames[0] ?? []).filter((field) => field.type !== FieldType.time);
  const heat = fields.some((field) => isHeat(field));
  const head = fields.map((field) => `<th>${escaped(field.name)}</th>`).join('');
  const body = (fields[0]?.values ?? [])
    .map((_, row) => `<tr>${fields.map((field) => cell(field, field.values[row])).join('')}</tr>`)
    .join('');
  return `<table class="${heat ? 'heat' : ''}"><tr>${head}</tr>${body}</table>`;
}

function cell(field: Shown, value: unknown): string {
  const text = value == null ? '' : escaped(field.text(value));
  if (!isHeat(field)) {
    return `<td class="${field.type}">${text}</td>`;
  }
  const background = field.display(value).color;
  return `<td style="background:${background};color:${theme.colors.getContrastText(background ?? '#000')}">${text}</td>`;
}

function isHeat(field: Shown): boolean {
  return (field.custom.cellOptions as { type?: string } | undefined)?.type === 'color-background';
}
