/** What a thing is called and how it stands, whatever system it is of. Pure. */
import { parseActorSubject } from "#server/contract/actor-key.ts";
import { worldState } from "#server/contract/diagram/world-state.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { own } from "#server/contract/fold/record.ts";
import { unreachable } from "#server/kernel/errors.ts";
import type { StateSystem } from "#server/kernel/states.ts";
import { hostIndex } from "./hosts.ts";
import { nodeWord } from "./node-word.ts";
import type { ThingKind, ThingRef } from "./things.ts";
import { plural, shortId, splitClassName } from "./words.ts";

export interface ThingWords {
  readonly title: string;
  /** What else tells it from others: its source, its class. */
  readonly detail: string;
  /** `null` = nothing is known of its state. */
  readonly state: { readonly system: StateSystem; readonly word: string } | null;
}

/** What a kind of thing is called: one of it, and several. */
export const KIND_WORDS: Readonly<Record<ThingKind, readonly [one: string, many: string]>> = {
  host: ["host", "hosts"],
  node: ["node", "nodes"],
  cluster: ["cluster", "clusters"],
  actor: ["actor", "actors"],
  "database-host": ["database host", "database hosts"],
  world: ["world", "worlds"],
  plan: ["plan", "plans"],
  "plan-store": ["plan database", "plan databases"],
  haf: ["HAF stack", "HAF stacks"],
  "haf-app": ["HAF app", "HAF apps"],
  container: ["HAF role", "HAF roles"],
  agent: ["agent", "agents"],
  gateway: ["gateway", "gateways"],
  job: ["job", "jobs"],
};

const UP = { true: "up", false: "down", null: "not known" } as const;

/** A thing that is not there, or not any more, is called by its id. */
export function thingWords(folds: Folds, { kind, source, id }: ThingRef): ThingWords {
  const unknown = (title: string): ThingWords => ({ title, detail: source, state: null });
  switch (kind) {
    case "host": {
      const host = hostIndex(folds).byName.get(id);
      return { title: id, detail: host === undefined ? "" : plural(host.members.length, "thing"), state: null };
    }
    case "node": {
      const node = own(dnaOf(folds, source)?.nodes ?? {}, id);
      if (node === undefined) return unknown(id);
      return { title: node.node, detail: source, state: { system: "node", word: nodeWord(node) } };
    }
    case "cluster": {
      const health = dnaOf(folds, source)?.source.state;
      const title = id === "" || id === source ? source : `${source} ${id}`;
      return { title, detail: "DNA", state: health === undefined ? null : { system: "source", word: health } };
    }
    case "actor": {
      const actor = parseActorSubject(id);
      if (actor === null) return unknown(id);
      const seen = own(dnaOf(folds, source)?.watched ?? {}, id);
      const word = seen === undefined ? null : seen.incarnation === null ? "unknown" : "owned";
      return {
        title: actor.name,
        detail: `${actor.namespace} / ${actor.moduleId} · ${source}`,
        state: word === null ? null : { system: "actor", word },
      };
    }
    case "database-host": {
      const database = dnaOf(folds, source)?.database;
      const host = database?.hosts.find(({ hostId }) => hostId === id);
      if (host === undefined) return unknown(id);
      const known = dnaOf(folds, source)?.source.state === "up" ? host.up : null;
      return {
        title: host.address,
        detail: `${database?.product ?? ""} ${host.dataCenter} ${host.rack}`.trim(),
        state: { system: "source", word: UP[`${known}`] },
      };
    }
    case "world": {
      const world = own(dynflowOf(folds, source)?.worlds ?? {}, id);
      if (world === undefined) return unknown(shortId(id));
      return {
        title: world.hostname ?? shortId(id),
        detail: `${world.executor ? "executor" : "client"} · ${source} · ${shortId(id)}`,
        state: { system: "world", word: worldState(world) },
      };
    }
    case "plan": {
      const plan = own(dynflowOf(folds, source)?.plans ?? {}, id);
      if (plan === undefined) return unknown(shortId(id));
      const name = splitClassName(plan.rootActionClass ?? plan.label ?? "plan")[1];
      return { title: name, detail: `${source} · ${shortId(id)}`, state: { system: "plan", word: plan.state } };
    }
    case "plan-store":
      return sourceWords(source, "Dynflow", dynflowOf(folds, source)?.source.state);
    case "haf":
      return sourceWords(source, "HAF", hafOf(folds, source)?.source.state);
    case "haf-app": {
      const app = own(hafOf(folds, source)?.apps ?? {}, id);
      return { title: id, detail: source, state: app === undefined ? null : { system: "hafApp", word: app.state } };
    }
    case "container": {
      const role = own(hafOf(folds, source)?.roles ?? {}, id);
      if (role === undefined) return unknown(id);
      return {
        title: role.container?.name ?? id,
        detail: `${role.role}${role.app === null ? "" : ` of ${role.app}`} · ${source}`,
        state: { system: "hafRole", word: role.state },
      };
    }
    case "agent": {
      const agent = own(ingestOf(folds, source)?.agents ?? {}, id);
      if (agent === undefined) return unknown(id);
      return { title: id, detail: agent.about?.program ?? "", state: { system: "agent", word: agent.state } };
    }
    case "gateway": {
      const gateway = own(ingestOf(folds, source)?.gateways ?? {}, id);
      return {
        title: id,
        detail: "",
        state: gateway === undefined ? null : { system: "gateway", word: gateway.state },
      };
    }
    case "job": {
      const job = jobsOf(folds).find(([jobId]) => jobId === id)?.[1];
      if (job === undefined) return unknown(shortId(id));
      return { title: job.title, detail: `by ${job.requestedBy}`, state: { system: "job", word: job.state } };
    }
    default:
      return unreachable(kind);
  }
}

const sourceWords = (source: string, detail: string, word: string | undefined): ThingWords => ({
  title: source,
  detail,
  state: word === undefined ? null : { system: "source", word },
});

export function dnaOf(folds: Folds, source: string) {
  const fold = own(folds, `dna:${source}`);
  return fold?.family === "dna" ? fold : null;
}
export function dynflowOf(folds: Folds, source: string) {
  const fold = own(folds, `dynflow:${source}`);
  return fold?.family === "dynflow" ? fold : null;
}
export function hafOf(folds: Folds, source: string) {
  const fold = own(folds, `haf:${source}`);
  return fold?.family === "haf" ? fold : null;
}
export function ingestOf(folds: Folds, source: string) {
  const fold = own(folds, `ingest:${source}`);
  return fold?.family === "ingest" ? fold : null;
}

/** Every job that the console remembers. */
export const jobsOf = (folds: Folds) =>
  Object.values(folds).flatMap((fold) => (fold.family === "operator" ? Object.entries(fold.jobs) : []));
