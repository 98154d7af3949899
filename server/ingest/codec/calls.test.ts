import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { readBye, readData, readPing, readSession } from "./calls.ts";
import { readFrame } from "./frames.ts";

const ITEM = {
  seq: 1,
  at: "2026-11-22T10:00:00.5Z",
  type: "system_metrics",
  kind: "statistics",
  body: { cpu_load: 1 },
};
const DATA = { agent_id: "host-1", boot_id: "b1", items: [ITEM] };

describe("data", () => {
  it("takes instants as ISO text with a zone or as epoch milliseconds", () => {
    const read = readData(
      {
        ...DATA,
        items: [ITEM, { ...ITEM, seq: 2, at: 1_795_341_600_500 }, { ...ITEM, seq: 3, at: "2026-11-22T12:00:00+02:00" }],
      },
      10,
    );
    expect(read.ok && read.value.items.map(({ at }) => at)).toEqual([
      1_795_341_600_500, 1_795_341_600_500, 1_795_341_600_000,
    ]);
  });

  it.each<[string, JsonObject, string, string]>([
    ["no agent", { boot_id: "b", items: [] }, "missing", "agent_id"],
    ["an agent that is no text", { ...DATA, agent_id: 5 }, "not-text", "agent_id"],
    ["an agent with a star", { ...DATA, agent_id: "host-*" }, "out-of-range", "agent_id"],
    ["an agent with a line break", { ...DATA, agent_id: "a\nb" }, "out-of-range", "agent_id"],
    ["an agent without end", { ...DATA, agent_id: "a".repeat(201) }, "too-long", "agent_id"],
    ["no boot", { agent_id: "a", items: [] }, "missing", "boot_id"],
    ["no items", { agent_id: "a", boot_id: "b" }, "missing", "items"],
    ["items that are no list", { ...DATA, items: {} }, "not-list", "items"],
    ["too many items", { ...DATA, items: [ITEM, ITEM, ITEM] }, "too-many", "items"],
    ["an item that is none", { ...DATA, items: [ITEM, 5] }, "not-object", "items[1]"],
    ["an item without a number", { ...DATA, items: [ITEM, { ...ITEM, seq: null }] }, "not-number", "items[1].seq"],
    ["number 0", { ...DATA, items: [{ ...ITEM, seq: 0 }] }, "out-of-range", "items[0].seq"],
    ["half a number", { ...DATA, items: [{ ...ITEM, seq: 1.5 }] }, "out-of-range", "items[0].seq"],
  ])("is refused whole with %s", (_, from, code, path) => {
    expect(readData(from, 2)).toEqual({ ok: false, fault: { code, path } });
  });

  it.each<[string, Record<string, JsonValue>, string, string]>([
    ["no time", { at: null }, "missing", "at"],
    ["a time without a zone", { at: "2026-11-22T10:00:00" }, "not-time", "at"],
    ["a time that no calendar has", { at: "2026-13-40T10:00:00Z" }, "not-time", "at"],
    ["a time before all", { at: -1 }, "out-of-range", "at"],
    ["a type that is no text", { type: 1 }, "not-text", "type"],
    ["a kind without end", { kind: "k".repeat(65) }, "too-long", "kind"],
    ["a body that is a list", { body: [1] }, "not-object", "body"],
  ])("refuses an item alone with %s, and takes the others", (_, change, code, path) => {
    const read = readData(
      {
        ...DATA,
        items: [
          { ...ITEM, ...change, seq: 7 },
          { ...ITEM, seq: 8 },
        ],
      },
      10,
    );
    expect(read).toMatchObject({ ok: true, value: { items: [{ seq: 8 }], refused: [{ seq: 7, code, path }] } });
  });
});

it("session, ping and bye tell what they have, and what is missing", () => {
  expect(readSession({ agent_id: "a", about: { hostname: "h", addresses: ["10.0.0.1"] } })).toEqual({
    ok: true,
    value: { agentId: "a", about: { hostname: "h", addresses: ["10.0.0.1"], program: null } },
  });
  expect(readSession({ agent_id: "a", about: { addresses: Array.from({ length: 17 }, () => "x") } })).toEqual({
    ok: false,
    fault: { code: "too-many", path: "about.addresses" },
  });
  expect(readPing({ agent_id: "a", boot_id: "b", sent_at: 5, last_rtt_ms: -1 })).toEqual({
    ok: false,
    fault: { code: "out-of-range", path: "last_rtt_ms" },
  });
  expect(readBye({ agent_id: "a", boot_id: "b" })).toMatchObject({ ok: true, value: { reason: null } });
});

it("a frame is known by its op", () => {
  expect(readFrame({ op: "data", id: 4, items: [ITEM] }, 5)).toMatchObject({
    ok: true,
    value: { op: "data", id: 4, claim: { agentId: null, bootId: null }, items: [{ seq: 1 }] },
  });
  expect(readFrame({ op: "drop" }, 5)).toEqual({ ok: false, fault: { code: "unknown-op", path: "op" } });
  expect(readFrame({}, 5)).toEqual({ ok: false, fault: { code: "missing", path: "op" } });
  expect(readFrame({ op: "hello", agent_id: "a", boot_id: "b" }, 5)).toEqual({
    ok: false,
    fault: { code: "missing", path: "token" },
  });
});
