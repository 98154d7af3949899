import { createConnection } from "node:net";
import { decode, encode } from "@msgpack/msgpack";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { dataOf, itemOf, openTestGate, type TestGate, tokenFor } from "./gate.test-kit.ts";

let gate: TestGate;
let token: string;

beforeAll(async () => {
  gate = await openTestGate();
});
afterAll(async () => {
  await gate.close();
});
beforeEach(async () => {
  gate.forget();
  token = await tokenFor(gate, "host-1");
});

type Frame = Readonly<Record<string, unknown>>;
type Format = "json" | "msgpack";

/** An agent's end of a connection: frames in the order in which they came. */
async function connect(to: TestGate, format: Format = "json", headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${to.port}/ingest/v1/ws`, { headers, perMessageDeflate: true });
  const frames: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on("message", (data, isBinary) => {
    const bytes = data as Buffer;
    const frame = (isBinary ? decode(bytes) : JSON.parse(bytes.toString("utf8"))) as Frame;
    const next = waiting.shift();
    if (next === undefined) frames.push(frame);
    else next(frame);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  socket.on("error", () => undefined);
  return {
    socket,
    closed,
    send: (frame: Frame) => socket.send(format === "json" ? JSON.stringify(frame) : encode(frame)),
    next: () => {
      const had = frames.shift();
      return had === undefined ? new Promise<Frame>((resolve) => waiting.push(resolve)) : Promise.resolve(had);
    },
    unread: frames,
  };
}

const HELLO = { op: "hello", agent_id: "host-1", boot_id: "boot-1" };

async function greeted(format: Format = "json") {
  const agent = await connect(gate, format);
  agent.send({ ...HELLO, token });
  expect((await agent.next()).op).toBe("welcome");
  return agent;
}

describe.each(["json", "msgpack"] as const)("an agent on a WebSocket, in %s", (format) => {
  it("says hello, sends, pings and leaves", async () => {
    const agent = await connect(gate, format);
    agent.send({ ...HELLO, token, about: { hostname: "h1" } });
    expect(await agent.next()).toEqual({
      ...{
        op: "welcome",
        ping_every_ms: 3_000,
        inactive_after_ms: 7_000,
        max_batch: 50,
        max_bytes: 65_536,
        credit: 100,
      },
    });
    agent.send({ op: "data", id: 7, items: [itemOf(1), { ...itemOf(2), body: 5 }] });
    expect(await agent.next()).toEqual({
      ...{ op: "ack", id: 7, accepted: 1, duplicates: 0, credit: 9 },
      rejected: [{ seq: 2, code: "not-object", path: "body" }],
    });
    agent.send({ op: "ping", sent_at: 1_795_000_000_000, last_rtt_ms: 3 });
    expect(await agent.next()).toMatchObject({ op: "pong", credit: 100 });
    agent.send({ op: "bye", reason: "done" });
    expect(await agent.closed).toEqual({ code: 1000, reason: "bye" });
    expect(gate.pipe.batches).toMatchObject([
      { door: "websocket", agentId: "host-1", bootId: "boot-1", refusedSeqs: [2] },
    ]);
    expect(gate.life.signs[0]).toMatchObject({ door: "websocket", about: { hostname: "h1" } });
    expect(gate.life.byes).toMatchObject([{ reason: "done" }]);
  });

  it("is refused at a frame that is cut, at whichever byte, and takes nothing", async () => {
    const frame = { op: "data", items: [itemOf(1)] };
    const whole = format === "json" ? Buffer.from(JSON.stringify(frame)) : Buffer.from(encode(frame));
    for (let length = 0; length < whole.length; length += 1) {
      const agent = await greeted(format);
      agent.socket.send(whole.subarray(0, length), { binary: format === "msgpack" });
      expect(await agent.next(), `${length} bytes`).toMatchObject({ op: "error" });
      expect((await agent.closed).code).toBe(4400);
    }
    expect(gate.pipe.batches).toEqual([]);
  });
});

describe("a connection", () => {
  it("begins with hello, once", async () => {
    const early = await connect(gate);
    early.send({ op: "data", items: [] });
    expect([await early.next(), (await early.closed).code]).toMatchObject([{ op: "error", code: "hello-first" }, 4401]);
    const again = await greeted();
    again.send({ ...HELLO, token });
    expect([await again.next(), (await again.closed).code]).toMatchObject([{ op: "error", code: "hello-again" }, 4400]);
  });

  it("flaw 1 of the older backend: a token for agent a says no hello as b, and sends nothing as b", async () => {
    const other = await connect(gate);
    other.send({ ...HELLO, agent_id: "host-2", token });
    expect([await other.next(), (await other.closed).code]).toMatchObject([{ code: "agent-not-allowed" }, 4403]);
    const agent = await greeted();
    agent.send({ op: "data", ...dataOf("host-2", 1) });
    expect([await agent.next(), (await agent.closed).code]).toMatchObject([
      { code: "agent-not-allowed", path: "agent_id" },
      4403,
    ]);
    expect(gate.pipe.batches).toEqual([]);
    expect(gate.life.signs.map(({ agentId }) => agentId)).toEqual(["host-1"]);
  });

  it("ends within a second when its token is ended, expires, or was replayed after bye", async () => {
    const agent = await greeted();
    const checked = await gate.desk.check(token);
    if (checked.kind === "sound") gate.desk.end(checked.pass);
    expect([await agent.next(), (await agent.closed).code]).toMatchObject([{ code: "not-authenticated" }, 4401]);
    const replayed = await connect(gate);
    replayed.send({ ...HELLO, token });
    expect([await replayed.next(), (await replayed.closed).code]).toMatchObject([{ code: "not-authenticated" }, 4401]);

    token = await tokenFor(gate, "host-1");
    const aging = await greeted();
    gate.clock.shift(3_700_000);
    expect((await aging.closed).code).toBe(4401);
    const expired = await connect(gate);
    expired.send({ ...HELLO, token });
    expect([await expired.next(), (await expired.closed).code]).toMatchObject([{ code: "token_expired" }, 4401]);
  });

  it("is not read while nothing fits: what waits is taken once, in order, when credit is back", async () => {
    let full = true;
    gate.pipe.answerWith((batch) =>
      full
        ? { kind: "full", retryAfterMs: 60_000 }
        : { kind: "taken", accepted: batch.items.length, duplicates: 0, rejected: [], credit: 9 },
    );
    const agent = await greeted();
    for (let id = 1; id <= 20; id += 1) agent.send({ op: "data", id, items: [itemOf(id)] });
    expect(await agent.next()).toEqual({ op: "credit", credit: 0 });
    expect(gate.pipe.batches).toEqual([]);
    full = false;
    gate.pipe.creditIsBack();
    expect(await agent.next()).toEqual({ op: "credit", credit: 100 });
    for (let id = 1; id <= 20; id += 1) expect(await agent.next()).toMatchObject({ op: "ack", id, accepted: 1 });
    expect(gate.pipe.batches.map(({ items }) => items[0]?.seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    agent.socket.close();
  });

  it("that is held does not wait for ever: its end is its end", async () => {
    gate.pipe.answerWith(() => ({ kind: "full", retryAfterMs: 60_000 }));
    const agent = await greeted();
    agent.send({ op: "data", items: [itemOf(1)] });
    await agent.next();
    const checked = await gate.desk.check(token);
    if (checked.kind === "sound") gate.desk.end(checked.pass);
    expect((await agent.closed).code).toBe(4401);
    expect(gate.pipe.batches).toEqual([]);
  });

  it("is told when nothing can be taken at all", async () => {
    gate.pipe.answerWith(() => ({ kind: "unavailable", reason: "no journal" }));
    const agent = await greeted();
    agent.send({ op: "data", id: 3, items: [itemOf(1)] });
    expect(await agent.next()).toEqual({ op: "error", code: "unavailable", path: "", id: 3 });
    agent.socket.close();
  });

  it("makes nothing of a large frame before it is known who sends it", async () => {
    const stranger = await connect(gate);
    stranger.send({ ...HELLO, token, about: { hostname: "h1" }, padding: "x".repeat(20_000) });
    expect([await stranger.next(), (await stranger.closed).code]).toMatchObject([{ code: "too-large" }, 1009]);
    expect(gate.life.signs).toEqual([]);
    const agent = await greeted();
    agent.send({ op: "data", items: [{ ...itemOf(1), body: { text: "x".repeat(20_000) } }] });
    expect(await agent.next()).toMatchObject({ op: "ack", accepted: 1 });
    agent.socket.close();
  });

  it("ends at a frame beyond the limit, and at one that nobody knows", async () => {
    const large = await greeted();
    large.socket.send("x".repeat(70_000));
    expect((await large.closed).code).toBe(1009);
    const odd = await greeted();
    odd.send({ op: "steer" });
    expect([await odd.next(), (await odd.closed).code]).toMatchObject([{ code: "unknown-op", path: "op" }, 4400]);
    const many = await greeted();
    many.send({ op: "data", items: Array.from({ length: 51 }, (_, index) => itemOf(index + 1)) });
    expect(await many.next()).toMatchObject({ code: "too-many", path: "items" });
  });

  it("compresses nothing, so that no frame is larger than it came", async () => {
    const agent = await greeted();
    expect(agent.socket.extensions).toBe("");
    agent.socket.close();
  });

  it("is not for browsers, nor at other paths or names", async () => {
    await expect(connect(gate, "json", { origin: "http://127.0.0.1" })).rejects.toThrow("403");
    await expect(connect(gate, "json", { host: "evil.example" })).rejects.toThrow("421");
    const elsewhere = new WebSocket(`ws://127.0.0.1:${gate.port}/ws`);
    await expect(new Promise((_, reject) => elsewhere.once("error", reject))).rejects.toThrow("404");
  });

  it("is told when the gateway goes, and the gateway goes soon", async () => {
    const closing = await openTestGate();
    const own = await tokenFor(closing, "host-5");
    const agent = await connect(closing);
    agent.send({ ...HELLO, agent_id: "host-5", token: own });
    await agent.next();
    const silent = await connect(closing);
    await closing.close();
    expect([(await agent.closed).code, (await silent.closed).code]).toEqual([1001, 1001]);
  });

  it("that breaks off within a frame, at whichever byte on the wire, takes nothing of it", async () => {
    const hello = frameBytes(JSON.stringify({ ...HELLO, token }));
    const data = frameBytes(JSON.stringify({ op: "data", items: [itemOf(1)] }));
    for (let length = 0; length < data.length; length += 1) {
      const socket = createConnection({ host: "127.0.0.1", port: gate.port });
      const welcomed = new Promise<void>((resolve) => {
        let text = "";
        socket.on("data", (chunk) => {
          text += chunk.toString("latin1");
          if (text.includes("welcome")) resolve();
        });
      });
      socket.write(
        "GET /ingest/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      );
      socket.write(hello);
      await welcomed;
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.end(data.subarray(0, length));
      await closed;
    }
    expect(gate.pipe.batches).toEqual([]);
  });
});

/** A text frame of a client as it is on the wire (RFC 6455, section 5.2), masked by zeros. */
function frameBytes(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  if (payload.length >= 126) return Buffer.concat([head, payload]);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
