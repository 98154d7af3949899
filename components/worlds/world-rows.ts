import type { DynflowFold, WorldFold } from "#server/contract/fold/dynflow.ts";

export interface WorldRow {
  readonly source: string;
  readonly id: string;
  readonly world: WorldFold;
  /** Locks whose owner it is. */
  readonly locks: readonly string[];
  /** Plans of those locks. */
  readonly plans: readonly string[];
  /** This console's own world. */
  readonly ours: boolean;
  /** Its source answers: what is shown is of now. */
  readonly known: boolean;
}

/** All worlds, those that need a person first: no answer to a ping, then inactive ones, then by host. Pure. */
export function worldRows(
  sources: readonly { readonly id: string; readonly fold: DynflowFold }[],
  own: ReadonlySet<string>,
): readonly WorldRow[] {
  const rows = sources.flatMap(({ id: source, fold }) =>
    Object.entries(fold.worlds).map(([id, world]): WorldRow => {
      const locks = Object.values(fold.locks).filter((lock) => lock.worldId === id);
      return {
        source,
        id,
        world,
        locks: locks.map((lock) => lock.class),
        plans: locks.flatMap((lock) => lock.planId ?? []),
        ours: own.has(id),
        known: fold.source.state === "up",
      };
    }),
  );
  return rows.toSorted((a, b) => rankOf(a) - rankOf(b) || (nameOf(a) < nameOf(b) ? -1 : 1));
}

function rankOf({ world }: WorldRow): number {
  if (world.ping !== null && world.ping.roundTripMs === null) return 0;
  return world.active === false ? 1 : 2;
}

export const nameOf = ({ world, id }: Pick<WorldRow, "world" | "id">): string => world.hostname ?? id;
