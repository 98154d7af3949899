/** How one names a thing of any system: by what kind of thing it is, whose it is, and its id there. Pure. */

export const THING_KINDS = [
  "host",
  "node",
  "cluster",
  "actor",
  "database-host",
  "world",
  "plan",
  "plan-store",
  "haf",
  "haf-app",
  "container",
  "agent",
  "gateway",
  "job",
] as const;
export type ThingKind = (typeof THING_KINDS)[number];

export interface ThingRef {
  readonly kind: ThingKind;
  /** Id of its source; empty for hosts and jobs, which have none. */
  readonly source: string;
  /**
   * Incarnation, cluster, `actorSubject`, host id, world, plan, app, `hafRoleKey`, agent, gateway, job, or a name of the
   * host. Empty where the source itself is meant.
   */
  readonly id: string;
}

/** One text for each thing, and no two with the same. */
export const thingKey = ({ kind, source, id }: ThingRef): string => JSON.stringify([kind, source, id]);

export const isSameThing = (a: ThingRef, b: ThingRef): boolean =>
  a.kind === b.kind && a.source === b.source && a.id === b.id;
