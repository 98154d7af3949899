import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { maskRulesOf } from "#server/contract/mask-rules.ts";
import type { ActorLive } from "#server/contract/wire/dna-actors.ts";
import { STORAGE_VALUE_MAX_BYTES } from "#server/contract/wire/dna-actors.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createActorsService } from "./actors-service.ts";
import { toIncarnationId } from "./domain/identity.ts";
import type { DnaStore } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";
import { createStopWorld, key, NODE, OTHER, OWNER } from "./stop.test-kit.ts";

const caller: Caller = {
  principal: { id: "mira", role: "operator", kind: "token", sources: null, tokenId: "t" },
  address: "10.0.0.1",
};
const SECRET = "canary-5f2c";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const WRITTEN_AT = epochMs(1_795_000_000_000);

function setUp(values: Readonly<Record<string, Uint8Array>> = {}) {
  const clock = createManualClock();
  const world = createStopWorld(clock);
  const store: Partial<DnaStore> = {
    actor: world.source.store.actor,
    ownerWrittenAt: async () => WRITTEN_AT,
    storageRows: async () => ({
      rows: Object.entries(values).map(([name, value]) => ({
        key: bytes(name),
        size: value.length,
        writtenAt: WRITTEN_AT,
      })),
      nextAfter: null,
    }),
    async storageValue(_key, storageKey, maxBytes) {
      const value = values[new TextDecoder().decode(storageKey)];
      if (value === undefined) return null;
      if (value.length > maxBytes) return { kind: "too-large", size: value.length };
      return { kind: "value", bytes: value, writtenAt: WRITTEN_AT };
    },
  };
  const source: DnaSource = Object.defineProperty(Object.create(world.source) as DnaSource, "store", { value: store });
  const service = createActorsService({ sources: [source], clock, masks: maskRulesOf(["password", "token"]) });
  return { world, service };
}
const asked = { source: "eu-1", ...key("oslo") };

describe("what an actor has stored", () => {
  const STORED = {
    state: bytes(
      JSON.stringify({ city: "Oslo", api_token: SECRET, list: [{ password: SECRET }], $ref: { password: SECRET } }),
    ),
    note: bytes(`wind: 3\ntoken=${SECRET}\n`),
    plain: bytes("line 1\nline 2\n"),
    raw: Uint8Array.from([0, 1, 2, 255]),
    rawSecret: Uint8Array.from([0, ...bytes(`token=${SECRET}`)]),
    number: bytes("42"),
    deep: bytes(`${"[".repeat(5_000)}${"]".repeat(5_000)}`),
    large: new Uint8Array(STORAGE_VALUE_MAX_BYTES + 1),
  };
  const value = async (name: string) => {
    const answer = await setUp(STORED).service.storageValue(caller, { ...asked, key: btoa(name) });
    return answer.value;
  };

  it("is listed by key and size, and no byte of a value is in the list", async () => {
    const { service } = setUp(STORED);
    const answer = await service.storage(caller, { ...asked, after: null, limit: 50 });
    expect(answer.rows).toHaveLength(8);
    expect(answer.rows[0]).toMatchObject({ key: btoa("state"), text: "state", size: STORED.state.length });
    expect(JSON.stringify(answer)).not.toContain("canary");
    expect(JSON.stringify(answer)).not.toContain(btoa(SECRET).slice(0, 8));
  });

  it("is a tree where it is JSON, with what the masks hide replaced and its bytes withheld", async () => {
    expect(await value("state")).toMatchObject({ form: "json", base64: null, withheld: expect.any(String) });
  });

  it("is text where it is some, a bare number too, and bytes else", async () => {
    expect(await value("plain")).toMatchObject({
      form: "text",
      text: "line 1\nline 2\n",
      base64: btoa("line 1\nline 2\n"),
    });
    expect(await value("number")).toMatchObject({ form: "text", text: "42" });
    expect(await value("raw")).toMatchObject({ form: "bytes", base64: "AAEC/w==", text: null });
  });

  it("hides what the masks hide in every form", async () => {
    for (const name of ["state", "note", "rawSecret"]) {
      const answer = JSON.stringify(await value(name));
      expect(answer).not.toContain("canary");
      expect(atob((/"base64":"([^"]*)"/.exec(answer) ?? [])[1] ?? "")).not.toContain("canary");
    }
  });

  it("is bounded in size and depth", async () => {
    expect(await value("large")).toEqual({
      tooLarge: true,
      bytes: STORAGE_VALUE_MAX_BYTES + 1,
      maxBytes: STORAGE_VALUE_MAX_BYTES,
    });
    expect(await value("deep")).toMatchObject({ form: "text" });
  });

  it("is nothing where nothing is, and asked for by keys in base64 only", async () => {
    expect(await value("nobody")).toBeNull();
    await expect(setUp().service.storageValue(caller, { ...asked, key: "not base64!" })).rejects.toMatchObject({
      code: "invalid-input",
    });
  });
});

describe("whether an actor runs", () => {
  const liveOf = async (befall: (world: ReturnType<typeof setUp>["world"]) => unknown): Promise<ActorLive> => {
    const { world, service } = setUp();
    befall(world);
    return (await service.live(caller, asked)).live;
  };

  it("is told with its partition, its phase and its whole backlog", async () => {
    expect(await liveOf(({ start }) => start("oslo", 1, { buffered: 31, mailbox: 2 }))).toMatchObject({
      ...{ kind: "running", node: NODE, partition: 1, phase: "pending_storage", buffered: 31, mailbox: 2 },
      incarnation: toIncarnationId(OWNER),
    });
  });
  it.each<[string, Parameters<typeof liveOf>[0], object]>([
    ["owned and not running", ({ start, running }) => [start("oslo"), running.clear()], { kind: "absent", node: NODE }],
    ["owned by nobody", () => undefined, { kind: "off", noAccess: false }],
    [
      "owned by an incarnation that has ended",
      ({ start, state }) => [start("oslo"), Object.assign(state, { identity: OTHER })],
      { kind: "other", incarnation: toIncarnationId(OTHER) },
    ],
    [
      "owned by somebody who was never seen",
      ({ rows }) => rows.set("oslo", { name: "oslo", owner: OTHER, claimedAt: null }),
      { kind: "off", noAccess: false },
    ],
    [
      "at a node that does not answer",
      ({ start, state }) => [start("oslo"), Object.assign(state, { unreachable: true })],
      { kind: "unreachable", reason: expect.stringMatching(/nobody listens/) },
    ],
    [
      "where nodes cannot be asked",
      ({ start, state }) => [start("oslo"), Object.assign(state, { access: false })],
      { kind: "off", noAccess: true, reason: expect.stringMatching(/not configured/) },
    ],
  ])("is not guessed: %s", async (_name, befall, live) => {
    expect(await liveOf(befall)).toMatchObject(live);
  });

  it("says when the owner was written, by the database", async () => {
    expect((await setUp().service.live(caller, asked)).ownerWrittenAt).toBe(new Date(WRITTEN_AT).toISOString());
  });
});

describe("a message at a chosen node", () => {
  it("is explained by what the node told, and without access by the database alone, saying so", async () => {
    const { world, service } = setUp();
    world.start("oslo");
    const entry = toIncarnationId(OWNER);
    expect(await service.explain(caller, { ...asked, entry })).toMatchObject({
      end: "deliver",
      entry: { incarnation: entry, node: NODE, asked: true, missing: null },
    });
    world.state.access = false;
    expect(await service.explain(caller, { ...asked, entry })).toMatchObject({
      end: "deliver",
      entry: { asked: false, missing: expect.stringMatching(/not configured/) },
    });
    expect((await service.explain(caller, { ...asked, entry: null })).entry).toBeNull();
  });
  it("names the incarnation that the node is by now", async () => {
    const { world, service } = setUp();
    world.start("oslo");
    world.state.identity = OTHER;
    const answer = await service.explain(caller, { ...asked, entry: toIncarnationId(OWNER) });
    expect(answer.entry?.incarnation).toBe(toIncarnationId(OTHER));
    expect(answer.assumptions.join(" ")).toMatch(/by now/);
  });
});
