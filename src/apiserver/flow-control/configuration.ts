/** What the objects of a cluster say, as the server uses it (apiserver pkg/util/flowcontrol/apf_controller.go, cfgMeal). */
import type * as t from '../../api/generated/types.ts';
import { catchAllLevel, catchAllSchema, exemptLevel, exemptSchema } from './bootstrap.ts';
import { dealFault } from './shuffle-sharding.ts';

export interface PlannedLevel {
  readonly name: string;
  /** '' for what must exist and does not. */
  readonly uid: string;
  readonly spec: t.PriorityLevelConfiguration['spec'];
}

export interface PlannedSchema {
  readonly name: string;
  readonly uid: string;
  readonly level: string;
  readonly distinguisher: 'ByUser' | 'ByNamespace' | undefined;
  readonly rules: readonly t.PolicyRulesWithSubjects[];
}

/** A condition that a flow schema should have and has not. */
export interface WantedCondition {
  readonly schema: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export interface Plan {
  readonly levels: readonly PlannedLevel[];
  /** In the order in which they are tried. */
  readonly schemas: readonly PlannedSchema[];
  readonly conditions: readonly WantedCondition[];
}

/** Broken levels count as missing, schemas without a level are not used, and what is mandatory is always there. */
export function planOf(levelObjects: readonly t.PriorityLevelConfiguration[], schemaObjects: readonly t.FlowSchema[]): Plan {
  const levels = levelObjects.filter(isSound).map(({ metadata, spec }) => ({ name: metadata.name, uid: metadata.uid, spec }));
  const known = new Set(levels.map(({ name }) => name));
  const usable = schemaObjects.filter(({ spec }) => known.has(spec.priorityLevelConfiguration.name));
  const schemas = usable.sort(before).map(({ metadata, spec }) => planned(metadata, spec));
  for (const level of [exemptLevel, catchAllLevel]) {
    const { name = '' } = level.metadata;
    if (!known.has(name)) levels.push({ name, uid: '', spec: level.spec });
  }
  if (schemas.every(({ name }) => name !== 'exempt')) schemas.unshift(planned({ name: 'exempt' }, exemptSchema.spec));
  if (schemas.every(({ name }) => name !== 'catch-all')) schemas.push(planned({ name: 'catch-all' }, catchAllSchema.spec));
  return { levels, schemas, conditions: schemaObjects.flatMap((schema) => conditionOf(schema, known)) };
}

function planned({ name, uid = '' }: { readonly name: string; readonly uid?: string }, spec: t.FlowSchema['spec']): PlannedSchema {
  return {
    name,
    uid,
    level: spec.priorityLevelConfiguration.name,
    distinguisher: spec.distinguisherMethod?.type as PlannedSchema['distinguisher'],
    rules: spec.rules ?? [],
  };
}

function before(a: t.FlowSchema, b: t.FlowSchema): number {
  const difference = (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0);
  return difference !== 0 ? difference : a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Whether the parts of the union are the ones its type names, and queues can be dealt. */
function isSound({ metadata, spec }: t.PriorityLevelConfiguration): boolean {
  const { type, limited, exempt } = spec;
  if ((type === 'Limited') !== (limited !== undefined) || (type === 'Exempt') !== (exempt !== undefined)) return false;
  if ((type === 'Exempt') !== (metadata.name === 'exempt')) return false;
  if (limited === undefined) return true;
  const { type: response, queuing } = limited.limitResponse ?? { type: '' };
  if ((response === 'Reject') !== (queuing === undefined)) return false;
  return queuing === undefined || dealFault(queuing.queues ?? 0, queuing.handSize ?? 0) === undefined;
}

function conditionOf({ metadata, spec, status }: t.FlowSchema, levels: ReadonlySet<string>): WantedCondition[] {
  const level = spec.priorityLevelConfiguration.name;
  const found = levels.has(level);
  const said = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const wanted: WantedCondition = found
    ? { schema: metadata.name, status: 'False', reason: 'Found', message: `${said} and it exists` }
    : { schema: metadata.name, status: 'True', reason: 'NotFound', message: `${said} but there is no such object` };
  const current = status.conditions?.find(({ type }) => type === 'Dangling');
  const same = current?.status === wanted.status && current.reason === wanted.reason && current.message === wanted.message;
  return same ? [] : [wanted];
}
