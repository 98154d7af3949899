import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodePayload } from "./codec/payload.ts";
import {
  actionCells,
  type OpenedTables,
  type OpenTables,
  planCells,
  stepCells,
  uuid,
} from "./dynflow-tables.contract.ts";
import type { RawRow } from "./ports.ts";

const cellOf = (row: RawRow | null, column: string) => row?.cells.find((cell) => cell.column === column);

/** What every adapter promises of rows shown as they are stored. */
export function dynflowRawContract(name: string, open: OpenTables): void {
  describe(`DynflowStore contract, raw rows: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
      await tables.insert("dynflow_execution_plans", planCells(1, { label: "Lab::Echo" }));
      await tables.insert("dynflow_actions", actionCells(1, 1, { input: encodePayload({ text: "a" }) }));
      await tables.insert("dynflow_steps", stepCells(1, 2, { error: Buffer.from([0xc1]) }));
    });
    afterEach(() => tables.close());

    it("tell every column of the table, by name, NULL as nothing", async () => {
      const row = await tables.store.raw({ row: "plan", planId: uuid(1) });
      const names = row?.cells.map(({ column }) => column) ?? [];
      expect(names).toEqual(names.toSorted());
      expect(names).toEqual(expect.arrayContaining(["data", "label", "run_flow", "started_at", "step_ids", "uuid"]));
      expect(row?.table).toBe("dynflow_execution_plans");
      expect(cellOf(row, "label")).toEqual({ column: "label", text: "Lab::Echo", blob: null });
      expect(cellOf(row, "data")).toEqual({ column: "data", text: null, blob: null });
      expect(cellOf(row, "uuid")?.text).toBe(uuid(1));
    });

    it("show columns that are none of Dynflow's as they stand, whatever their type", async () => {
      const [json, bytes] = { postgres: ["jsonb", "bytea"], mysql: ["json", "blob"], sqlite: ["json", "blob"] }[
        tables.dialect
      ];
      await tables.run(`alter table dynflow_execution_plans add column extra_json ${json}`);
      await tables.run(`alter table dynflow_execution_plans add column extra_bytes ${bytes}`);
      const extra = { extra_json: '{"a": [1, 2]}', extra_bytes: Buffer.from("caf\u00e9") };
      await tables.insert("dynflow_execution_plans", planCells(7, extra));
      const row = await tables.store.raw({ row: "plan", planId: uuid(7) });
      expect(cellOf(row, "extra_json")?.text).toBe('{"a": [1, 2]}');
      expect(cellOf(row, "extra_bytes")?.text).toBe("caf\u00e9");
    });

    it("give bytes with what they are decoded to, or why they cannot be", async () => {
      const action = await tables.store.raw({ row: "action", planId: uuid(1), id: 1 });
      const input = cellOf(action, "input")?.blob;
      expect(input).toMatchObject({ form: "msgpack", decoded: { ok: true, value: { text: "a" } } });
      expect(Buffer.from(input?.bytes ?? [])).toEqual(Buffer.from(encodePayload({ text: "a" })));
      expect(input?.length).toBe(encodePayload({ text: "a" }).length);
      const step = await tables.store.raw({ row: "step", planId: uuid(1), id: 2 });
      expect(cellOf(step, "error")?.blob).toMatchObject({ length: 1, decoded: { ok: false } });
    });

    it("are of the delayed table too", async () => {
      await tables.insert("dynflow_delayed_plans", {
        execution_plan_uuid: uuid(1),
        args_serializer: "Dynflow::Serializers::Noop",
        serialized_args: encodePayload([1]),
        frozen: false,
      });
      const row = await tables.store.raw({ row: "delayed", planId: uuid(1) });
      expect(cellOf(row, "serialized_args")?.blob?.decoded).toEqual({ ok: true, value: [1] });
    });

    it("are none for what is not there, and for what is no id", async () => {
      const asked = [
        { row: "plan", planId: uuid(9) },
        { row: "plan", planId: "'; drop table dynflow_steps; --" },
        { row: "step", planId: uuid(1), id: 3 },
        { row: "action", planId: uuid(1), id: 2 ** 40 },
        { row: "delayed", planId: uuid(1) },
      ] as const;
      for (const ref of asked) expect(await tables.store.raw(ref)).toBeNull();
    });
  });
}
