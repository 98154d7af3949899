import { expect, it } from "vitest";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import { createSqliteStore } from "./adapters/sqlite/sqlite-store.ts";
import { toRawView } from "./raw-view.ts";

const ANY = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null } as const;

it.each([
  ["v05", "data", "json"],
  ["v20", "columns", "json"],
  ["v25", "columns", "msgpack"],
] as const)(
  "rows of %s tell by which rule they are read (%s) and what they are written in (%s)",
  async (file, rule, form) => {
    const store = createSqliteStore({ path: `fixtures/dynflow/${file}.sqlite` });
    try {
      const { rows } = await store.plans({ filter: ANY, sort: "id", descending: false, limit: 20, from: null });
      expect(rows.length).toBe(20);
      for (const { id } of rows) {
        const steps = await store.stepsPart({ planId: id, after: null, limit: 2 });
        const refs = [
          { row: "plan", planId: id } as const,
          ...steps.map((step) => ({ row: "step", planId: id, id: step.id }) as const),
          ...steps.map((step) => ({ row: "action", planId: id, id: step.actionId }) as const),
        ];
        for (const ref of refs) {
          const row = await store.raw(ref);
          if (row === null) throw new Error(`no row ${JSON.stringify(ref)}`);
          const view = toRawView(row, "operator", DEFAULT_MASK_RULES);
          expect(view.rule).toBe(rule);
          const blobs = view.columns.flatMap(({ blob }) => (blob === null ? [] : [blob]));
          if (ref.row !== "step") expect(blobs.length).toBeGreaterThan(0);
          for (const blob of blobs) {
            expect(blob.form).toBe(form);
            expect(blob.decoded).not.toHaveProperty("unreadable");
          }
        }
      }
    } finally {
      await store.close();
    }
  },
);
