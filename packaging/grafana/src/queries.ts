/**
 * PromQL for samples that hold seconds of their minute and stand in the middle of it.
 *
 * Absent means zero, so a sum over a window is the whole truth about it, and `rate` and `increase` are not. Windows that
 * follow a range query's steps look ahead (`offset -`): Grafana draws a point where its stretch of time begins.
 */

const PERSON = 'user=~"$user",host=~"$host"';

/** Time in front of the keyboard, as ActivityWatch's Activity view counts it; also where no AFK watcher runs. */
export const ACTIVE = `aw_window_seconds{${PERSON},category=~"$category",active!="false"}`;

/** Time in tabs of a browser that is in front. */
export const WEB = `aw_web_seconds{${PERSON},active!="false"}`;

/** Returns the selector of a metric that knows a user and a host, and what else `matchers` ask. */
export function of(metric: string, matchers = ''): string {
  return `${metric}{${PERSON}${matchers && `,${matchers}`}}`;
}

/** Seconds in the dashboard's range; an instant query. */
export function total(selector: string, by = ''): string {
  return sum(by, `sum_over_time(${selector}[$__range])`);
}

/** Seconds in each step of a range query. */
export function perStep(selector: string, by = ''): string {
  return sum(by, `sum_over_time(${selector}[$__interval] offset -$__interval)`);
}

/** 1 wherever `query` has a value; `sgn` would have VictoriaMetrics say 0 where it has none. */
export function where(query: string): string {
  return `clamp(${query}, 1, 1)`;
}

/** 1 in each step that was away from the keyboard for the most part, at all computers that were on. */
export function away(): string {
  const most = '> $__interval_ms / 2000';
  return where(`${perStep(of('aw_afk_seconds', 'status="afk"'))} ${most} unless ${perStep(ACTIVE)} ${most}`);
}

/** `query`, and zero of `label` = `value` at every step, so that a step without anything is there too. */
export function orZero(query: string, label: string, value: string): string {
  return `${query} or label_replace(vector(0), "${label}", "${value}", "", "")`;
}

/** The `count` largest, largest first; an instant query. */
export function largest(count: number, query: string): string {
  return `sort_desc(topk(${count}, ${query}))`;
}

/**
 * Seconds in `range`, a minute of one user at two computers counted once.
 *
 * The subquery looks at whole minutes, and half a minute ahead so that rounding at the edges of the range finds no
 * sample. It takes a step for each minute of the range, so it is for days and weeks, not for years.
 *
 * `earlier` moves all of it back: a day is `1d`.
 */
export function withoutOverlap(range: string, earlier?: '1d'): string {
  const offset = earlier === '1d' ? '23h59m30s' : '-30s';
  return `sum(sum_over_time(clamp_max(${minute()}, 60)[${range}:1m] offset ${offset}))`;
}

/** When the first minute of the range with activity began, and the last one ended, in milliseconds since the epoch. */
export const started = `min(min_over_time(${activeMinuteEnd()}[$__range:1m] offset -30s) - 60) * 1000`;
export const stopped = `max(max_over_time(${activeMinuteEnd()}[$__range:1m] offset -30s)) * 1000`;

function minute(): string {
  return `sum by (user) (sum_over_time(${ACTIVE}[1m]))`;
}

function activeMinuteEnd(): string {
  return `(0 * (${minute()} > 0) + time())`;
}

function sum(by: string, query: string): string {
  return by ? `sum by (${by}) (${query})` : `sum(${query})`;
}
