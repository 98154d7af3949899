import { createConnection } from "node:net";
import { gzipSync } from "node:zlib";
import { encode } from "@msgpack/msgpack";
import { SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNTS_POLL_MS } from "#server/ingest/accounts.ts";
import {
  BOOTSTRAP,
  basic,
  dataOf,
  itemOf,
  JSON_TYPE,
  KEY,
  openTestGate,
  PASSWORD,
  type TestGate,
  tokenFor,
} from "./gate.test-kit.ts";

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

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  gate.call({
    path: `/ingest/v1/${path}`,
    headers: { "content-type": JSON_TYPE, authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(body),
  });

describe("a session", () => {
  it("is opened by a password, and says by what the agent has to abide", async () => {
    const reply = await post("session", { agent_id: "host-9" }, { authorization: basic("fleet", PASSWORD) });
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({
      ping_every_ms: 3_000,
      inactive_after_ms: 7_000,
      max_batch: 50,
      max_bytes: 65_536,
    });
    expect(Date.parse(reply.json.expires_at) - gate.clock.now()).toBeGreaterThan(3_590_000);
  });

  it("is opened by a bootstrap token, for any agent of its scope", async () => {
    const reply = await post("session", { agent_id: "anything" }, { authorization: `Bearer ${BOOTSTRAP}` });
    expect(reply.status).toBe(200);
  });

  it.each([
    ["a wrong password", basic("fleet", "wrong password")],
    ["an unknown user", basic("nobody", PASSWORD)],
    ["a wrong bootstrap token", "Bearer bootstrap-token-of-others"],
    ["no name", "Basic !!!"],
    ["another scheme", "Digest x"],
  ])("is refused with %s: 401", async (_, authorization) => {
    expect((await post("session", { agent_id: "host-1" }, { authorization })).status).toBe(401);
  });

  it("is refused for an agent that is not its user's: 403", async () => {
    const reply = await post("session", { agent_id: "elsewhere" }, { authorization: basic("fleet", PASSWORD) });
    expect(reply.status).toBe(403);
    const prefix = await post("session", { agent_id: "aa" }, { authorization: basic("one", PASSWORD) });
    expect(prefix.status).toBe(403);
  });

  it("tells the watch who the agent says that it is, with its first call", async () => {
    const opened = await post(
      "session",
      { agent_id: "host-2", about: { hostname: "h2", addresses: ["10.0.0.2"], program: "agent 1" } },
      { authorization: basic("fleet", PASSWORD) },
    );
    await post("ping", { agent_id: "host-2", boot_id: "b" }, { authorization: `Bearer ${opened.json.token}` });
    expect(gate.life.signs[0]).toMatchObject({ agentId: "host-2", about: { hostname: "h2" } });
  });
});

describe("data", () => {
  it.each([
    ["json", JSON_TYPE, (value: unknown) => Buffer.from(JSON.stringify(value))],
    ["json with a charset", "application/json; charset=utf-8", (value: unknown) => Buffer.from(JSON.stringify(value))],
    ["msgpack", "application/msgpack", (value: unknown) => Buffer.from(encode(value))],
    ["msgpack with a parameter", "application/msgpack; v=1", (value: unknown) => Buffer.from(encode(value))],
  ])("in %s is taken: 202, plain and in gzip", async (_, type, toBytes) => {
    const body = toBytes(dataOf("host-1", 3));
    const headers = { "content-type": type, authorization: `Bearer ${token}` };
    const plain = await gate.call({ path: "/ingest/v1/data", headers, body });
    expect([plain.status, plain.json]).toEqual([202, { accepted: 3, duplicates: 0, rejected: [], credit: 9 }]);
    const zipped = await gate.call({
      path: "/ingest/v1/data",
      headers: { ...headers, "content-encoding": "gzip" },
      body: gzipSync(body),
    });
    expect(zipped.status).toBe(202);
    expect(gate.pipe.batches.map(({ items }) => items.length)).toEqual([3, 3]);
    expect(gate.pipe.batches[0]).toMatchObject({
      agentId: "host-1",
      bootId: "boot-1",
      door: "http",
      scope: { agents: ["host-1"] },
    });
  });

  it("flaw 8 of the older backend: every batch has its time of receipt, its agent's time and its numbers", async () => {
    const before = gate.clock.now();
    await post("data", dataOf("host-1", 2));
    const [batch] = gate.pipe.batches;
    expect(batch?.receivedAt).toBeGreaterThanOrEqual(before);
    expect(batch?.items.map(({ seq, at }) => [seq, at])).toEqual([
      [1, 1_795_000_000_001],
      [2, 1_795_000_000_002],
    ]);
  });

  it("flaw 1 of the older backend: a token for agent a cannot send as b: 403, and no sign of life of b", async () => {
    for (const [path, body] of [
      ["data", dataOf("host-2", 1)],
      ["ping", { agent_id: "host-2", boot_id: "b" }],
      ["bye", { agent_id: "host-2", boot_id: "b" }],
    ] as const) {
      expect((await post(path, body)).status).toBe(403);
    }
    expect([gate.pipe.batches, gate.life.signs, gate.life.byes]).toEqual([[], [], []]);
  });

  it("says of each item that was refused why, at its number", async () => {
    gate.pipe.answerWith(() => ({
      kind: "taken",
      accepted: 1,
      duplicates: 0,
      rejected: [{ seq: 3, code: "unknown-type", path: "type" }],
      credit: 5,
    }));
    const reply = await post("data", {
      ...dataOf("host-1", 1),
      items: [itemOf(1), { ...itemOf(2), at: "soon" }, itemOf(3)],
    });
    expect(reply.status).toBe(202);
    expect(reply.json.rejected).toEqual([
      { seq: 2, code: "not-time", path: "at" },
      { seq: 3, code: "unknown-type", path: "type" },
    ]);
    expect(gate.pipe.batches[0]?.refusedSeqs).toEqual([2]);
  });

  it("flaw 2 of the older backend: unknown types are refused, not a failure: 422 when all are", async () => {
    gate.pipe.answerWith(({ items }) => ({
      kind: "taken",
      accepted: 0,
      duplicates: 0,
      rejected: items.map(({ seq }) => ({ seq, code: "unknown-type" as const, path: "type" })),
      credit: 5,
    }));
    const reply = await post("data", dataOf("host-1", 2));
    expect([reply.status, reply.json.rejected.length]).toEqual([422, 2]);
  });

  it("has to come again when nothing fits: 429 with Retry-After and no credit; 503 when nothing can be taken", async () => {
    gate.pipe.answerWith(() => ({ kind: "full", retryAfterMs: 1_200 }));
    const full = await post("data", dataOf("host-1", 1));
    expect([full.status, full.headers["retry-after"], full.json.credit]).toEqual([429, "2", 0]);
    gate.pipe.answerWith(() => ({ kind: "unavailable", reason: "the journal is written by other:1" }));
    const away = await post("data", dataOf("host-1", 1));
    expect([away.status, away.json.reason]).toEqual([503, "the journal is written by other:1"]);
    expect(away.headers["retry-after"]).toBe("2");
  });
});

describe("the doors", () => {
  it("answers pings with the time and what fits", async () => {
    const reply = await post("ping", { agent_id: "host-1", boot_id: "b", sent_at: gate.clock.now(), last_rtt_ms: 4 });
    expect([reply.status, reply.json.credit]).toEqual([200, 100]);
    expect(Math.abs(Date.parse(reply.json.received_at) - gate.clock.now())).toBeLessThan(5_000);
    expect(gate.life.signs[0]).toMatchObject({ door: "http", roundTripMs: 4, peer: "127.0.0.1" });
  });

  it("flaw 5 of the older backend: bye is told to the watch at once, and ends the token", async () => {
    expect((await post("bye", { agent_id: "host-1", boot_id: "b", reason: "upgrade" })).status).toBe(200);
    expect(gate.life.byes).toMatchObject([{ sign: { agentId: "host-1" }, reason: "upgrade" }]);
    const replayed = await post("ping", { agent_id: "host-1", boot_id: "b" });
    expect(replayed.status).toBe(401);
    expect(gate.life.signs).toEqual([]);
  });

  it.each([
    ["GET", "/ingest/v1/data"],
    ["POST", "/ingest/v1/nothing"],
    ["POST", "/ingest/v1/ws"],
    ["GET", "/api/trpc/dna.clusters.list"],
    ["GET", "/healthz"],
    ["GET", "/metrics"],
    ["POST", "/poa/ping"],
    ["POST", "/session"],
    ["GET", "/"],
  ])("have nothing else: %s %s is 404", async (method, path) => {
    const reply = await gate.call({
      path,
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": JSON_TYPE },
    });
    expect(reply.status).toBe(404);
  });

  it("answer to their own names alone, and to no browser", async () => {
    const ask = (headers: Record<string, string>) => gate.call({ path: "/ingest/v1/ping", headers });
    expect((await ask({ host: "evil.example" })).status).toBe(421);
    expect((await ask({ host: "in.example:3001" })).status).toBe(415);
    expect((await ask({ origin: "http://127.0.0.1" })).status).toBe(403);
  });

  it.each([
    [undefined, 415],
    ["text/plain", 415],
    ["application/xml; charset=utf-8", 415],
  ])("take content type %s with %i", async (type, status) => {
    const headers = { authorization: `Bearer ${token}`, ...(type === undefined ? {} : { "content-type": type }) };
    expect((await gate.call({ path: "/ingest/v1/data", headers, body: "{}" })).status).toBe(status);
  });

  it("refuse other encodings: 415", async () => {
    expect((await post("data", dataOf("host-1", 1), { "content-encoding": "br" })).status).toBe(415);
  });
});

describe("a token", () => {
  it("that has expired is told so: 401 token_expired", async () => {
    gate.clock.shift(3_700_000);
    const reply = await post("ping", { agent_id: "host-1", boot_id: "b" });
    expect([reply.status, reply.json]).toEqual([401, { error: "token_expired" }]);
  });

  it("that was ended is worth nothing, on this gateway at once and on another within a second", async () => {
    const other = await openTestGate({ folder: gate.folder });
    other.clock.shift(gate.clock.now() - other.clock.now());
    const headers = { "content-type": JSON_TYPE, authorization: `Bearer ${token}` };
    const ping = () => other.call({ path: "/ingest/v1/ping", headers, body: '{"agent_id":"host-1","boot_id":"b"}' });
    expect((await ping()).status).toBe(200);
    const checked = await gate.desk.check(token);
    if (checked.kind === "sound") gate.desk.end(checked.pass);
    expect((await post("ping", { agent_id: "host-1", boot_id: "b" })).status).toBe(401);
    await expect.poll(async () => (await ping()).status, { timeout: 5_000, interval: 50 }).toBe(401);
    expect(ACCOUNTS_POLL_MS).toBeLessThanOrEqual(250);
    await other.close();
  });

  it("of a user who was removed is worth nothing, also when one of that name is made anew", async () => {
    await gate.accounts.add({ name: "guest", password: "long enough", scope: { agents: ["g"], types: [] } });
    const opened = await post("session", { agent_id: "g" }, { authorization: basic("guest", "long enough") });
    const ping = () => post("ping", { agent_id: "g", boot_id: "b" }, { authorization: `Bearer ${opened.json.token}` });
    expect((await ping()).status).toBe(200);
    await gate.accounts.setActive("guest", false);
    expect((await ping()).status).toBe(401);
    await gate.accounts.remove("guest");
    expect((await post("session", { agent_id: "g" }, { authorization: basic("guest", "long enough") })).status).toBe(
      401,
    );
    gate.clock.shift(2_000);
    await gate.accounts.add({ name: "guest", password: "another one", scope: { agents: ["g"], types: [] } });
    expect((await ping()).status).toBe(401);
    const anew = await post("session", { agent_id: "g" }, { authorization: basic("guest", "another one") });
    const bearer = { authorization: `Bearer ${anew.json.token}` };
    expect((await post("ping", { agent_id: "g", boot_id: "b" }, bearer)).status).toBe(200);
  });

  it("signed by another key, without a signature, or for other doors is none", async () => {
    const forge = (key: Uint8Array, audience: string) =>
      new SignJWT({ agents: ["*"], types: [] })
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer("worldline-ingest")
        .setAudience(audience)
        .setSubject("fleet")
        .setJti("x")
        .setExpirationTime("2h")
        .sign(key);
    const [head, payload] = token.split(".");
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
    for (const one of [
      await forge(
        KEY.map((byte) => byte ^ 1),
        "ingest",
      ),
      await forge(KEY, "poa"),
      unsigned,
      `${head}.${payload}.AAAA`,
      "x",
    ]) {
      expect(
        (await post("ping", { agent_id: "host-1", boot_id: "b" }, { authorization: `Bearer ${one}` })).status,
      ).toBe(401);
    }
  });

  it("flaw 9 of the older backend: passwords at rest are hashes with a salt of their own", async () => {
    const [one, other] = [await gate.hasher.hash(PASSWORD), await gate.hasher.hash(PASSWORD)];
    expect(one).not.toBe(other);
    expect(one).not.toContain(PASSWORD);
    expect(await gate.hasher.matches(PASSWORD, one)).toBe(true);
    expect(await gate.hasher.matches("another one", one)).toBe(false);
    expect(await gate.hasher.matches(PASSWORD, "scrypt$broken")).toBe(false);
  });
});

describe("bad input", () => {
  it.each(["json", "msgpack"] as const)(
    "a body in %s that is cut at any byte is 400, and takes nothing",
    async (format) => {
      const whole =
        format === "json" ? Buffer.from(JSON.stringify(dataOf("host-1", 1))) : Buffer.from(encode(dataOf("host-1", 1)));
      const headers = { "content-type": `application/${format}`, authorization: `Bearer ${token}` };
      const statuses = await Promise.all(
        Array.from({ length: whole.length }, (_, length) =>
          gate.call({ path: "/ingest/v1/data", headers, body: whole.subarray(0, length) }).then(({ status }) => status),
        ),
      );
      expect([...new Set(statuses)]).toEqual([400]);
      expect(gate.pipe.batches).toEqual([]);
    },
  );

  it("a connection that breaks in the middle of a body takes nothing, and the next one is answered", async () => {
    const body = JSON.stringify(dataOf("host-1", 1));
    const socket = createConnection({ port: gate.port, host: "127.0.0.1" });
    const start = `POST /ingest/v1/data HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${JSON_TYPE}\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`;
    await new Promise<void>((resolve) => socket.write(start, () => resolve()));
    socket.destroy();
    expect((await post("ping", { agent_id: "host-1", boot_id: "b" })).status).toBe(200);
    expect(gate.pipe.batches).toEqual([]);
  });

  it("a body beyond the limit is 413, whether it tells its length or not", async () => {
    const large = Buffer.alloc(200_000, 32);
    const headers = { "content-type": JSON_TYPE, authorization: `Bearer ${token}` };
    expect((await gate.call({ path: "/ingest/v1/data", headers, body: large })).status).toBe(413);
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    const outcome = await gate.call({ path: "/ingest/v1/data", headers: chunked, body: large });
    expect(outcome.status).toBe(413);
  });

  it("a bomb of gzip is 413, and reserves no more than the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
    expect(bomb.length).toBeLessThan(65_536);
    const before = process.memoryUsage().rss;
    const headers = { "content-type": JSON_TYPE, authorization: `Bearer ${token}`, "content-encoding": "gzip" };
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => gate.call({ path: "/ingest/v1/data", headers, body: bomb })),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 413));
    expect(process.memoryUsage().rss - before).toBeLessThan(250_000_000);
  });

  it("gzip that is none, or is cut, is 400", async () => {
    const headers = { "content-type": JSON_TYPE, authorization: `Bearer ${token}`, "content-encoding": "gzip" };
    const zipped = gzipSync(JSON.stringify(dataOf("host-1", 1)));
    expect((await gate.call({ path: "/ingest/v1/data", headers, body: "{}" })).status).toBe(400);
    expect((await gate.call({ path: "/ingest/v1/data", headers, body: zipped.subarray(0, 30) })).status).toBe(400);
  });

  it("more items than a call may have are 400 with their place", async () => {
    const reply = await post("data", dataOf("host-1", 51));
    expect([reply.status, reply.json]).toEqual([400, { error: "malformed", code: "too-many", path: "items" }]);
  });

  it("headers beyond the limit are 431", async () => {
    const reply = await gate.call({ path: "/ingest/v1/ping", headers: { "x-large": "x".repeat(20_000) } });
    expect(reply.status).toBe(431);
  });
});

describe("too much", () => {
  it("of one token, and of one address, is 429 with Retry-After", async () => {
    const small = await openTestGate({ limits: { callsPerToken: 1, callsPerAddress: 4 } });
    const own = await tokenFor(small, "host-1");
    const ping = () =>
      small.call({
        path: "/ingest/v1/ping",
        headers: { "content-type": JSON_TYPE, authorization: `Bearer ${own}` },
        body: '{"agent_id":"host-1","boot_id":"b"}',
      });
    const statuses = [];
    for (let call = 0; call < 6; call += 1) statuses.push((await ping()).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    let last = await ping();
    for (let call = 0; call < 14 && last.json.error !== undefined; call += 1) last = await ping();
    expect([last.status, Number(last.headers["retry-after"])]).toEqual([429, expect.any(Number)]);
    await small.close();
  });

  it("of wrong passwords from one address is 429, also for the right one then", async () => {
    const guessed = await openTestGate();
    const login = (password: string) =>
      guessed.call({
        path: "/ingest/v1/session",
        headers: { "content-type": JSON_TYPE, authorization: basic("fleet", password) },
        body: '{"agent_id":"host-1"}',
      });
    for (let attempt = 0; attempt < 20; attempt += 1) expect((await login(`wrong ${attempt}`)).status).toBe(401);
    const right = await login(PASSWORD);
    expect([right.status, Number(right.headers["retry-after"]) > 0]).toEqual([429, true]);
    await guessed.close();
  });
});

it("a connection that was refused and never ends its own side is cut, and holds up no stop", async () => {
  const one = await openTestGate();
  const open = () => createConnection({ port: one.port, host: "127.0.0.1", allowHalfOpen: true });
  const request = (host: string) =>
    `GET /ingest/v1/ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  const socket = open();
  // A connection that was cut answers what is still sent to it with a reset.
  socket.on("error", () => undefined);
  const answer = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(request("evil.example"));
  expect(await answer).toMatch(/^HTTP\/1\.1 421 /);
  const nagging = setInterval(() => socket.write("x"), 50);
  await closed;
  clearInterval(nagging);
  const last = open();
  last.on("error", () => undefined);
  const told = new Promise<void>((resolve) => last.once("data", () => resolve()));
  last.write(request("evil.example"));
  await told;
  await one.close();
  last.destroy();
});

it("where nobody is named whoever is on this machine may open sessions, until somebody is", async () => {
  const open = await openTestGate({ open: true });
  const session = () =>
    open.call({ path: "/ingest/v1/session", headers: { "content-type": JSON_TYPE }, body: '{"agent_id":"x"}' });
  expect((await session()).status).toBe(200);
  await open.accounts.add({ name: "u", password: "long enough", scope: { agents: ["*"], types: [] } });
  expect((await session()).status).toBe(401);
  await open.close();
});
