/** What all dashboards have in common: their variables, their links to each other, and how they are placed. */

import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  TimePickerBuilder,
  TimeOptionBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';

import { DATASOURCE } from './targets.js';

const TAG = 'activitywatch';

export interface Outline {
  /** Stable, so that a dashboard that is imported again replaces the old one. */
  uid: string;
  title: string;
  description: string;
  /** Where the range begins; it ends now. */
  from: string;
  /** Whether the hours a day that somebody aims at are asked for. */
  goal?: boolean;
  panels: Builder<Panel>[];
}

/** Lays the panels out from left to right, a new line where one is full. */
export function dashboard(outline: Outline): Dashboard {
  const builder = new DashboardBuilder(outline.title)
    .uid(outline.uid)
    .description(outline.description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: outline.from, to: 'now' })
    .timepicker(
      new TimePickerBuilder().quickRanges(
        RANGES.map(([display, from, to]) => new TimeOptionBuilder().display(display).from(from).to(to)),
      ),
    )
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh('5m')
    .link(
      new DashboardLinkBuilder('ActivityWatch')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .includeVars(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(choice('user', 'User', 'label_values(aw_window_seconds, user)'))
    .withVariable(choice('host', 'Computer', 'label_values(aw_window_seconds{user=~"$user"}, host)'))
    .withVariable(choice('category', 'Category', 'label_values(aw_window_seconds{user=~"$user",host=~"$host"}, category)'));
  if (outline.goal) {
    const hours = 'The hours a day that you aim at.';
    builder.withVariable(
      new TextBoxVariableBuilder('goal').label('Goal').description(hours).defaultValue('6').current({ text: '6', value: '6' }),
    );
  }
  outline.panels.forEach((panel) => builder.withPanel(panel));
  const built = builder.build();
  built.panels?.forEach((panel, index) => {
    panel.id = index + 1;
  });
  // The SDK gives every variable what only those of intervals have, and has links disappear into a menu.
  built.templating.list?.forEach((variable) => {
    for (const key of ['auto', 'auto_min', 'auto_count'] as const) {
      delete variable[key];
    }
  });
  built.links?.forEach((link) => {
    delete link.placement;
  });
  return built;
}

/** Grafana's own, but one: ActivityWatch's day begins at four in the morning. */
const RANGES: [display: string, from: string, to: string][] = [
  ['Today so far', 'now/d', 'now'],
  ['Today, from 4:00 as in ActivityWatch', 'now-4h/d+4h', 'now'],
  ['Yesterday', 'now-1d/d', 'now-1d/d'],
  ['This week so far', 'now/w', 'now'],
  ['Previous week', 'now-1w/w', 'now-1w/w'],
  ['This month so far', 'now/M', 'now'],
  ['Last 7 days', 'now-6d/d', 'now'],
  ['Last 4 weeks', 'now-27d/d', 'now'],
  ['Last 3 months', 'now-3M/d', 'now'],
  ['Last year', 'now-1y/d', 'now'],
];

function choice(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ qryType: 1, query, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
