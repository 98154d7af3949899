import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { LinkIdentity } from "./gateway-link.ts";
import { createHttpLink } from "./http-link.ts";
import { createSocketLink } from "./socket-link.ts";

const SIGNAL = new AbortController().signal;
const ITEM = { seq: 1, at: 1_795_300_000_000, type: "t", kind: "k", body: { a: 1 } };
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(handle: (path: string, body: string, request: IncomingMessage, answer: ServerResponse) => void) {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => handle(request.url ?? "", body, request, response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/` };
}

const identity = (url: string): LinkIdentity => ({
  url,
  agentId: "host-7",
  bootId: "boot-1",
  about: { hostname: "build-7", addresses: ["10.0.0.7"], program: "worldline-agent 1" },
  login: { by: "password", user: "ops", password: "p:ß" },
});

const json = (answer: ServerResponse, status: number, body: unknown, headers = {}) =>
  answer.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

describe("the way over HTTP", () => {
  it("opens a session with name and password, and says who it is", async () => {
    const seen: unknown[] = [];
    const { url } = await serve((path, body, request, answer) => {
      seen.push([path, JSON.parse(body), request.headers.authorization, request.headers["content-type"]]);
      json(answer, 200, { token: "t", ping_every_ms: 1_500, max_batch: 50 });
    });
    const opened = await createHttpLink(identity(url), createSystemClock()).open(SIGNAL);
    expect(opened).toEqual({ kind: "open", welcome: { token: "t", pingEveryMs: 1_500, maxBatch: 50 } });
    const basic = `Basic ${Buffer.from("ops:p:ß").toString("base64")}`;
    expect(seen).toEqual([
      ["/ingest/v1/session", { agent_id: "host-7", about: identity(url).about }, basic, "application/json"],
    ]);
  });

  it.each([
    ["401 asks for a new token", 401, {}, {}, { kind: "unauthorised" }],
    ["429 waits as told", 429, { error: "full" }, { "retry-after": "7" }, { kind: "wait", afterMs: 7_000 }],
    ["503 waits", 503, {}, {}, { kind: "wait" }],
    ["415 is refused", 415, {}, {}, { kind: "refused", status: 415 }],
    ["413 is refused", 413, {}, {}, { kind: "refused", status: 413 }],
    ["502 of something in between is as good as not there", 502, {}, {}, { kind: "unreachable" }],
    [
      "422 with each item refused is an answer for all",
      422,
      { rejected: [{ seq: 1 }] },
      {},
      { kind: "taken", rejected: 1 },
    ],
    ["202 tells the credit", 202, { accepted: 1, rejected: [], credit: 4 }, {}, { kind: "taken", credit: 4 }],
  ])("%s", async (_, status, body, headers, expected) => {
    const { url } = await serve((_path, _body, _request, answer) => json(answer, status, body, headers));
    const answer = await createHttpLink(identity(url), createSystemClock()).data("t", [ITEM], SIGNAL);
    expect(answer).toMatchObject(expected);
  });

  it("a refused connection, and an answer that is none, are told and thrown nowhere", async () => {
    const link = createHttpLink(identity("http://127.0.0.1:1"), createSystemClock());
    expect(await link.open(SIGNAL)).toMatchObject({ kind: "unreachable" });
    expect(await link.ping("t", null, SIGNAL)).toMatchObject({ kind: "unreachable" });
    await link.bye("t", "told to stop", SIGNAL);
    const { url } = await serve((_path, _body, _request, answer) => answer.writeHead(200).end("<html>"));
    expect(await createHttpLink(identity(url), createSystemClock()).open(SIGNAL)).toMatchObject({ kind: "refused" });
  });
});

describe("the way over WebSocket", () => {
  async function socketGateway(answerOf: (frame: Record<string, unknown>) => object | "hang up") {
    const frames: Record<string, unknown>[] = [];
    const { server, url } = await serve((_path, _body, _request, answer) => json(answer, 200, { token: "t1" }));
    const sockets = new WebSocketServer({ server, path: "/ingest/v1/ws" });
    sockets.on("connection", (socket) => {
      socket.on("message", (data) => {
        const frame = JSON.parse(String(data)) as Record<string, unknown>;
        frames.push(frame);
        const answer = answerOf(frame);
        if (answer === "hang up") socket.terminate();
        else socket.send(JSON.stringify(answer));
      });
    });
    return { frames, url };
  }
  const well = (frame: Record<string, unknown>) =>
    frame.op === "hello"
      ? { op: "welcome" }
      : frame.op === "data"
        ? { op: "ack", accepted: 1, duplicates: 0, rejected: [], credit: 9 }
        : { op: "pong", credit: 9 };

  it("case 24: says hello with its token, then data and pings on the one connection", async () => {
    const { frames, url } = await socketGateway(well);
    const link = createSocketLink(identity(url), createSystemClock());
    expect(await link.open(SIGNAL)).toMatchObject({ kind: "open" });
    expect(await link.data("t1", [ITEM], SIGNAL)).toEqual({ kind: "taken", rejected: 0, credit: 9 });
    expect(await link.ping("t1", 3, SIGNAL)).toMatchObject({ kind: "pong", credit: 9 });
    expect(frames.map(({ op }) => op)).toEqual(["hello", "data", "ping"]);
    expect(frames[0]).toMatchObject({ token: "t1", agent_id: "host-7", boot_id: "boot-1" });
    link.close();
  });

  it("case 24: a connection that breaks is opened anew with a new hello", async () => {
    let broken = false;
    const { frames, url } = await socketGateway((frame) => {
      if (frame.op !== "data" || broken) return well(frame);
      broken = true;
      return "hang up";
    });
    const link = createSocketLink(identity(url), createSystemClock());
    await link.open(SIGNAL);
    expect(await link.data("t1", [ITEM], SIGNAL)).toEqual({ kind: "unauthorised" });
    expect(await link.open(SIGNAL)).toMatchObject({ kind: "open" });
    expect(await link.data("t1", [ITEM], SIGNAL)).toMatchObject({ kind: "taken" });
    expect(frames.map(({ op }) => op)).toEqual(["hello", "data", "hello", "data"]);
    link.close();
  });
});
