import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isNotTaken } from "#server/alerts/ports.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createWebhookSink } from "./webhook-sink.ts";

interface Call {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

const calls: Call[] = [];
let answer: (response: ServerResponse, call: number) => void;
let url: string;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += String(chunk);
  });
  request.on("end", () => {
    calls.push({ headers: request.headers, body });
    answer(response, calls.length);
  });
});

beforeEach(async () => {
  calls.length = 0;
  answer = (response) => response.writeHead(204).end();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/hook?token=hush`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const MESSAGE = { type: "test", sentAt: "2026-11-22T00:00:00.000Z", by: "ada" } as const;
const open = (key: string | null = null) =>
  createWebhookSink({ url, key, origin: "ops.example" }, createSystemClock(), 1);

it("posts JSON, signed over its time and its body", async () => {
  await open("k").tell(MESSAGE);
  const [call] = calls;
  expect(JSON.parse(call?.body ?? "")).toEqual({ ...MESSAGE, origin: "ops.example" });
  const stamp = String(call?.headers["x-worldline-timestamp"]);
  const digest = createHmac("sha256", "k").update(`${stamp}.${call?.body}`).digest("hex");
  expect(call?.headers["x-worldline-signature"]).toBe(`sha256=${digest}`);
});

it("tries again what may pass, and gives the same body", async () => {
  answer = (response, call) => response.writeHead(call < 3 ? 503 : 200).end();
  await open().tell(MESSAGE);
  expect(calls).toHaveLength(3);
  expect(new Set(calls.map(({ body }) => body)).size).toBe(1);
});

it("gives up after some tries, and at once where a try more changes nothing", async () => {
  answer = (response) => response.writeHead(500).end();
  await expect(open().tell(MESSAGE)).rejects.toMatchObject({ code: "refused", message: "it answered 500" });
  expect(calls).toHaveLength(4);
  answer = (response) => response.writeHead(401).end();
  await expect(open().tell(MESSAGE)).rejects.toMatchObject({ code: "refused", message: "it answered 401" });
  expect(calls).toHaveLength(5);
});

it("follows nobody elsewhere", async () => {
  answer = (response) => response.writeHead(307, { location: "http://127.0.0.1:1/else" }).end();
  await expect(open().tell(MESSAGE)).rejects.toMatchObject({ name: "OpsError" });
  expect(calls.every(({ headers }) => headers.host === new URL(url).host)).toBe(true);
});

it("says why nobody was reached, without the address", async () => {
  const nowhere = createWebhookSink(
    { url: "http://127.0.0.1:9/hook?token=hush", key: null, origin: "x" },
    createSystemClock(),
    1,
  );
  const failure = await nowhere.tell(MESSAGE).catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ code: "upstream-unavailable" });
  expect(String(failure)).not.toContain("hush");
});

it("knows when nobody can have taken it, and when somebody may have", async () => {
  const failure = async (sink = open()) => isNotTaken(await sink.tell(MESSAGE).catch((cause: unknown) => cause));
  answer = (response) => response.writeHead(400).end();
  expect(await failure()).toBe(true);
  answer = (response) => response.writeHead(504).end();
  expect(await failure()).toBe(false);
  calls.length = 0;
  answer = (response, call) => (call === 1 ? response.destroy() : response.writeHead(400).end());
  expect(await failure()).toBe(false);
  const left = createServer();
  await new Promise<void>((resolve) => left.listen(0, "127.0.0.1", resolve));
  const address = left.address();
  await new Promise((resolve) => left.close(resolve));
  const port = typeof address === "object" ? address?.port : 0;
  const nobody = { url: `http://127.0.0.1:${port}/`, key: null, origin: "x" };
  expect(await failure(createWebhookSink(nobody, createSystemClock(), 1))).toBe(true);
});

it("ends with the signal", async () => {
  answer = () => undefined;
  const abort = new AbortController();
  const told = open().tell(MESSAGE, abort.signal);
  await expect.poll(() => calls.length).toBe(1);
  abort.abort(new Error("the console stops"));
  await expect(told).rejects.toThrow("the console stops");
});
