import { type Caller, sourceFor, visible } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import { own } from "#server/contract/fold/record.ts";
import type { HafSample } from "#server/contract/haf.ts";
import type { StreamSample } from "#server/contract/live.ts";
import { hafChecksOf } from "#server/contract/view/haf-checks.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/haf-stacks.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";

/** A configured stack as the queries see it. */
export interface HafStackSource {
  readonly id: string;
  readonly title: string;
  readonly region: string | null;
  readonly apps: readonly string[];
  fold(): HafFold;
  sample(): StreamSample | null;
}

/** Queries over the stacks, drawn from fold and samples: nothing is read for them. */
export function createHafService({ stacks }: { readonly stacks: readonly HafStackSource[] }) {
  return {
    async list(caller: Caller): WireOut<typeof wire.hafStacksOutput> {
      const seen = visible(caller, stacks);
      return { ...observedOf(seen), stacks: seen.map(stackView) };
    },

    async stack(caller: Caller, input: WireIn<typeof wire.hafStackInput>): WireOut<typeof wire.hafStackOutput> {
      const source = sourceFor(caller, stacks, input.source);
      const fold = source.fold();
      const sample = source.sample()?.haf ?? null;
      const { database, fork, hived, docker } = fold;
      const masked = docker.reason !== null && audienceOf(caller.principal) === "public";
      return {
        ...observedOf([source]),
        ...stackView(source),
        configuredApps: [...source.apps],
        database: database === null ? null : databaseView(database),
        fork,
        hived: hived === null ? null : { gitSha: hived.gitSha, since: toIso(hived.since) },
        docker: {
          state: docker.state,
          since: isoOrNull(docker.since),
          reason: masked ? { masked: true } : docker.reason,
        },
        apps: appViews(fold, sample),
        indexes: fold.indexes === null ? null : indexView(fold.indexes, sample),
        roles: Object.values(fold.roles).map(({ since, ...life }) => ({ ...life, since: toIso(since) })),
        checks: checkViews(fold),
        eventQueue: sample?.eventQueue ?? null,
        databaseBytes: sample?.databaseBytes ?? null,
        connections: [...(sample?.connections ?? [])],
        vacuum: [...(sample?.vacuum ?? [])],
      };
    },
  };
}

const isoOrNull = (instant: EpochMs): string | null => (instant === 0 ? null : toIso(instant));

function observedOf(stacks: readonly HafStackSource[]) {
  const instants = stacks.flatMap((stack) => stack.sample()?.asOf ?? []);
  const oldest = instants.toSorted((a, b) => a - b)[0];
  const asOf = instants.length === stacks.length && oldest !== undefined ? toIso(oldest) : null;
  const faults = stacks.flatMap((stack) => {
    const { state, since, reason } = stack.fold().source;
    if (state === "up") return [];
    const message = reason ?? (state === "starting" ? "not read yet" : "down");
    return [{ source: stack.id, message, since: isoOrNull(since) }];
  });
  return { asOf, faults };
}

function stackView(source: HafStackSource) {
  const fold = source.fold();
  const sample = source.sample()?.haf;
  const levels = Object.values(fold.checks).map(({ level }) => level);
  const states = Object.values(fold.apps).map(({ state }) => state);
  return {
    source: source.id,
    title: source.title,
    region: source.region,
    phases: [...fold.phases],
    phasesSince: isoOrNull(fold.phasesSince),
    syncState: fold.syncState,
    ready: fold.ready,
    block: sample?.block ?? fold.progress?.block ?? null,
    blockAgeMs: sample?.blockAgeMs ?? null,
    head: sample?.head ?? fold.progress?.head ?? null,
    blocksPerSecond: sample?.blocksPerSecond ?? null,
    leftMs: sample?.leftMs ?? null,
    busy: sample?.busy ?? null,
    appsByState: Object.fromEntries(
      [...new Set(states)].map((state) => [state, states.filter((each) => each === state).length]),
    ),
    critical: levels.filter((level) => level === "critical").length,
    warning: levels.filter((level) => level === "warning").length,
  };
}

function databaseView({ version, postgres, timeZone, seesApps, pruned }: NonNullable<HafFold["database"]>) {
  return { version, postgres, timeZone, seesApps, pruned };
}

function appViews({ apps }: HafFold, sample: HafSample | null) {
  return Object.entries(apps).map(([name, app]) => {
    const now = own(sample?.apps ?? {}, name);
    const { state, stateSince, stage, attached, inSync, block, forkId, owner, life } = app;
    return {
      ...{ name, state, since: toIso(stateSince), stage, attached, inSync, forkId, owner, life },
      block: now?.block ?? block,
      lagBlocks: now?.lagBlocks ?? null,
      blockAgeMs: now?.blockAgeMs ?? null,
      silentMs: now?.silentMs ?? null,
      blocksPerSecond: now?.blocksPerSecond ?? null,
      leftMs: now?.leftMs ?? null,
    };
  });
}

function indexView({ pending: _, stuck, ...counts }: NonNullable<HafFold["indexes"]>, sample: HafSample | null) {
  return { ...counts, stuck: [...stuck], building: (sample?.building ?? []).map((build) => ({ ...build })) };
}

const checkViews = (fold: HafFold) =>
  hafChecksOf(fold).map(({ id, level, title, evidence, about, since, explanation, remedy }) => ({
    ...{ id, level, title, detail: evidence, about: [...about], explanation, remedy },
    since: since === null ? null : toIso(since),
  }));
