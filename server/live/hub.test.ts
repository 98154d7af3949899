import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import { parseCursor } from "#server/contract/cursor.ts";
import type { EventDraft } from "#server/contract/event.ts";
import { anyHistory } from "#server/contract/fold/events.contract.ts";
import { emptyFold, FOLD_VERSION, type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import type { LiveMessage } from "#server/contract/live.ts";
import { maskFolds } from "#server/contract/mask.ts";
import { visibleFolds } from "#server/contract/visibility.ts";
import { createMemoryJournal, emptyMemory, type MemoryContent } from "#server/journal/adapters/memory/journal.ts";
import type { Journal } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { createHub, type Hub, type HubLimits, type SubscribeRequest } from "./hub.ts";
import { createRecorder, type LiveRecorder } from "./recorder.ts";
import type { LiveSink } from "./subscriber.ts";

const STREAM = "dna:eu-1";
const DAY_MS = 86_400_000;
const log = silentLogger;

const row = (subject: string): EventDraft => ({
  kind: "dna.row.unreadable",
  subject,
  occurredAt: epochMs(1),
  body: { cluster: "c", reason: "r" },
});

/** A client as the browser is: it reads frames and folds. */
interface Client {
  readonly sink: LiveSink;
  readonly frames: Uint8Array[];
  messages(): readonly LiveMessage[];
  folds(): Folds;
  cursor(): string | null;
  closed: boolean;
  buffered: number;
  leave: () => void;
}

const decoder = new TextDecoder();
function messageOf(frame: Uint8Array): LiveMessage {
  const data = decoder.decode(frame).split("data: ")[1] ?? "";
  return JSON.parse(data) as LiveMessage;
}

function createClient(): Client {
  const frames: Uint8Array[] = [];
  const client: Client = {
    frames,
    closed: false,
    buffered: 0,
    leave: () => {},
    messages: () => frames.map(messageOf),
    folds: () =>
      client.messages().reduce<Folds>((folds, message) => {
        if (message.type === "snapshot") return message.folds;
        return message.type === "batch" ? reduceAll(folds, message.events) : folds;
      }, {}),
    cursor: () => client.messages().reduce<string | null>((last, m) => (m.type === "ended" ? last : m.cursor), null),
    sink: {
      write: (frame) => void frames.push(frame),
      bufferedBytes: () => client.buffered,
      close: () => {
        client.closed = true;
      },
    },
  };
  return client;
}

let clock: ManualClock;
let content: MemoryContent;
let recorder: LiveRecorder;
let hub: Hub;
let broken = false;

async function start(limits: Partial<HubLimits> = {}): Promise<void> {
  const memory = createMemoryJournal(clock, content);
  const append: Journal["append"] = (stream, drafts) =>
    broken ? Promise.reject(new OpsError("journal-unavailable", "disk full")) : memory.append(stream, drafts);
  const journal = { ...memory, append };
  recorder = await createRecorder({ journal, clock, log });
  hub = createHub({ view: recorder, journal, clock, log, limits });
}

async function restart(limits: Partial<HubLimits> = {}): Promise<void> {
  hub.stop();
  await recorder.stop();
  await start(limits);
}

async function join(client: Client, request: Partial<SubscribeRequest> = {}): Promise<void> {
  const owner = { principalId: "ann", tokenId: "t1", sessionId: "s1" };
  client.leave = await hub.subscribe({
    owner,
    audience: "operator",
    visible: "all",
    cursor: null,
    expiresAt: null,
    sink: client.sink,
    ...request,
  });
}

beforeEach(async () => {
  clock = createManualClock();
  content = emptyMemory("e1");
  await start();
});
afterEach(() => hub.stop());

const seqs = (client: Client) =>
  client.messages().flatMap((message) => (message.type === "batch" ? message.events.map((event) => event.seq) : []));

describe("hub", () => {
  it("gives a newcomer a snapshot and then what happens, in batches of 250 ms", async () => {
    await recorder.record(STREAM, [row("a")]);
    const client = createClient();
    await join(client);
    await recorder.record(STREAM, [row("b")]);
    await recorder.record(STREAM, [row("c")]);
    expect(client.messages().map(({ type }) => type)).toEqual(["snapshot"]);
    await clock.advance(250);
    expect(client.messages().map(({ type }) => type)).toEqual(["snapshot", "batch"]);
    expect(seqs(client)).toEqual(["2", "3"]);
    expect(client.folds()).toEqual(recorder.folds());
  });

  it("writes the same bytes to everybody of an audience, made once", async () => {
    const clients = [createClient(), createClient(), createClient()];
    const viewer = createClient();
    await Promise.all(clients.map((client) => join(client)));
    await join(viewer, { audience: "public" });
    const { made } = hub.stats();
    await recorder.record(STREAM, [row("a")]);
    await clock.advance(250);
    expect(hub.stats().made - made).toBe(2);
    const [first, second, third] = clients.map((client) => client.frames.at(-1));
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(viewer.frames.at(-1)).not.toBe(first);
  });

  it("makes one snapshot for many who come at once", async () => {
    const { made } = hub.stats();
    const clients = Array.from({ length: 10 }, createClient);
    await Promise.all(clients.map((client) => join(client)));
    expect(hub.stats().made - made).toBe(1);
  });

  it("makes nothing while nobody listens, and nothing for an audience that the news does not concern", async () => {
    await recorder.record(STREAM, [row("a")]);
    await clock.advance(20_000);
    expect(hub.stats().made).toBe(0);
    const limited = createClient();
    await join(limited, { visible: new Set(["dynflow:foreman"]) });
    const { made } = hub.stats();
    await recorder.record(STREAM, [row("b")]);
    await clock.advance(1_000);
    expect(hub.stats().made).toBe(made);
  });

  it("says something every 5 s even when nothing happens, so that silence means a lost connection", async () => {
    const client = createClient();
    await join(client);
    await clock.advance(4_900);
    expect(client.frames).toHaveLength(1);
    await clock.advance(200);
    expect(client.messages().at(-1)).toMatchObject({ type: "batch", events: [], serverNow: clock.now() - 100 });
    await clock.advance(20_000);
    expect(client.frames).toHaveLength(6);
  });

  it("tells at the next flush that the journal cannot be written, and that it can again", async () => {
    const client = createClient();
    await join(client);
    broken = true;
    await expect(recorder.record(STREAM, [row("a")])).rejects.toThrow();
    await clock.advance(250);
    expect(client.messages().at(-1)).toMatchObject({ type: "batch", journal: { ok: false, reason: "disk full" } });
    broken = false;
    await clock.advance(2_000);
    expect(client.messages().at(-1)).toMatchObject({ type: "batch", journal: { ok: true, reason: null } });
  });

  it("tells samples whole", async () => {
    const client = createClient();
    recorder.sample(STREAM, { asOf: epochMs(1), readMs: 2, nodes: {} });
    await join(client);
    expect(client.messages()[0]).toMatchObject({ samples: { [STREAM]: { readMs: 2 } }, journal: { ok: true } });
    recorder.sample(STREAM, { asOf: epochMs(3), readMs: 4 });
    await clock.advance(250);
    expect(client.messages()[1]).toMatchObject({
      events: [],
      samples: { [STREAM]: { asOf: 3, readMs: 4, nodes: {} } },
    });
  });
});

describe("a client that comes back", () => {
  const visited = async () => {
    const client = createClient();
    await recorder.record(STREAM, [row("a")]);
    await join(client);
    await recorder.record(STREAM, [row("b")]);
    await clock.advance(250);
    client.leave();
    const cursor = client.cursor();
    await recorder.record(STREAM, [row("c"), row("d")]);
    await recorder.record("dynflow:new", [row("x")]);
    return { client, cursor };
  };

  it("is sent exactly what it missed, from memory", async () => {
    const { client, cursor } = await visited();
    await clock.advance(1_000);
    const before = client.frames.length;
    await join(client, { cursor });
    expect(client.messages().slice(before)).toMatchObject([
      { type: "batch", events: [{ seq: "3" }, { seq: "4" }, { stream: "dynflow:new" }] },
    ]);
    expect(client.folds()).toEqual(recorder.folds());
  });

  it("is sent exactly what it missed over a restart, from the journal", async () => {
    const { client, cursor } = await visited();
    await restart();
    await recorder.record(STREAM, [row("e")]);
    const before = client.frames.length;
    await join(client, { cursor });
    await recorder.record(STREAM, [row("f")]);
    await clock.advance(250);
    const later = client.messages().slice(before);
    expect(later.map(({ type }) => type)).toEqual(["batch", "batch"]);
    expect(seqs(client)).toEqual(["2", "3", "4", "5", "1", "6"]);
    expect(client.folds()).toEqual(recorder.folds());
  });

  it.each<[string, (cursor: string) => Promise<Partial<SubscribeRequest>>]>([
    [
      "another epoch",
      async (cursor) => {
        content = { ...emptyMemory("e2"), streams: content.streams };
        await restart();
        return { cursor };
      },
    ],
    [
      "a journal that has gone back",
      async (cursor) => {
        content = emptyMemory("e1");
        await restart();
        return { cursor };
      },
    ],
    ["an audience that reads more", async (cursor) => ({ cursor, audience: "public" as const })],
    ["an audience that sees other streams", async (cursor) => ({ cursor, visible: new Set([STREAM]) })],
    [
      "more missed than is worth sending",
      async (cursor) => {
        await restart({ replayEvents: 2 });
        return { cursor };
      },
    ],
    [
      "a journal in which events are missing",
      async (cursor) => {
        content.streams.get(STREAM)?.splice(2, 1);
        await restart();
        content.streams.get(STREAM)?.push(...(content.streams.get(STREAM) ?? []).slice(0, 1));
        return { cursor };
      },
    ],
    [
      "retention has dropped what was missed",
      async (cursor) => {
        await recorder.writeSnapshots([STREAM, "dynflow:new"]);
        hub.stop();
        await clock.advance(10 * DAY_MS);
        const journal = createMemoryJournal(clock, content);
        const rules = { keepMs: DAY_MS, keepOperatorMs: DAY_MS, maxBytes: 1 };
        expect((await journal.retain(rules, FOLD_VERSION)).dropped).toHaveLength(1);
        await start();
        return { cursor };
      },
    ],
    ["text that is no cursor", async () => ({ cursor: "AAAA" })],
  ])("is sent a snapshot after %s", async (_, prepare) => {
    const { client, cursor } = await visited();
    const request = await prepare(cursor ?? "");
    const before = client.frames.length;
    await join(client, request);
    expect(client.messages()[before]?.type).toBe("snapshot");
  });

  it("stands where everybody stands, whenever it comes and whatever it had: same folds, no event twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory(50),
        fc.infiniteStream(fc.nat({ max: 6 })),
        fc.boolean(),
        async (events, steps, isPublic) => {
          clock = createManualClock();
          content = emptyMemory("e1");
          await start({ replayEvents: 12 });
          const client = createClient();
          const visible = isPublic ? new Set(["dna:eu-1", "dynflow:foreman"]) : ("all" as const);
          const request = { visible, audience: isPublic ? ("public" as const) : ("operator" as const) };
          let here = false;
          for (const { stream, seq: _seq, observedAt: _observedAt, ...draft } of events) {
            const step = steps.next().value ?? 0;
            if (step === 0 && here) client.leave();
            if (step === 0) here = !here;
            if (step === 0 && here) await join(client, { ...request, cursor: client.cursor() });
            if (step === 1) await clock.advance(250);
            if (step === 2) {
              await restart({ replayEvents: 12 });
              here = false;
            }
            const joining = step === 3 && !here ? join(client, { ...request, cursor: client.cursor() }) : null;
            if (joining !== null) here = true;
            await recorder.record(stream, [draft]);
            await joining;
          }
          if (!here) await join(client, { ...request, cursor: client.cursor() });
          await clock.advance(250);
          const expected = maskFolds(visibleFolds(visible, recorder.folds()), request.audience);
          expect(canonicalJson(begun(client.folds()))).toBe(canonicalJson(begun(expected)));
          expectNoRepetition(client);
          hub.stop();
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Without folds in which nothing is: a snapshot has one for a stream of which all that happened is hidden. */
const begun = (folds: Folds): Folds =>
  Object.fromEntries(
    Object.entries(folds).filter(([, fold]) => canonicalJson(fold) !== canonicalJson(emptyFold(fold.family))),
  );

/** Between snapshots, numbers of a stream only go up. */
function expectNoRepetition(client: Client): void {
  let last = new Map<string, bigint>();
  for (const message of client.messages()) {
    if (message.type === "snapshot") {
      const positions = parseCursor(message.cursor)?.positions ?? {};
      last = new Map(Object.entries(positions).map(([stream, { seq }]) => [stream, BigInt(seq)]));
    }
    if (message.type !== "batch") continue;
    for (const { stream, seq } of message.events) {
      expect(BigInt(seq)).toBeGreaterThan(last.get(stream) ?? 0n);
      last.set(stream, BigInt(seq));
    }
  }
}

describe("a slow client", () => {
  it("is taken out instead of buffered for, and made whole by a snapshot when its bytes have left", async () => {
    const slow = createClient();
    const quick = createClient();
    await join(slow);
    await join(quick);
    slow.buffered = 2_000_000;
    for (const name of ["a", "b", "c"]) {
      await recorder.record(STREAM, [row(name)]);
      await clock.advance(250);
    }
    expect(slow.frames).toHaveLength(1);
    expect(quick.frames).toHaveLength(4);
    expect(hub.stats().fellBehind).toBe(1);
    slow.buffered = 10;
    await clock.advance(250);
    expect(slow.frames).toHaveLength(1);
    slow.buffered = 0;
    await clock.advance(250);
    expect(slow.messages().map(({ type }) => type)).toEqual(["snapshot", "snapshot"]);
    await recorder.record(STREAM, [row("d")]);
    await clock.advance(250);
    expect(slow.folds()).toEqual(recorder.folds());
    expect(seqs(slow)).toEqual(["4"]);
  });

  it("is let go when it never takes its bytes", async () => {
    const slow = createClient();
    await join(slow);
    slow.buffered = 2_000_000;
    await recorder.record(STREAM, [row("a")]);
    await clock.advance(61_000);
    expect(slow.closed).toBe(true);
    expect(hub.stats().streams).toBe(0);
  });
});

describe("limits and ends", () => {
  it("bounds the streams of one login and of all", async () => {
    await restart({ streamsPerPrincipal: 2, streamsTotal: 3 });
    const ann = { principalId: "ann", tokenId: null, sessionId: null };
    const bob = { principalId: "bob", tokenId: null, sessionId: null };
    await join(createClient(), { owner: ann });
    const second = createClient();
    await join(second, { owner: ann });
    const refused = createClient();
    await expect(join(refused, { owner: ann })).rejects.toMatchObject({ code: "limit-exceeded" });
    expect(refused.frames).toEqual([]);
    await join(createClient(), { owner: bob });
    await expect(join(createClient(), { owner: bob })).rejects.toMatchObject({ code: "limit-exceeded" });
    second.leave();
    await join(createClient(), { owner: bob });
  });

  it("tells those whom it ends, and nobody else, at once", async () => {
    const [one, two, other] = [createClient(), createClient(), createClient()];
    await join(one, { owner: { principalId: "ann", tokenId: "t", sessionId: "s1" } });
    await join(two, { owner: { principalId: "ann", tokenId: "t", sessionId: "s2" } });
    await join(other, { owner: { principalId: "bob", tokenId: "u", sessionId: "s3" } });
    hub.endWhere(({ sessionId }) => sessionId === "s1", "logged out");
    expect([one.closed, two.closed, other.closed]).toEqual([true, false, false]);
    expect(one.messages().at(-1)).toEqual({ type: "ended", reason: "logged out" });
    hub.end("ann", "revoked");
    expect(two.messages().at(-1)).toEqual({ type: "ended", reason: "revoked" });
    hub.endAll("closed for the night");
    expect(other.messages().at(-1)).toEqual({ type: "ended", reason: "closed for the night" });
    expect(hub.stats().streams).toBe(0);
    await recorder.record(STREAM, [row("a")]);
    await clock.advance(250);
    expect(one.frames).toHaveLength(2);
  });

  it("ends a stream when its login expires", async () => {
    const client = createClient();
    await join(client, { expiresAt: epochMs(clock.now() + 1_000) });
    await clock.advance(900);
    expect(client.closed).toBe(false);
    await clock.advance(250);
    expect(client.messages().at(-1)?.type).toBe("ended");
    expect(client.closed).toBe(true);
  });

  it("closes without a word when it stops, so that clients come back", async () => {
    const client = createClient();
    await join(client);
    hub.stop();
    expect(client.closed).toBe(true);
    expect(client.messages().map(({ type }) => type)).toEqual(["snapshot"]);
    await expect(join(createClient())).rejects.toMatchObject({ code: "cancelled" });
  });

  it("writes nothing to a client that left while its backlog was read", async () => {
    const client = createClient();
    await recorder.record(STREAM, [row("a")]);
    await join(client);
    const cursor = client.cursor();
    client.leave();
    await recorder.record(STREAM, [row("b")]);
    await restart();
    const frames = client.frames.length;
    const joining = join(client, { cursor });
    hub.end("ann", "revoked");
    await joining;
    expect(client.messages().slice(frames)).toEqual([{ type: "ended", reason: "revoked" }]);
  });
});
