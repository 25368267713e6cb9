/** Devices and sync health: who is silent, how far each computer has come, and time by computer. */

import { dashboard } from './dashboard.js';
import { HOURS_AT_MOST, daysBy } from './localTime.js';
import { CLOCK, HOURS, SECONDS, column, lines, number, ranking, rows, stackedRows } from './panels.js';
import { ACTIVE, largest, of, perStep, total, withoutOverlap } from './queries.js';
import { columns, joined } from './tables.js';
import { hours, instant, steps, table } from './targets.js';

/** A computer that was silent for longer is one that is gone. */
const MEMORY = '30d';

const newest = (metric: string, by = 'host'): string =>
  `max by (${by}) (last_over_time(${of(metric)}[${MEMORY}]))`;

const silence = `time() - ${newest('aw_sync_last_success_timestamp_seconds')}`;

const withinSteps = (metric: string): string =>
  `max by (host) (max_over_time(${of(metric)}[$__interval] offset -$__interval))`;

export const devices = dashboard({
  uid: 'aw-sync-agent-devices',
  title: 'ActivityWatch: devices and sync',
  description: 'Whether every computer reports, how far behind it is, and how your time spreads over computers.',
  from: 'now-6d/d',
  panels: [
    number(
      {
        title: 'Silent computers',
        description: 'Computers that reported in the last thirty days, but not in the last one.',
        unit: 'short',
        width: 4,
        height: 4,
        targets: [instant('A', `count(${silence} > 86400) or vector(0)`)],
      },
      [
        [null, 'green'],
        [1, 'orange'],
      ],
    ).decimals(0),
    number(
      {
        title: 'Refused samples',
        description:
          'Samples that the receiver would not take, in all; `aw-sync-agent status` on the computer says which and why, `doctor` what to do.',
        unit: 'short',
        width: 4,
        height: 4,
        targets: [instant('A', `sum(${newest('aw_sync_samples_refused_total', 'user, host')})`)],
      },
      [
        [null, 'green'],
        [1, 'red'],
      ],
    ).decimals(0),
    number({
      title: 'Active, last seven days',
      description:
        'Active time of the last seven days in which a minute at two computers counts once, and the same added up computer by computer. It looks at each minute, so it is always these seven days, whatever range the dashboard shows.',
      unit: CLOCK,
      width: 8,
      height: 4,
      targets: [
        instant('A', withoutOverlap('7d'), 'by the clock'),
        instant('B', `sum(sum_over_time(${ACTIVE}[7d]))`, 'all computers'),
      ],
    }),
    number({
      title: 'At two computers',
      description: 'How much of the last seven days was active at more than one computer at once.',
      unit: CLOCK,
      width: 8,
      height: 4,
      targets: [instant('A', `sum(sum_over_time(${ACTIVE}[7d])) - ${withoutOverlap('7d')}`)],
    }),
    rows({
      title: 'Computers',
      description:
        'Each computer of the last thirty days: how long ago its agent last delivered everything, how far behind its data were then, and how many samples it has delivered and had refused since it first ran.',
      unit: 'short',
      width: 16,
      height: 6,
      targets: [
        table('A', silence),
        table('B', newest('aw_sync_lag_seconds')),
        table('C', newest('aw_sync_samples_sent_total')),
        table('D', newest('aw_sync_samples_refused_total')),
      ],
    })
      .transformations(
        joined(
          'host',
          {
            host: 'Computer',
            'Value #A': 'Last success, ago',
            'Value #B': 'Behind',
            'Value #C': 'Delivered',
            'Value #D': 'Refused',
          },
          'Last success, ago',
        ),
      )
      .overrideByName('Last success, ago', column({ unit: SECONDS, decimals: 0 }))
      .overrideByName('Behind', column({ unit: SECONDS, decimals: 0 })),
    rows({
      title: 'Versions',
      description: 'The versions of aw-sync-agent that ran on each computer in the last seven days.',
      unit: 'short',
      width: 8,
      height: 6,
      targets: [table('A', `max by (host, version) (last_over_time(${of('aw_sync_build_info')}[7d]))`)],
    }).transformations([columns({ host: 'Computer', version: 'Version' }, ['Time', 'Value'])]),
    lines({
      title: 'Behind',
      description:
        'How far the data of each computer were behind the clock after each pass. The newest five minutes are never final, so five minutes is as good as it gets.',
      unit: SECONDS,
      width: 12,
      height: 7,
      targets: [steps('A', withinSteps('aw_sync_lag_seconds'), '10m', '{{host}}')],
    }),
    lines({
      title: 'Samples delivered',
      description: 'How many samples each computer has delivered since its agent first ran.',
      unit: 'short',
      width: 12,
      height: 7,
      targets: [steps('A', withinSteps('aw_sync_samples_sent_total'), '10m', '{{host}}')],
    }),
    stackedRows({
      title: 'Day by day',
      description: 'Active hours of each day by computer, in your own time zone.',
      unit: HOURS,
      width: 12,
      height: 8,
      targets: [hours('A', `${perStep(ACTIVE, 'host')} / 3600`)],
    })
      .maxDataPoints(HOURS_AT_MOST)
      .xField('Day')
      .transformations(daysBy('host')),
    ranking({
      title: 'Active time by computer',
      description: 'Active time at each computer in the range of the dashboard.',
      unit: CLOCK,
      width: 6,
      height: 8,
      targets: [instant('A', largest(15, total(ACTIVE, 'host')), '{{host}}')],
    }),
    ranking({
      title: 'At the keyboard by computer',
      description: 'Of the time in which the AFK watcher saw each computer on, the share with keyboard or mouse in use.',
      unit: 'percentunit',
      width: 6,
      height: 8,
      targets: [
        instant(
          'A',
          `${total(of('aw_afk_seconds', 'status="not-afk"'), 'host')} / ${total(of('aw_afk_seconds'), 'host')}`,
          '{{host}}',
        ),
      ],
    }).max(1),
  ],
});
