/** Ties between things that are no matter of hosts: who owns, runs, holds, reads, belongs to what. Pure. */
import { actorSubject, actorTarget, parseActorSubject, parseActorTarget } from "#server/contract/actor-key.ts";
import type { JobFacts } from "#server/contract/event.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import { own } from "#server/contract/fold/record.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { hostIndex } from "./hosts.ts";
import { sourceOf } from "./need.ts";
import { dnaOf, dynflowOf, hafOf, ingestOf, jobsOf } from "./thing-words.ts";
import { type ThingKind, type ThingRef, thingKey } from "./things.ts";
import { splitClassName } from "./words.ts";

export interface Tie {
  readonly ref: ThingRef;
  readonly evidence: string;
  readonly sure: boolean;
}

const tie = (kind: ThingKind, source: string, id: string, evidence: string): Tie => ({
  ref: { kind, source, id },
  evidence,
  sure: true,
});

/** Everything tied to a thing, in no order. */
export function tiesOf(folds: Folds, ref: ThingRef): readonly Tie[] {
  return [...ownTies(folds, ref), ...jobTies(folds, ref)];
}

function ownTies(folds: Folds, { kind, source, id }: ThingRef): readonly Tie[] {
  switch (kind) {
    case "host":
      return [];
    case "node":
    case "cluster":
    case "actor":
    case "database-host": {
      const fold = dnaOf(folds, source);
      return fold === null ? [] : dnaTies(folds, fold, { kind, source, id });
    }
    case "world":
    case "plan":
    case "plan-store": {
      const fold = dynflowOf(folds, source);
      return fold === null ? [] : dynflowTies(folds, fold, { kind, source, id });
    }
    case "haf":
    case "haf-app":
    case "container": {
      const fold = hafOf(folds, source);
      return fold === null ? [] : hafTies(fold, { kind, source, id });
    }
    case "agent": {
      const agent = own(ingestOf(folds, source)?.agents ?? {}, id);
      return agent === undefined ? [] : [tie("gateway", source, agent.gateway, "the gateway that heard it last")];
    }
    case "gateway":
      return Object.entries(ingestOf(folds, source)?.agents ?? {}).flatMap(([agent, { gateway }]) =>
        gateway === id ? [tie("agent", source, agent, "heard by this gateway last")] : [],
      );
    case "job": {
      const job = jobsOf(folds).find(([jobId]) => jobId === id)?.[1];
      const target = job === undefined ? null : targetOf(folds, job);
      return target === null ? [] : [{ ref: target, evidence: "what the job is about", sure: true }];
    }
    default:
      return unreachable(kind);
  }
}

function dnaTies(folds: Folds, fold: DnaFold, { kind, source, id }: ThingRef): readonly Tie[] {
  const database = (fold.database?.hosts ?? []).map(({ hostId }) =>
    tie("database-host", source, hostId, "host of the database of this source"),
  );
  switch (kind) {
    case "node": {
      const node = own(fold.nodes, id);
      if (node === undefined) return [];
      return [
        tie("cluster", source, node.cluster, "cluster in its row"),
        ...database,
        ...actorsOn(fold, source, id),
        ...Object.entries(fold.nodes).flatMap(([other, { node: name, cluster }]) =>
          other !== id && name === node.node && cluster === node.cluster
            ? [tie("node", source, other, `another incarnation of ${name}`)]
            : [],
        ),
      ];
    }
    case "cluster":
      return [
        ...database,
        ...Object.entries(fold.nodes).flatMap(([node, { cluster }]) =>
          cluster === id || id === "" ? [tie("node", source, node, "cluster in its row")] : [],
        ),
      ];
    case "actor": {
      const nodes = nodesOf(fold, source, id);
      return [...nodes, ...nodes.flatMap(({ ref }) => hostsOf(folds, ref, "host of its node"))];
    }
    default:
      return [...new Set(Object.values(fold.nodes).map(({ cluster }) => cluster))].map((cluster) =>
        tie("cluster", source, cluster, "its nodes are rows of this database"),
      );
  }
}

/** Keys that are looked at, and those that run twice, of one incarnation. */
function actorsOn(fold: DnaFold, source: string, incarnation: string): readonly Tie[] {
  return [
    ...Object.entries(fold.watched).flatMap(([subject, { incarnation: owner }]) =>
      owner === incarnation ? [tie("actor", source, subject, "its row names this incarnation as owner")] : [],
    ),
    ...Object.entries(fold.doubled).flatMap(([subject, { instances }]) =>
      instances.some((one) => one.incarnation === incarnation)
        ? [tie("actor", source, subject, "runs here and elsewhere at once")]
        : [],
    ),
  ];
}

function nodesOf(fold: DnaFold, source: string, subject: string): readonly Tie[] {
  const owner = own(fold.watched, subject)?.incarnation ?? null;
  const doubled = own(fold.doubled, subject)?.instances ?? [];
  return [
    ...(owner === null ? [] : [tie("node", source, owner, "owner in its row")]),
    ...doubled.flatMap(({ incarnation }) =>
      incarnation === null ? [] : [tie("node", source, incarnation, "an instance of it runs there")],
    ),
  ];
}

function hostsOf(folds: Folds, ref: ThingRef, evidence: string): readonly Tie[] {
  const host = hostIndex(folds).byThing.get(thingKey(ref));
  return host === undefined ? [] : [tie("host", "", host.name, evidence)];
}

function dynflowTies(folds: Folds, fold: DynflowFold, { kind, source, id }: ThingRef): readonly Tie[] {
  const store = tie("plan-store", source, "", "the database that it is recorded in");
  const locks = Object.values(fold.locks);
  const heldBy = (className: string): string => `named in its ${splitClassName(className)[1]}`;
  switch (kind) {
    case "world":
      return [
        store,
        ...locks.flatMap(({ class: className, worldId, planId }) =>
          worldId === id && planId !== null ? [tie("plan", source, planId, heldBy(className))] : [],
        ),
      ];
    case "plan":
      return [
        store,
        ...locks.flatMap(({ class: className, worldId, planId }) =>
          planId === id && worldId !== null
            ? [
                tie("world", source, worldId, heldBy(className)),
                ...hostsOf(folds, { kind: "world", source, id: worldId }, "host of the world that holds it"),
              ]
            : [],
        ),
      ];
    default:
      return Object.keys(fold.worlds).map((world) => tie("world", source, world, "registered in this database"));
  }
}

function hafTies(fold: HafFold, { kind, source, id }: ThingRef): readonly Tie[] {
  const roles = Object.entries(fold.roles).filter(([, { container }]) => container !== null);
  const stack = tie("haf", source, "", "the stack that it is part of");
  switch (kind) {
    case "haf":
      return [
        ...Object.keys(fold.apps).map((app) => tie("haf-app", source, app, "an app of this stack")),
        ...roles.map(([role]) => tie("container", source, role, "a container of this stack")),
      ];
    case "haf-app":
      return [
        stack,
        ...roles.flatMap(([role, { app, role: name }]) =>
          app === id ? [tie("container", source, role, `its ${name}`)] : [],
        ),
      ];
    default: {
      const app = own(fold.roles, id)?.app ?? null;
      return app === null ? [stack] : [stack, tie("haf-app", source, app, "the app that it is of")];
    }
  }
}

/** Jobs about a thing. */
function jobTies(folds: Folds, ref: ThingRef): readonly Tie[] {
  if (ref.kind === "host" || ref.kind === "job") return [];
  return jobsOf(folds).flatMap(([id, job]) => {
    const target = targetOf(folds, job);
    return target !== null && isAbout(target, ref) ? [tie("job", "", id, "a job about it")] : [];
  });
}

/** A job about a source as a whole is one about each cluster of it. */
const isAbout = (target: ThingRef, ref: ThingRef): boolean =>
  target.kind === "cluster"
    ? ref.kind === "cluster" && ref.source === target.source
    : thingKey(target) === thingKey(ref);

/** What a job is about; its source where it is about no one thing. `null` = a source that we do not know. */
function targetOf(folds: Folds, { stream, target }: JobFacts): ThingRef | null {
  const fold = own(folds, stream);
  const source = sourceOf(stream);
  if (fold?.family === "dna") {
    if (own(fold.nodes, target) !== undefined) return { kind: "node", source, id: target };
    const actor = actorOfTarget(target);
    return actor === null ? { kind: "cluster", source, id: "" } : { kind: "actor", source, id: actor };
  }
  if (fold?.family !== "dynflow") return null;
  if (own(fold.plans, target) !== undefined) return { kind: "plan", source, id: target };
  if (own(fold.worlds, target) !== undefined) return { kind: "world", source, id: target };
  return { kind: "plan-store", source, id: "" };
}

/** `<module id>/<namespace>|<name>` or a subject, as `actorSubject` writes it. */
function actorOfTarget(target: string): string | null {
  const key = parseActorTarget(target);
  if (key !== null) return actorTarget(key) === target ? actorSubject(key) : null;
  return parseActorSubject(target) === null ? null : target;
}
