/** Today: what was done, in which app, when. */

import { dashboard } from './dashboard.js';
import { CLOCK, MINUTES, PALE, lanes, number, ranking, shares, stackedHours } from './panels.js';
import { ACTIVE, WEB, away, largest, of, perStep, started, stopped, total, where, withoutOverlap } from './queries.js';
import { sorted } from './tables.js';
import { instant, steps, table } from './targets.js';

const atKeyboard = total(of('aw_afk_seconds', 'status="not-afk"'));
const watched = total(of('aw_afk_seconds'));

export const today = dashboard({
  uid: 'aw-sync-agent-today',
  title: 'ActivityWatch: today',
  description: 'What you did today: how long, in which apps, on which sites, and when.',
  from: 'now/d',
  goal: true,
  panels: [
    number({
      title: 'Active time',
      description:
        'How long you were active, as ActivityWatch counts it, and how long by the same time of the day before. A minute at two computers counts once.',
      unit: CLOCK,
      width: 8,
      height: 4,
      targets: [
        instant('A', withoutOverlap('$__range'), 'today'),
        instant('B', withoutOverlap('$__range', '1d'), 'yesterday by now'),
      ],
    }),
    number(
      {
        title: 'Of the goal',
        description: 'Active time as a share of the hours a day that are set as the goal, at the top.',
        unit: 'percentunit',
        width: 4,
        height: 4,
        targets: [instant('A', `${withoutOverlap('$__range')} / ($goal * 3600)`)],
      },
      [
        [null, 'orange'],
        [1, 'green'],
      ],
    ).decimals(0),
    number({
      title: 'From, to',
      description: 'When the first minute with activity began and when the last one ended.',
      unit: 'time:HH:mm',
      width: 6,
      height: 4,
      targets: [instant('A', started, 'first'), instant('B', stopped, 'last')],
    }),
    number({
      title: 'At the keyboard',
      description:
        'Of the time in which the AFK watcher saw the computer on, the share in which you used keyboard or mouse.',
      unit: 'percentunit',
      width: 6,
      height: 4,
      targets: [instant('A', `${atKeyboard} / ${watched}`)],
    }).decimals(0),
    lanes(
      {
        title: 'What, when',
        description:
          'The category that most of each minute went to, or of each longer step when the range is long, and when you were away from the keyboard. Where nothing is filled, no computer was on.',
        unit: 'short',
        width: 24,
        height: 8,
        targets: [
          steps('A', where(`topk(1, ${perStep(ACTIVE, 'category')} > 0)`), '1m', '{{category}}'),
          steps('B', away(), '1m', 'Away'),
        ],
      },
      'this',
    ).overrideByName('Away', PALE),
    stackedHours({
      title: 'Hours of the day',
      description: 'Active time in each hour, by category.',
      unit: MINUTES,
      width: 15,
      height: 9,
      targets: [steps('A', `${perStep(ACTIVE, 'category')} / 60`, '1h', '{{category}}')],
    }).decimals(0),
    shares({
      title: 'Categories',
      description: 'Active time by category. A minute at two computers counts at both.',
      unit: CLOCK,
      width: 9,
      height: 9,
      targets: [table('A', total(ACTIVE, 'category'))],
    }).transformations(sorted('category')),
    ranking({
      title: 'Apps',
      description: 'The fifteen apps with the most active time.',
      unit: CLOCK,
      width: 8,
      height: 9,
      targets: [instant('A', largest(15, total(ACTIVE, 'app')), '{{app}}')],
    }),
    ranking({
      title: 'Sites',
      description:
        'The fifteen sites with the most active time, where a browser has the extension of ActivityWatch. Tabs of private windows are one site, (incognito).',
      unit: CLOCK,
      empty: 'no browser has the extension',
      width: 8,
      height: 9,
      targets: [instant('A', largest(15, total(WEB, 'domain')), '{{domain}}')],
    }),
    ranking({
      title: 'Projects',
      description: 'The fifteen projects with the most time in editors that have the extension of ActivityWatch.',
      unit: CLOCK,
      empty: 'no editor has the extension',
      width: 8,
      height: 9,
      targets: [instant('A', largest(15, total(of('aw_editor_seconds'), 'project')), '{{project}}')],
    }),
  ],
});

