/** Which streams there are, and which namespaces of records: a list that only the holder of the lease adds to. */
import { seal } from "#server/journal/adapters/chain.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { Fenced } from "./lease.ts";
import { numberIn, textIn } from "./rows.ts";
import type { Store } from "./store.ts";

export type RegistryKind = "stream" | "state";

export interface Names {
  /** In order of their bytes. */
  readonly names: readonly string[];
  readonly epoch: number | null;
  readonly digest: string | null;
}

/** Several consoles cannot collide here for long: each round that is lost was won by another. */
const ROUNDS_MAX = 20;
const NAMES_MAX = 100_000;

export async function readNames({ cql, statements }: Store, kind: RegistryKind, serial = false): Promise<Names> {
  const rows = await cql.read(statements.names(kind), { serial });
  const [first] = rows;
  return {
    names: rows.flatMap((row) => (typeof row.name === "string" ? [row.name] : [])),
    epoch: typeof first?.epoch === "bigint" ? numberIn(first, "epoch") : null,
    digest: typeof first?.digest === "string" ? textIn(first, "digest") : null,
  };
}

/** What proves, under the key, that no name was taken away. */
export const digestOf = (key: Uint8Array, kind: RegistryKind, names: readonly string[]): string =>
  seal(key, `registry ${kind}`, JSON.stringify([...names].sort()));

/** From here on no older epoch adds a name. @throws Fenced when a newer one holds the journal */
export async function fenceNames(store: Store, kind: RegistryKind, epoch: number): Promise<readonly string[]> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const found = await readNames(store, kind, true);
    if (found.epoch !== null && found.epoch > epoch) throw new Fenced();
    if (found.epoch === epoch) return found.names;
    await store.cql.conditional([store.statements.fenceNames(kind, epoch, found.epoch)]);
  }
  throw new OpsError("journal-unavailable", "The journal's list of names could not be taken over");
}

/** Adds a name; one that is there already stays. @throws Fenced when a newer epoch holds the journal */
export async function addName(store: Store, kind: RegistryKind, name: string, epoch: number): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const { names, digest: seen, epoch: holder } = await readNames(store, kind, true);
    if (holder !== epoch) throw new Fenced();
    if (names.includes(name)) return;
    if (names.length >= NAMES_MAX) throw new OpsError("limit-exceeded", `More than ${NAMES_MAX} names of ${kind}`);
    const digest = digestOf(store.key, kind, [...names, name]);
    await store.cql.conditional(store.statements.addName(kind, name, { epoch, seen, digest }));
  }
  throw new OpsError("journal-unavailable", `The ${kind} ${name} could not be made known`);
}
