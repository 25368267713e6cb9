/** Focus: blocks without a break, changes of app, and what the time went to. */

import { StackingMode } from '@grafana/grafana-foundation-sdk/common';

import { dashboard } from './dashboard.js';
import { HOURS_AT_MOST, daysBy } from './localTime.js';
import { CLOCK, HOURS, lines, number, ranking, shares, stackedHours, stackedRows } from './panels.js';
import { ACTIVE, largest, of, perStep, total } from './queries.js';
import { columns } from './tables.js';
import { hours, instant, steps, table } from './targets.js';

const STREAK = of('aw_focus_streak_seconds');
const SWITCHES = of('aw_switches');

/** The longest a streak had become in each step. */
const longest = `max by (host) (max_over_time(${STREAK}[$__interval] offset -$__interval))`;

export const focus = dashboard({
  uid: 'aw-sync-agent-focus',
  title: 'ActivityWatch: focus',
  description: 'How long you stay at it, how often you change apps, and how your time spreads.',
  from: 'now/d',
  panels: [
    number({
      title: 'Longest block',
      description: 'The longest time at one computer without a break of five minutes or more.',
      unit: CLOCK,
      width: 6,
      height: 4,
      targets: [instant('A', `max(max_over_time(${STREAK}[$__range]))`)],
    }),
    number({
      title: 'Changes of app',
      description: 'How often another app came to the front while you were active.',
      unit: 'short',
      width: 6,
      height: 4,
      targets: [instant('A', total(SWITCHES))],
    }).decimals(0),
    number({
      title: 'Changes an hour',
      description: 'Changes of app in each hour of active time.',
      unit: 'short',
      width: 6,
      height: 4,
      targets: [instant('A', `${total(SWITCHES)} / (${total(ACTIVE)} / 3600)`)],
    }).decimals(0),
    number({
      title: 'Apps in use',
      description: 'Apps that were in front for five active minutes or more.',
      unit: 'short',
      width: 6,
      height: 4,
      targets: [instant('A', `count(${total(ACTIVE, 'app')} >= 300)`)],
    }).decimals(0),
    lines({
      title: 'Block by block',
      description:
        'How long you had been at the computer without a break of five minutes. A line climbs while you stay and starts again after a break.',
      unit: CLOCK,
      width: 24,
      height: 8,
      targets: [steps('A', longest, '1m', '{{host}}')],
    }),
    stackedHours({
      title: 'Changes of app, hour by hour',
      description: 'How often another app came to the front in each hour while you were active.',
      unit: 'short',
      width: 12,
      height: 8,
      targets: [steps('A', perStep(SWITCHES, 'host'), '1h', '{{host}}')],
    }).decimals(0),
    stackedRows({
      title: 'Longest block of each day, two weeks',
      description:
        'The longest time without a break of five minutes on each of the last fourteen days, in your own time zone, whatever range the dashboard shows. A block over midnight counts for the day on which it ends, too.',
      unit: HOURS,
      width: 12,
      height: 8,
      targets: [hours('A', `${longest} / 3600`)],
    })
      .stacking(StackingMode.None)
      .timeFrom('now-13d/d')
      .hideTimeOverride(true)
      .maxDataPoints(HOURS_AT_MOST)
      .xField('Day')
      .transformations(daysBy('host', 'max')),
    ranking({
      title: "Categories of ActivityWatch's day",
      description:
        "Active time by category since four in the morning, where ActivityWatch's day begins, whatever range the dashboard shows. This is the number to set alerts on: the agent keeps it in the time zone of each computer.",
      unit: CLOCK,
      width: 12,
      height: 9,
      targets: [
        instant(
          'A',
          largest(12, `sum by (category) (max_over_time(${of('aw_today_seconds', 'category=~"$category"')}[$__range]))`),
          '{{category}}',
        ),
      ],
    })
      .timeFrom('now-4h/d+4h')
      .hideTimeOverride(true),
    shares({
      title: 'Spread over apps',
      description: 'How active time spreads over the twelve apps that have most of it.',
      unit: CLOCK,
      width: 12,
      height: 9,
      targets: [table('A', largest(12, total(ACTIVE, 'app')))],
    }).transformations([columns({}, ['Time'])]),
  ],
});
