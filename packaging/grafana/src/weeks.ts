/** Weeks and trends: days beside each other, this week beside the last, and the hours of the week. */

import { dashboard } from './dashboard.js';
import { HOURS_AT_MOST, daysBy, weekdaysByHour } from './localTime.js';
import { AIM, CLOCK, HOURS, column, heat, lines, number, ranking, rows, stackedRows, texts } from './panels.js';
import { ACTIVE, largest, orZero, perStep, total } from './queries.js';
import { joined } from './tables.js';
import { hours, instant, steps, table } from './targets.js';

/** Hours by category; a day of nothing is a day too. `Uncategorized` is ActivityWatch's own word. */
const hourly = orZero(`${perStep(ACTIVE, 'category')} / 3600`, 'category', 'Uncategorized');

/** Minutes of each hour; two computers at once are no more than the hour. */
const minutesOfHour = `(sum(clamp_max(${perStep(ACTIVE, 'user')}, 3600)) or vector(0)) / 60`;

/** The hours a day of the week before each point. */
const trend = `sum(sum_over_time(${ACTIVE}[7d])) / 7 / 3600`;

export const weeks = dashboard({
  uid: 'aw-sync-agent-weeks',
  title: 'ActivityWatch: weeks and trends',
  description: 'Day by day in your own time zone, this week beside the last, and the hours at which you are active.',
  from: 'now-27d/d',
  goal: true,
  panels: [
    stackedRows({
      title: 'Day by day',
      description:
        'Active hours of each day by category. Days begin at midnight where you are, also when the clocks change. A range that begins at midnight has whole days only.',
      unit: HOURS,
      width: 24,
      height: 10,
      targets: [hours('A', hourly)],
    })
      .maxDataPoints(HOURS_AT_MOST)
      .xField('Day')
      .transformations(daysBy('category')),
    number({
      title: 'In this range',
      description:
        'Active time in the range of the dashboard, and divided by its days. A minute at two computers counts at both.',
      unit: CLOCK,
      width: 6,
      height: 8,
      targets: [
        instant('A', total(ACTIVE), 'in all'),
        instant('B', `${total(ACTIVE)} / ($__range_s / 86400)`, 'a day'),
      ],
    }),
    lines({
      title: 'Trend and goal',
      description:
        'Active hours a day, as the mean of the seven days before each point, and the goal that is set at the top. It begins low where the data begin.',
      unit: HOURS,
      width: 18,
      height: 8,
      targets: [steps('A', trend, '6h', 'mean of seven days'), steps('B', 'vector($goal)', '6h', 'goal')],
    }).overrideByName('goal', AIM),
    ranking({
      title: 'Categories',
      description: 'Active time by category in the range of the dashboard.',
      unit: CLOCK,
      width: 12,
      height: 8,
      targets: [instant('A', largest(10, total(ACTIVE, 'category')), '{{category}}')],
    }),
    rows({
      title: 'This week and the last',
      description:
        'Active time by category: this week so far, last week by the same time, and all of last week. Weeks begin on the day that your browser or Grafana begins them.',
      unit: CLOCK,
      width: 12,
      height: 8,
      targets: [
        table('A', total(ACTIVE, 'category')),
        table('B', `sum by (category) (sum_over_time(${ACTIVE}[$__range] offset 1w))`),
        table('C', `sum by (category) (sum_over_time(${ACTIVE}[1w] offset $__range))`),
      ],
    })
      .timeFrom('now/w')
      .hideTimeOverride(true)
      .transformations(
        joined(
          'category',
          { category: 'Category', 'Value #A': 'This week', 'Value #B': 'Last week by now', 'Value #C': 'All of last week' },
          'This week',
        ),
      ),
    heat(
      {
        title: 'Hours of the week',
        description:
          'Active minutes in each hour of the day, the mean over the same weekdays of the range, in your own time zone. Two computers at once are no more than the hour.',
        unit: 'none',
        width: 24,
        height: 9,
        targets: [hours('A', minutesOfHour), hours('B', minutesOfHour)],
      },
      60,
    )
      .maxDataPoints(HOURS_AT_MOST)
      .overrideByName('Weekday', [
        ...column({ 'custom.cellOptions': { type: 'auto' }, 'custom.minWidth': 90, 'custom.align': 'left', unit: 'string' }),
        ...column({
          mappings: [
            texts({ 1: 'Monday', 2: 'Tuesday', 3: 'Wednesday', 4: 'Thursday', 5: 'Friday', 6: 'Saturday', 7: 'Sunday' }),
          ],
        }),
      ])
      .transformations(weekdaysByHour()),
  ],
});
