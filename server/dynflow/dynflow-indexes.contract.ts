import type { CompiledQuery } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenedTables, planCells } from "./dynflow-tables.contract.ts";
import type { DynflowStore, PlanPage, PlanQuery } from "./ports.ts";

/** A database whose statements can be looked at. */
export interface IndexedTables extends OpenedTables {
  /** The same database, read by a store that knows its indexes as they are now; every statement of it is told. */
  observed(onStatement: (query: CompiledQuery) => void): DynflowStore;
  /** The plan of a statement, as the server tells it. */
  explain(query: CompiledQuery): Promise<string>;
  /** Brings the server's statistics up to date. */
  analyse(): Promise<void>;
}

const PLANS = 3_000;
const ANY = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null } as const;
/** Few are running, as in life. */
const stateOf = (number: number): string => (number % 60 === 0 ? "running" : number % 5 === 0 ? "paused" : "stopped");

/** Instants of which many are shared, some at fractions of a second, and some are not there at all. */
function startedAt(number: number): string | null {
  if (number % 17 === 0) return null;
  const second = String(Math.floor(number / 7) % 60).padStart(2, "0");
  const minute = String(Math.floor(number / 420) % 60).padStart(2, "0");
  const fraction = ["", ".5", ".123456"][number % 3];
  return `2026-11-22 05:${minute}:${second}${fraction}`;
}

const query = (more: Partial<PlanQuery> = {}): PlanQuery => ({
  filter: ANY,
  sort: "startedAt",
  descending: true,
  limit: 50,
  from: null,
  ...more,
});

const QUERIES: readonly (readonly [string, PlanQuery])[] = [
  ["latest first", query()],
  ["earliest first", query({ descending: false })],
  ["the hundredth row on", query({ from: { offset: 100 } })],
  ["from the end", query({ from: { last: true } })],
  ["of one state", query({ filter: { ...ANY, states: ["paused"] } })],
  ["of two states", query({ filter: { ...ANY, states: ["paused", "running"] } })],
  ["of a state that nobody is in", query({ filter: { ...ANY, states: ["hovering"] } })],
  ["since an instant", query({ filter: { ...ANY, startedFrom: "2026-11-22T05:06:30.500000Z" } })],
  [
    "of one state, until an instant",
    query({ filter: { ...ANY, states: ["stopped"], startedTo: "2026-11-22T05:02:00Z" } }),
  ],
];

/** What an index that somebody made changes, and what it does not. Run against each adapter. */
export function dynflowIndexesContract(name: string, open: () => Promise<IndexedTables>): void {
  describe(`indexes on the plan table: ${name}`, () => {
    let tables: IndexedTables;
    beforeEach(async () => {
      tables = await open();
      for (let number = 1; number <= PLANS; number += 1) {
        const cells = { label: "Lab::Echo", state: stateOf(number), started_at: startedAt(number) };
        await tables.insert("dynflow_execution_plans", planCells(number, cells));
      }
    }, 180_000);
    afterEach(() => tables.close());

    const ids = (page: PlanPage) => page.rows.map((row) => row.id);

    /** Three pages on, and back again. */
    async function walked(store: DynflowStore, asked: PlanQuery): Promise<readonly (readonly string[])[]> {
      let page = await store.plans(asked);
      const pages = [ids(page)];
      for (const direction of ["next", "next", "previous", "previous"] as const) {
        const cursor = direction === "next" ? page.nextCursor : page.previousCursor;
        if (cursor === null) break;
        page = await store.plans({ ...asked, from: { cursor, direction } });
        pages.push(ids(page));
      }
      return pages;
    }
    const all = (store: DynflowStore) => Promise.all(QUERIES.map(([, asked]) => walked(store, asked)));

    it("are found, used where they serve, and change no page", async () => {
      const without = await all(tables.store);
      expect((await tables.store.capabilities()).indexes.filter(([first]) => first !== "uuid")).toEqual([]);
      await tables.run("create index h_started on dynflow_execution_plans (started_at)");
      await tables.run("create index h_state_started on dynflow_execution_plans (state, started_at)");
      await tables.analyse();
      const statements: CompiledQuery[] = [];
      const store = tables.observed((statement) => statements.push(statement));
      const { indexes } = await store.capabilities();
      expect(
        indexes
          .filter(([first]) => first !== "uuid")
          .map((columns) => columns.join())
          .sort(),
      ).toEqual(["started_at", "state,started_at"]);
      expect(await all(store)).toEqual(without);

      const plansOf = async (asked: PlanQuery): Promise<readonly string[]> => {
        statements.length = 0;
        await store.plans(asked);
        return Promise.all(statements.splice(0).map((statement) => tables.explain(statement)));
      };
      const [boundary = "", page = "", ...more] = await plansOf(query());
      expect(more).toEqual([]);
      expect(boundary).toContain("h_started");
      expect(page).toContain("h_started");
      for (const text of await plansOf(query({ limit: 5, filter: { ...ANY, states: ["running"] } }))) {
        expect(text).toMatch(/h_(state_)?started/);
      }
      await store.close();
    }, 180_000);
  });
}
