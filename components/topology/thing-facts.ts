/** What is known of a thing of any system, in lines for its drawer. Pure. */
import { formatCount, plural } from "#components/ui/format.ts";
import { isMasked, shownText } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { own } from "#server/contract/fold/record.ts";
import type { SourceFold } from "#server/contract/fold/source.ts";
import { dnaOf, dynflowOf, hafOf, ingestOf } from "#server/contract/view/thing-words.ts";
import type { ThingRef } from "#server/contract/view/things.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface ThingFact {
  readonly name: string;
  readonly value: string;
  /** Where it comes from. */
  readonly source: string;
}

export interface ThingKnown {
  readonly facts: readonly ThingFact[];
  /** Since when it is in its state; `null` = not known. */
  readonly since: EpochMs | null;
  readonly evidence: string | null;
  readonly health: SourceFold;
}

const fact = (name: string, value: string | number | null | undefined, source: string): readonly ThingFact[] =>
  value === null || value === undefined || value === "" ? [] : [{ name, value: String(value), source }];

/** `null` = no such thing is known. */
export function thingKnown(folds: Folds, ref: ThingRef): ThingKnown | null {
  switch (ref.kind) {
    case "world":
    case "plan-store":
      return ofDynflow(folds, ref);
    case "haf":
    case "haf-app":
    case "container":
      return ofHaf(folds, ref);
    case "agent":
    case "gateway":
      return ofIngest(folds, ref);
    case "database-host":
      return ofDatabase(folds, ref);
    default:
      return null;
  }
}

function ofDynflow(folds: Folds, { kind, source, id }: ThingRef): ThingKnown | null {
  const fold = dynflowOf(folds, source);
  if (fold === null) return null;
  if (kind === "plan-store")
    return {
      since: fold.source.since,
      evidence: fold.source.reason,
      health: fold.source,
      facts: [
        ...fact("worlds", plural(Object.keys(fold.worlds).length, "world"), "sql"),
        ...fact("unfinished", plural(Object.keys(fold.plans).length, "plan"), "sql"),
        ...fact("locks", plural(Object.keys(fold.locks).length, "lock"), "sql"),
      ],
    };
  const world = own(fold.worlds, id);
  if (world === undefined) return null;
  const queues = Object.entries(world.queues).map(([queue, size]) => `${queue} ${size}`);
  return {
    since: world.seenSince,
    evidence: world.unreadable,
    health: fold.source,
    facts: [
      ...fact("hostname", world.hostname, "its record"),
      ...fact("pid", world.pid, "its record"),
      ...fact("class", world.class, "its record"),
      ...fact("workers", queues.join(", "), "its record"),
    ],
  };
}

function ofHaf(folds: Folds, { kind, source, id }: ThingRef): ThingKnown | null {
  const fold = hafOf(folds, source);
  if (fold === null) return null;
  if (kind === "haf")
    return {
      since: fold.phasesSince === 0 ? null : fold.phasesSince,
      evidence: null,
      health: fold.source,
      facts: [
        ...fact("phases", fold.phases.join(", "), "judged"),
        ...fact("sync state", fold.syncState, "sql"),
        ...fact("ready", fold.ready === null ? null : fold.ready ? "yes" : "no", "sql"),
        ...fact("apps", plural(Object.keys(fold.apps).length, "app"), "sql"),
        ...fact("version", fold.database?.version, "sql"),
      ],
    };
  if (kind === "haf-app") {
    const app = own(fold.apps, id);
    if (app === undefined) return null;
    return {
      since: app.stateSince,
      evidence: null,
      health: fold.source,
      facts: [
        ...fact("stage", app.stage ?? "none", "sql"),
        ...fact("block", app.block === null ? null : formatCount(app.block), "sql, as of the last change"),
        ...fact("attached", app.attached ? "yes" : "no", "sql"),
        ...fact("owner", app.owner, "sql"),
      ],
    };
  }
  const role = own(fold.roles, id);
  if (role === undefined) return null;
  return {
    since: role.since,
    evidence: role.inferred ? "inferred from the database alone" : null,
    health: fold.source,
    facts: [
      ...fact("role", role.role, "judged"),
      ...fact("app", role.app, "judged"),
      ...fact("life", role.generation, "counted"),
      ...fact("image", role.container?.image, "docker"),
      ...fact("host", role.container?.host, "docker"),
      ...fact("exit code", role.exitCode, "docker"),
    ],
  };
}

function ofIngest(folds: Folds, { kind, source, id }: ThingRef): ThingKnown | null {
  const fold = ingestOf(folds, source);
  if (fold === null) return null;
  if (kind === "gateway") {
    const gateway = own(fold.gateways, id);
    if (gateway === undefined) return null;
    const receivers = Object.entries(gateway.receivers).map(([name, { state }]) => `${name} ${state}`);
    return {
      since: gateway.since,
      evidence: gateway.evidence,
      health: fold.source,
      facts: [
        ...fact("host", gateway.host, "its own name"),
        ...fact(
          "agents",
          countBy(fold.agents, ({ gateway: by }) => by === id),
          "heard last by it",
        ),
        ...fact("receivers", receivers.join(", "), "told by it"),
      ],
    };
  }
  const agent = own(fold.agents, id);
  if (agent === undefined) return null;
  const addresses = agent.about?.addresses ?? [];
  return {
    since: agent.stateSince,
    evidence: agent.evidence,
    health: fold.source,
    facts: [
      ...fact("hostname", agent.about?.hostname, "as it tells"),
      ...fact("addresses", isMasked(addresses) ? "hidden from viewers" : addresses.join(", "), "as it tells"),
      ...fact("program", agent.about?.program, "as it tells"),
      ...fact("comes from", shownText(agent.peer), "gateway"),
      ...fact("gateway", agent.gateway, "heard it last"),
    ],
  };
}

const countBy = <T>(record: Readonly<Record<string, T>>, is: (value: T) => boolean): string =>
  plural(Object.values(record).filter(is).length, "agent");

function ofDatabase(folds: Folds, { source, id }: ThingRef): ThingKnown | null {
  const fold = dnaOf(folds, source);
  const host = fold?.database?.hosts.find(({ hostId }) => hostId === id);
  if (fold === null || host === undefined) return null;
  return {
    since: null,
    evidence: null,
    health: fold.source,
    facts: [
      ...fact("address", host.address, "cql"),
      ...fact("database", `${fold.database?.name ?? ""} ${fold.database?.product ?? ""}`.trim(), "cql"),
      ...fact("data centre", host.dataCenter, "cql"),
      ...fact("rack", host.rack, "cql"),
      ...fact("version", host.version, "cql"),
      ...fact("host id", host.hostId, "cql"),
    ],
  };
}
