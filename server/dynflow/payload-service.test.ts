import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { Role } from "#server/auth/permissions.ts";
import { MASK_DOTS } from "#server/contract/mask-text.ts";
import { createMemoryJournal } from "#server/journal/adapters/memory/journal.ts";
import { silentLogger as log } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { emptySqliteDatabase } from "./adapters/sqlite/empty-database.test-kit.ts";
import { createSqliteStore } from "./adapters/sqlite/sqlite-store.ts";
import { encodePayload } from "./codec/payload.ts";
import { actionCells, type Cell, planCells, stepCells, uuid } from "./dynflow-tables.contract.ts";
import { createPayloadService } from "./payload-service.ts";
import type { DynflowSource } from "./source-view.ts";

const CANARY = "canary-7f3a";
const PLAN = uuid(1);
const ASKED = { source: "foreman", planId: PLAN };
const INPUT = {
  host: "pulp.example",
  credentials: { user: "ann", api_token: CANARY },
  url: `https://ann:${CANARY}@pulp.example`,
};

type Part = Parameters<ReturnType<typeof createPayloadService>["reveal"]>[1]["part"];

const as = (role: Role): Caller => ({
  principal: { id: role, role, kind: "token", sources: null, tokenId: role },
  address: "127.0.0.1",
});
const ids = (function* () {
  for (let number = 0; ; number += 1) yield `01JD0000000000000000000${String(number).padStart(3, "0")}`;
})();
const because = () => ({ reason: "the pull fails with 401", requestId: ids.next().value ?? "" });

describe("payloads as operators read them", () => {
  let file: ReturnType<typeof emptySqliteDatabase>;
  let service: ReturnType<typeof createPayloadService>;
  let journalled: () => Promise<string>;
  let close: () => Promise<void>;
  const insert = (table: string, row: Readonly<Record<string, Cell>>) => {
    const direct = new DatabaseSync(file.path);
    const values = Object.values(row).map((cell) => (typeof cell === "boolean" ? Number(cell) : cell));
    const places = Object.keys(row).map(() => "?");
    direct.prepare(`INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${places.join()})`).run(...values);
    direct.close();
  };
  const chunk = (text: Parameters<typeof encodePayload>[0], kind = "stdout") =>
    insert("dynflow_output_chunks", {
      execution_plan_uuid: PLAN,
      action_id: 1,
      kind,
      timestamp: "2026-11-22 05:45:46.000001",
      chunk: encodePayload(text),
    });

  beforeEach(async () => {
    file = emptySqliteDatabase();
    const error = { class: "E", exception_class: "RuntimeError", message: `secret: ${CANARY}`, backtrace: ["a.rb:1"] };
    insert("dynflow_execution_plans", planCells(1, { step_ids: encodePayload([1]) }));
    insert(
      "dynflow_actions",
      actionCells(1, 1, { input: encodePayload(INPUT), output: Buffer.from(`\xc1password ${CANARY}`) }),
    );
    insert("dynflow_steps", stepCells(1, 1, { state: "error", error: encodePayload(error) }));
    insert("dynflow_delayed_plans", {
      execution_plan_uuid: PLAN,
      args_serializer: "Dynflow::Serializers::Noop",
      serialized_args: encodePayload([{ password: CANARY }]),
    });
    const clock = createManualClock();
    const journal = createMemoryJournal(clock);
    const recorder = await createRecorder({ journal, clock, log });
    const store = createSqliteStore({ path: file.path });
    const source = {
      id: "foreman",
      store,
      fold: () => recorder.dynflow("foreman"),
      capabilities: () => null,
    } as unknown as DynflowSource;
    const operations = createOperations({ recorder, view: recorder, clock });
    service = createPayloadService({ sources: [source], clock, operations });
    journalled = async () => JSON.stringify(recorder.operator());
    close = () => store.close();
  });
  afterEach(async () => {
    await close();
    file.remove();
  });

  it("are revealed one value at a time, with who and why in the journal and never the value", async () => {
    const part: Part = { kind: "input", stepId: 1, place: [1, 1] };
    const answer = await service.reveal(as("operator"), { ...ASKED, part, ...because() });
    expect(answer).toMatchObject({ path: "input.credentials.api_token", value: CANARY });
    const written = await journalled();
    expect(written).toContain("the pull fails with 401");
    expect(written).toContain("input.credentials.api_token");
    expect(written).toContain('"phase":"executed"');
    expect(written).not.toContain(CANARY);
  });

  it("are revealed once for each request: the same again is refused, and what is not there is not journalled", async () => {
    const again = because();
    const part = { kind: "error", stepId: 1 } as const;
    const { value } = await service.reveal(as("operator"), { ...ASKED, part, ...again });
    expect(value).toEqual({ exceptionClass: "RuntimeError", message: `secret: ${CANARY}`, backtrace: ["a.rb:1"] });
    await expect(service.reveal(as("operator"), { ...ASKED, part, ...again })).rejects.toMatchObject({
      code: "conflict",
    });
    const gone: Part = { kind: "input", stepId: 1, place: [9] };
    const missing = because();
    await expect(service.reveal(as("operator"), { ...ASKED, part: gone, ...missing })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await journalled()).not.toContain(missing.requestId);
  });

  it("are revealed in arguments, chunks and bytes too", async () => {
    chunk(`token=${CANARY}`);
    const { chunks } = await service.chunks(as("operator"), { ...ASKED, stepId: 1, after: 0 });
    const chunkId = Array.isArray(chunks) ? (chunks[0]?.id ?? 0) : 0;
    const reveal = async (part: Parameters<typeof service.reveal>[1]["part"]) =>
      (await service.reveal(as("admin"), { ...ASKED, part, ...because() })).value;
    expect(await reveal({ kind: "arguments", place: [0, 0] })).toBe(CANARY);
    expect(await reveal({ kind: "chunk", stepId: 1, chunkId })).toBe(`token=${CANARY}`);
    const bytes = await reveal({ kind: "bytes", row: "action", id: 1, column: "output" });
    expect(Buffer.from(String(bytes), "base64").toString()).toContain(CANARY);
  });

  it("come in pages of chunks, whose secret may lie over the edge of two", async () => {
    for (const text of ["first\n", "password=", CANARY, " end\n"]) chunk(text);
    chunk(`${CANARY} of another kind has no key before it`.replace(CANARY, "x"), "stderr");
    const { chunks, next } = await service.chunks(as("operator"), { ...ASKED, stepId: 1, after: 0 });
    expect(JSON.stringify(chunks)).not.toContain(CANARY);
    const texts = Array.isArray(chunks) ? chunks.map((each) => ("value" in each.chunk ? each.chunk.value : null)) : [];
    expect(texts.slice(0, 4)).toEqual(["first\n", "password=", MASK_DOTS, " end\n"]);
    expect(next).toBeNull();
    for (let index = 0; index < 194; index += 1) chunk(`line ${index}\n`);
    chunk("password=");
    for (let index = 0; index < 200; index += 1) chunk(CANARY);
    const first = await service.chunks(as("operator"), { ...ASKED, stepId: 1, after: 0 });
    expect(Array.isArray(first.chunks) ? first.chunks.length : 0).toBe(200);
    const second = await service.chunks(as("operator"), { ...ASKED, stepId: 1, after: first.next ?? 0 });
    const after = Array.isArray(second.chunks) ? second.chunks : [];
    expect(after[0]?.id).toBe((first.next ?? 0) + 1);
    expect(after.length).toBe(199);
    expect(JSON.stringify([first, second])).not.toContain(CANARY);
  });

  it("are shown as stored but for what is masked: neither tree nor bytes hold it", async () => {
    const row = await service.raw(as("operator"), { ...ASKED, row: "action", id: 1 });
    const blobOf = (name: string) => row.columns.find((column) => column.name === name)?.blob;
    expect(row).toMatchObject({ table: "dynflow_actions", rule: "columns" });
    expect(blobOf("input")).toMatchObject({ form: "msgpack", head: null, withheld: "They hold what is masked" });
    expect(blobOf("input")?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(blobOf("output")).toMatchObject({ head: null, decoded: { unreadable: expect.any(String) } });
    const bytes = await service.rawBytes(as("operator"), {
      ...ASKED,
      row: "action",
      id: 1,
      column: "input",
      offset: 0,
    });
    expect(bytes).toMatchObject({ bytes: null, total: encodePayload(INPUT).length });
    const plan = await service.raw(as("operator"), { ...ASKED, row: "plan", id: null });
    const steps = plan.columns.find((column) => column.name === "step_ids")?.blob;
    expect(steps).toMatchObject({ head: Buffer.from(encodePayload([1])).toString("base64"), withheld: null });
    const all = [row, bytes, plan, await service.raw(as("operator"), { ...ASKED, row: "delayed", id: null })];
    expect(JSON.stringify(all)).not.toContain(CANARY);
  });

  it("show viewers nothing of any blob", async () => {
    chunk("plain");
    const answers = [
      await service.chunks(as("viewer"), { ...ASKED, stepId: 1, after: 0 }),
      await service.raw(as("viewer"), { ...ASKED, row: "action", id: 1 }),
      await service.raw(as("viewer"), { ...ASKED, row: "step", id: 1 }),
      await service.rawBytes(as("viewer"), { ...ASKED, row: "plan", id: null, column: "step_ids", offset: 0 }),
    ];
    const text = JSON.stringify(answers);
    for (const secret of [CANARY, "plain", "pulp.example", "RuntimeError"]) expect(text).not.toContain(secret);
    expect(text).toContain('"masked":true');
  });

  it("of a source that the caller may not see are not found", async () => {
    const stranger: Caller = { ...as("admin"), principal: { ...as("admin").principal, sources: ["other"] } };
    const part = { kind: "error", stepId: 1 } as const;
    await expect(service.reveal(stranger, { ...ASKED, part, ...because() })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});
