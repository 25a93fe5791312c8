// What a dashboard of ours must be: Grafana's own types, as JSON has them, and of
// each panel what makes it readable: a description, a unit and thresholds.
import type { AnnotationQuery, Dashboard, DataQuery, DataSourceRef, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// In JSON an enum is its text.
type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

// @grafana/schema has no query of the Prometheus data source any more.
interface Query extends DataQuery {
  refId: string;
  datasource: DataSourceRef;
  expr: string;
  legendFormat: string;
  instant?: boolean;
  range?: boolean;
}

type Defaults<Custom> = Omit<NonNullable<Panel['fieldConfig']>['defaults'], 'custom'> &
  Required<Pick<NonNullable<Panel['fieldConfig']>['defaults'], 'unit' | 'thresholds'>> & { custom?: Custom };

type Named = 'id' | 'title' | 'description' | 'datasource' | 'gridPos';

interface Shown<Type extends string, Options, Custom>
  extends Omit<Panel, Named | 'type' | 'options' | 'fieldConfig' | 'targets'>,
    Required<Pick<Panel, Named>> {
  type: Type;
  options: Options;
  fieldConfig: { defaults: Defaults<Custom>; overrides: NonNullable<Panel['fieldConfig']>['overrides'] };
  targets: [Query, ...Query[]];
}

type AnyPanel =
  | Shown<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>
  | Shown<'stat', Stat.Options, never>
  | Shown<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig>
  | RowPanel;

// What the Prometheus data source wants to know of an annotation besides its query.
interface Annotation extends Omit<AnnotationQuery, 'target'> {
  target: Omit<Query, 'legendFormat'> & { interval: string };
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
}

interface Ours extends Omit<Dashboard, 'panels' | 'annotations' | 'templating'> {
  uid: string;
  title: string;
  description: string;
  panels: AnyPanel[];
  annotations: { list: [Annotation, ...Annotation[]] };
  templating: { list: Array<VariableModel & { label: string; description: string }> };
}

export type Checked = Json<Ours>;
