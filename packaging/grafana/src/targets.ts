/** Queries as Grafana stores them. */

import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus';

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Asks once, at the end of the range. */
export function instant(refId: string, expr: string, legend = ''): DataqueryBuilder {
  return target(refId, expr).instant().legendFormat(legend).format(PromQueryFormat.TimeSeries);
}

/** Asks once; the answer is a table with a column for each label. */
export function table(refId: string, expr: string): DataqueryBuilder {
  return target(refId, expr).instant().format(PromQueryFormat.Table);
}

/** Asks at every step, which are at least `step` long. */
export function steps(refId: string, expr: string, step: string, legend = ''): DataqueryBuilder {
  return target(refId, expr).range().interval(step).legendFormat(legend).format(PromQueryFormat.TimeSeries);
}

/** Asks for every hour; the answer is a table with a row for each hour and label. */
export function hours(refId: string, expr: string): DataqueryBuilder {
  return target(refId, expr).range().interval('1h').format(PromQueryFormat.Table);
}

function target(refId: string, expr: string): DataqueryBuilder {
  return new DataqueryBuilder().refId(refId).datasource(DATASOURCE).editorMode(QueryEditorMode.Code).expr(expr);
}
