import type { EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type ActorKey, type ActorType, type Incarnation, sameIncarnation } from "./domain/identity.ts";
import type { CasOutcome, DnaStore } from "./ports.ts";

/** A row of the register. */
export interface RegisterRow {
  readonly owner: Incarnation;
  readonly claimedAt: EpochMs | null;
}

/** A round as it was sent. */
export interface RegisterRound {
  readonly at: number;
  readonly keys: number;
}

/** A register of rows in memory, with what may go wrong in its rounds. For tests of what writes to it. */
export function createRegister() {
  const rows = new Map<string, RegisterRow>();
  const key = (type: ActorType, name: string) => `${type.moduleId}/${type.namespace}|${name}`;
  const rounds: RegisterRound[] = [];
  const state = {
    rows,
    rounds,
    key,
    /** What the next rounds answer instead of the truth: `lost-applied` applies and says nothing. */
    faults: [] as ("lost-applied" | "lost-unapplied")[],
    down: false,
    /** Rounds that find no host: they throw, and nothing was sent. */
    unreachable: 0,
    clock: { monotonic: () => 0 },
    /** Called in the middle of each round, before it is applied. */
    onRound: (_names: readonly string[]): void => undefined,
    put(type: ActorType, names: readonly string[], owner: Incarnation) {
      for (const name of names) rows.set(key(type, name), { owner, claimedAt: null });
    },
    owned: (owner: Incarnation) => [...rows.values()].filter((row) => sameIncarnation(row.owner, owner)).length,
  };
  const guard = () => {
    if (state.down) throw new OpsError("upstream-unavailable", "no host answered");
  };

  function round(
    type: ActorType,
    names: readonly string[],
    owner: Incarnation,
    heirOf: (name: string) => RegisterRow | null = () => null,
  ): CasOutcome {
    if (state.unreachable > 0) {
      state.unreachable -= 1;
      throw new OpsError("upstream-unavailable", "no host was reached");
    }
    rounds.push({ at: state.clock.monotonic(), keys: names.length });
    state.onRound(names);
    const fault = state.faults.shift();
    const holds = names.every((name) => {
      const row = rows.get(key(type, name));
      return row !== undefined && sameIncarnation(row.owner, owner);
    });
    if (holds && fault !== "lost-unapplied")
      for (const name of names) {
        const heir = heirOf(name);
        if (heir === null) rows.delete(key(type, name));
        else rows.set(key(type, name), heir);
      }
    if (fault !== undefined) return { kind: "unknown", reason: "write time-out" };
    const told = rows.get(key(type, names[0] ?? ""))?.owner ?? null;
    return holds ? { kind: "applied" } : { kind: "rejected", owner: names.length === 1 ? told : "not-told" };
  }

  const store: Pick<
    DnaStore,
    "actorPage" | "actor" | "release" | "releaseBatch" | "claim" | "claimBatch" | "actorTypes"
  > = {
    actorTypes: async () => [],
    async actorPage({ type, after, limit }) {
      guard();
      const prefix = key(type, "");
      const names = [...rows.keys()]
        .filter((entry) => entry.startsWith(prefix))
        .map((entry) => entry.slice(prefix.length))
        .sort();
      const found = names.filter((name) => after === null || name > after).slice(0, limit);
      const page = found.map((name) => ({ name, owner: null, claimedAt: null, ...rows.get(key(type, name)) }));
      return { rows: page, nextAfter: found.length === limit ? (found.at(-1) ?? null) : null };
    },
    async actor({ name, ...type }: ActorKey) {
      guard();
      const row = rows.get(key(type, name));
      return row === undefined ? null : { name, ...row };
    },
    release: async ({ name, ...type }, owner) => round(type, [name], owner),
    releaseBatch: async (type, names, owner) => round(type, names, owner),
    claim: async ({ name, ...type }, from, to, claimedAt) =>
      round(type, [name], from, () => ({ owner: to, claimedAt })),
    async claimBatch(type, claims, from, claimedAt) {
      const heirs = new Map(claims.map(({ name, to }) => [name, { owner: to, claimedAt }]));
      return round(type, [...heirs.keys()], from, (name) => heirs.get(name) ?? null);
    },
  };
  return { ...state, state, store: store as DnaStore };
}
