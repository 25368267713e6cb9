/** The house style: each kind of panel as all dashboards show it. */

import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  FieldTextAlignment,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableCellBackgroundDisplayMode,
  TableCellDisplayMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as piechart from '@grafana/grafana-foundation-sdk/piechart';
import type { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

import { DATASOURCE } from './targets.js';

/** Seconds as 03:25:07. */
export const CLOCK = 'dthms';
/** Seconds as `3.4 hours`. */
export const SECONDS = 's';
/** Hours, for axes: those of seconds would be marked at round thousands. */
export const HOURS = 'suffix:h';
/** Minutes, likewise: `m` would say `1 hour` of both 60 and 80. */
export const MINUTES = 'suffix:min';

/** What every panel says of itself. */
export interface About {
  title: string;
  /** What it shows and how it counts, in plain words. */
  description: string;
  unit: string;
  /** What stands there when there is nothing; else that nothing was recorded. */
  empty?: string;
  /** Of the 24 columns of the grid. */
  width: number;
  /** A row of the grid is 30 pixels. */
  height: number;
  targets: DataqueryBuilder[];
}

type AnyPanel =
  | stat.PanelBuilder
  | bargauge.PanelBuilder
  | barchart.PanelBuilder
  | piechart.PanelBuilder
  | statetimeline.PanelBuilder
  | table.PanelBuilder
  | timeseries.PanelBuilder;

function styled<Panel extends AnyPanel>(panel: Panel, about: About): Panel {
  panel
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .noValue(about.empty ?? 'nothing recorded')
    .datasource(DATASOURCE)
    .span(about.width)
    .height(about.height)
    .targets(about.targets);
  return panel;
}

const color = (mode: FieldColorModeId, fixed?: string): FieldColorBuilder => {
  const builder = new FieldColorBuilder().mode(mode);
  return fixed ? builder.fixedColor(fixed) : builder;
};

/**
 * One colour after the other, so panels with the same names have them in the same order. The palette by name would need
 * no order, but gives two names the same colour.
 */
const EACH = color(FieldColorModeId.PaletteClassic);

const last = (): ReduceDataOptionsBuilder => new ReduceDataOptionsBuilder().calcs(['lastNotNull']);

const tooltip = (): VizTooltipOptionsBuilder =>
  new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending).hideZeros(true);

const legend = (): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);

/** Colours from the lowest value up: `[null, 'green'], [60, 'red']`. */
export type Steps = [value: number | null, color: string][];

const thresholds = (steps: Steps): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, stepColor]) => ({ value, color: stepColor })));

/** One number, or a few beside each other. */
export function number(about: About, steps: Steps = [[null, 'blue']]): stat.PanelBuilder {
  return styled(new stat.PanelBuilder(), about)
    .reduceOptions(last())
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(about.targets.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Auto)
    .thresholds(thresholds(steps))
    .colorScheme(color(FieldColorModeId.Thresholds));
}

/** A bar for each answer, in the order of the answers. */
export function ranking(about: About): bargauge.PanelBuilder {
  return styled(new bargauge.PanelBuilder(), about)
    .reduceOptions(last())
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .min(0)
    .colorScheme(color(FieldColorModeId.Fixed, 'blue'));
}

/** Shares of a whole, with their values beside: a share for each row of a table. */
export function shares(about: About): piechart.PanelBuilder {
  return styled(new piechart.PanelBuilder(), about)
    .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs([]))
    .pieType(piechart.PieChartType.Donut)
    .displayLabels([])
    .tooltip(tooltip())
    .legend(
      new piechart.PieChartLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Right)
        .showLegend(true)
        .values([piechart.PieChartLegendValues.Value, piechart.PieChartLegendValues.Percent]),
    )
    .colorScheme(EACH);
}

/** Lanes that are filled where something was the case: where their query answers 1. */
export function lanes(about: About, filled: string): statetimeline.PanelBuilder {
  return styled(new statetimeline.PanelBuilder(), about)
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.85)
    .lineWidth(0)
    .fillOpacity(85)
    .legend(legend().showLegend(false))
    .tooltip(tooltip().mode(TooltipDisplayMode.Single))
    .mappings([texts({ 1: filled })])
    .colorScheme(color(FieldColorModeId.Fixed, 'blue'));
}

/** Stacked bars that each begin at their time. */
export function stackedHours(about: About): timeseries.PanelBuilder {
  return styled(new timeseries.PanelBuilder(), about)
    .drawStyle(GraphDrawStyle.Bars)
    .barAlignment(1)
    .barWidthFactor(0.9)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
    .lineWidth(0)
    .fillOpacity(85)
    .showPoints(VisibilityMode.Never)
    .min(0)
    .tooltip(tooltip())
    .legend(legend())
    .colorScheme(EACH);
}

/** Lines over time. */
export function lines(about: About): timeseries.PanelBuilder {
  return styled(new timeseries.PanelBuilder(), about)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(2)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Auto)
    .min(0)
    .tooltip(tooltip())
    .legend(legend())
    .colorScheme(EACH);
}

/** Stacked bars, one for each row of a table whose first column names it. */
export function stackedRows(about: About): barchart.PanelBuilder {
  return styled(new barchart.PanelBuilder(), about)
    .orientation(VizOrientation.Vertical)
    .stacking(StackingMode.Normal)
    .showValue(VisibilityMode.Never)
    .xTickLabelSpacing(100)
    .barWidth(0.9)
    .groupWidth(0.7)
    .lineWidth(0)
    .fillOpacity(85)
    .min(0)
    .tooltip(tooltip())
    .legend(legend())
    .colorScheme(EACH);
}

/** Rows and columns. */
export function rows(about: About): table.PanelBuilder {
  return styled(new table.PanelBuilder(), about).showHeader(true).align(FieldTextAlignment.Auto).colorScheme(color(FieldColorModeId.Fixed, 'text'));
}

/** A table whose numbers are a background, from nothing to `max`. */
export function heat(about: About, max: number): table.PanelBuilder {
  return styled(new table.PanelBuilder(), about)
    .showHeader(true)
    .align(FieldTextAlignment.Center)
    .minWidth(36)
    .cellOptions({ type: TableCellDisplayMode.ColorBackground, mode: TableCellBackgroundDisplayMode.Basic })
    .decimals(0)
    .min(0)
    .max(max)
    .mappings([texts({ 0: '' })])
    .colorScheme(color(FieldColorModeId.ContinuousBlues));
}

/** Value mappings that only say something else. */
export function texts(to: Record<string, string>): ValueMapping {
  const options = Object.fromEntries(Object.entries(to).map(([value, text], index) => [value, { text, index }]));
  return { type: 'value', options } as ValueMapping;
}

/** What a column of a table has of its own. */
export function column(properties: Record<string, unknown>): DynamicConfigValue[] {
  return Object.entries(properties).map(([id, value]) => ({ id, value }));
}

/** A dashed line, for what is aimed at. */
export const AIM = column({
  color: { mode: 'fixed', fixedColor: 'orange' },
  'custom.lineStyle': { fill: 'dash', dash: [10, 10] },
  'custom.fillOpacity': 0,
});

/** What nobody looks at first. */
export const PALE = column({ color: { mode: 'fixed', fixedColor: '#6e7079' } });
