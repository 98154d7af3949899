import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { createMemoryJournal } from "#server/journal/adapters/memory/journal.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createHub, type Hub } from "#server/live/hub.ts";
import { createRecorder, type LiveRecorder } from "#server/live/recorder.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { createLiveHandler, type LiveClient } from "./live.ts";

const log = silentLogger;
const ANN: LiveClient = {
  owner: { principalId: "ann", tokenId: "t", sessionId: "s" },
  audience: "operator",
  visible: "all",
  expiresAt: null,
};
const row: EventDraft = {
  kind: "dna.row.unreadable",
  subject: "x",
  occurredAt: epochMs(1),
  body: { cluster: "c", reason: null },
};

let clock: ManualClock;
let recorder: LiveRecorder;
let hub: Hub;
let server: Server;
let client: LiveClient | null;
let base: string;

beforeEach(async () => {
  clock = createManualClock();
  client = ANN;
  const journal = createMemoryJournal(clock);
  recorder = await createRecorder({ journal, clock, log });
  hub = createHub({ view: recorder, journal, clock, log, limits: { streamsPerPrincipal: 2 } });
  const handler = createLiveHandler({ hub, clock, log, authenticate: async () => client });
  server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/live`;
});
afterEach(async () => {
  hub.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Stream {
  readonly response: IncomingMessage;
  text(): string;
  until(part: string): Promise<string>;
  ended: Promise<void>;
  leave(): void;
}

function open(path = "", headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const request = get(`${base}${path}`, { headers, agent: false }, (response) => {
      let text = "";
      let wake = () => {};
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        wake();
      });
      const ended = new Promise<void>((end) => response.on("close", () => end()));
      const until = async (part: string) => {
        while (!text.includes(part)) await new Promise<void>((more) => (wake = more));
        return text;
      };
      resolve({ response, text: () => text, until, ended, leave: () => request.destroy() });
    });
    request.on("error", reject);
  });
}

const idOf = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";

it("streams a snapshot and what follows, each with its cursor as id, past caches and proxies", async () => {
  const stream = await open();
  expect(stream.response.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  expect(await stream.until('"type":"snapshot"')).toMatch(/^retry: 1000\n\nid: [\w-]+\ndata: \{/);
  await recorder.record("dna:eu-1", [row]);
  await clock.advance(250);
  await stream.until('"type":"batch"');
  stream.leave();
});

it.each(["header", "query"])("continues behind the cursor of the %s", async (place) => {
  const first = await open();
  const cursor = idOf(await first.until("snapshot"));
  first.leave();
  await recorder.record("dna:eu-1", [row]);
  const again =
    place === "header" ? await open("?cursor=AAAA", { "last-event-id": cursor }) : await open(`?cursor=${cursor}`);
  const text = await again.until("data: ");
  expect(text).toContain('"type":"batch"');
  expect(text).toContain('"seq":"1"');
  again.leave();
});

it("streams only the topics that were asked for, each set with cursors of its own", async () => {
  for (const stream of ["dna:eu-1", "dna:eu-2"]) await recorder.record(stream, [row]);
  const part = await open("?topics=dna:eu-2,dna:unknown");
  const first = await part.until('"snapshot"');
  expect(first).toContain('"dna:eu-2"');
  expect(first).not.toContain('"dna:eu-1"');
  await recorder.record("dna:eu-1", [{ ...row, subject: "elsewhere" }]);
  await recorder.record("dna:eu-2", [{ ...row, subject: "here" }]);
  await clock.advance(250);
  expect(await part.until('"here"')).not.toContain("elsewhere");
  const cursor = idOf(part.text());
  part.leave();
  await part.ended;

  const again = await open(`?topics=dna:eu-2,dna:unknown&cursor=${cursor}`);
  expect(await again.until('"type"')).toContain('"batch"');
  again.leave();
  await again.ended;
  const whole = await open(`?cursor=${cursor}`);
  expect(await whole.until('"type"')).toContain('"snapshot"');
});

it("never gives topics that the client may not see, and refuses what are none", async () => {
  for (const stream of ["dna:eu-1", "dna:eu-2"]) await recorder.record(stream, [row]);
  client = { ...ANN, visible: new Set(["dna:eu-1"]) };
  const stream = await open("?topics=dna:eu-1,dna:eu-2");
  const first = await stream.until('"snapshot"');
  expect(first).toContain('"dna:eu-1"');
  expect(first).not.toContain('"dna:eu-2"');
  const many = Array.from({ length: 51 }, (_, n) => `dna:${n}`).join();
  for (const topics of ["", "dna:eu-1,", "x".repeat(101), many]) {
    expect((await open(`?topics=${topics}`)).response.statusCode).toBe(400);
  }
});

it("refuses nobody with 401, and a login with too many streams with 429", async () => {
  client = null;
  expect((await open()).response.statusCode).toBe(401);
  client = ANN;
  const streams = [await open(), await open()];
  const refused = await open();
  expect(refused.response.statusCode).toBe(429);
  expect(refused.response.headers["retry-after"]).toBe("1");
  for (const stream of streams) stream.leave();
});

it("gives up the place of a client that went", async () => {
  const stream = await open();
  await stream.until("snapshot");
  expect(hub.stats().streams).toBe(1);
  stream.leave();
  while (hub.stats().streams > 0) await new Promise((resolve) => setImmediate(resolve));
});

it("comments every 10 s", async () => {
  const stream = await open();
  await stream.until("snapshot");
  await clock.advance(10_000);
  await stream.until("\n:\n");
  stream.leave();
});

it("tells the client and closes when its login is ended", async () => {
  const stream = await open();
  await stream.until("snapshot");
  hub.endWhere(({ sessionId }) => sessionId === "s", "logged out");
  await stream.ended;
  expect(stream.text()).toContain('data: {"type":"ended","reason":"logged out"}');
});

it("answers 503 while stopping, and 500 without a word of the cause when something breaks", async () => {
  hub.stop();
  expect((await open()).response.statusCode).toBe(503);
  const handler = createLiveHandler({ hub, clock, log, authenticate: () => Promise.reject(new Error("secret")) });
  server.removeAllListeners("request");
  server.on("request", (request, response) => void handler(request, response));
  const broken = await open();
  expect(broken.response.statusCode).toBe(500);
  await broken.ended;
  expect(broken.text()).not.toContain("secret");
});
