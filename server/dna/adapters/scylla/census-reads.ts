import type { types } from "cassandra-driver";
import type { Incarnation } from "#server/dna/domain/identity.ts";
import type { DatabaseCapabilities } from "#server/dna/domain/keyspace-facts.ts";
import type { CensusPage, CensusPageQuery, DnaStore } from "#server/dna/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { quoteKeyspace } from "./identifier.ts";
import type { ReadRequest, ScyllaSession } from "./session.ts";

/** One page over the wire: with more than that a page would take two round trips. */
const PAGE_ROWS_MAX = 5_000;
/** A walk is in no hurry: a page that takes long is waited for rather than asked for twice. */
const PAGE_TIMEOUT_MS = 10_000;

/**
 * The slice of one type that a census counts, as this product takes it; paged by the
 * driver. The clauses of ScyllaDB stand where its grammar has them: `BYPASS CACHE`, then `USING TIMEOUT`.
 */
export function censusStatement(
  keyspaceName: string,
  lower: "none" | "after",
  { bypassCache, usingTimeout }: DatabaseCapabilities,
): string {
  return (
    `SELECT name, node_created, node_id FROM ${quoteKeyspace(keyspaceName)}.actors ` +
    `WHERE namespace = ? AND module_id = ?${lower === "after" ? " AND name > ?" : ""}` +
    (bypassCache ? " BYPASS CACHE" : "") +
    (usingTimeout ? ` USING TIMEOUT ${PAGE_TIMEOUT_MS / 1_000}s` : "")
  );
}

/** A slice that was begun, and the page that comes next in it. */
interface Slice {
  readonly of: string;
  readonly request: ReadRequest;
  readonly state: string | null;
}

/**
 * Pages by name, so that a walk can go on from any name at any time; within one walk the slice that was begun is read on,
 * which the database does faster than to begin another. Whatever goes wrong with it, the next page begins a new one.
 */
export function createCensusReads(
  session: Pick<ScyllaSession, "readPage">,
  keyspace: string,
  capabilities: () => Promise<DatabaseCapabilities>,
): Pick<DnaStore, "censusPage"> {
  let begun: Slice | null = null;
  const placeOf = ({ type, after, limit }: CensusPageQuery): string =>
    `${type.moduleId}/${limit}/${type.namespace.length}/${type.namespace}/${after}`;

  async function sliceOf(query: CensusPageQuery): Promise<Slice> {
    const { type, after, limit } = query;
    const known = begun;
    begun = null;
    if (after !== null && known?.of === placeOf(query)) return known;
    const request: ReadRequest = {
      statement: censusStatement(keyspace, after === null ? "none" : "after", await capabilities()),
      params: [type.namespace, type.moduleId, ...(after === null ? [] : [after])],
      ...{ rowsMax: limit, pageRows: limit, pageTimeoutMs: PAGE_TIMEOUT_MS },
    };
    return { of: "", request, state: null };
  }

  return {
    async censusPage(query) {
      const { limit } = query;
      if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_ROWS_MAX) {
        throw new OpsError("invalid-input", `A page has 1 to ${PAGE_ROWS_MAX} rows, not ${limit}`);
      }
      const { request, state } = await sliceOf(query);
      let page = await session.readPage(request, state);
      while (page.rows.length === 0 && page.state !== null) page = await session.readPage(request, page.state);
      const last: unknown = page.state === null ? undefined : page.rows.at(-1)?.name;
      const nextAfter = typeof last === "string" ? last : null;
      if (nextAfter !== null) begun = { of: placeOf({ ...query, after: nextAfter }), request, state: page.state };
      return { ...countOwners(page.rows), nextAfter };
    },
  };
}

interface OwnerCount {
  readonly createdAt: number;
  readonly id: bigint;
  keys: number;
}

/**
 * The cells are looked at as they come: a census reads a hundred million of them. An instant of creation is nearly always
 * that of one incarnation, so owners are found by it, cut to 32 bits, which is far faster than by a 64-bit id.
 */
export function countOwners(rows: readonly types.Row[]): Omit<CensusPage, "nextAfter"> {
  const byCreation = new Map<number, OwnerCount[]>();
  let [unreadable, ownerless] = [0, 0];
  for (const row of rows) {
    const created: unknown = row.node_created;
    const id: unknown = row.node_id;
    const createdAt = created instanceof Date ? created.getTime() : Number.NaN;
    if (typeof id === "bigint" && !Number.isNaN(createdAt)) {
      const place = createdAt | 0;
      const known = byCreation.get(place);
      if (known === undefined) byCreation.set(place, [{ createdAt, id, keys: 1 }]);
      else countIn(known, createdAt, id);
    } else if ((created ?? null) === null && (id ?? null) === null) ownerless += 1;
    else unreadable += 1;
  }
  const owners: { readonly owner: Incarnation; readonly keys: number }[] = [];
  for (const counts of byCreation.values())
    for (const { createdAt, id, keys } of counts) owners.push({ owner: { createdAt: epochMs(createdAt), id }, keys });
  return { rows: rows.length, unreadable, ownerless, owners };
}

function countIn(counts: OwnerCount[], createdAt: number, id: bigint): void {
  for (const count of counts) {
    if (count.createdAt !== createdAt || count.id !== id) continue;
    count.keys += 1;
    return;
  }
  counts.push({ createdAt, id, keys: 1 });
}
