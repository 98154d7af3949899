import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { point } from "#server/ingest/metric-store.contract.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createWebhook } from "./webhook.ts";

let server: Server;
let base: string;
let got: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }[];
let answer: { readonly status: number; readonly location?: string } | "silence";

beforeEach(async () => {
  got = [];
  answer = { status: 200 };
  server = createServer(async (request, response) => {
    got.push({ path: request.url ?? "", headers: request.headers, body: await text(request) });
    if (answer === "silence") return;
    const { status, location } = answer;
    response.writeHead(status, location === undefined ? {} : { location }).end("x".repeat(1_000));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  base = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const hook = (timeoutMs = 5_000, url = `${base}/in`) =>
  createWebhook({ url, token: "key", timeoutMs, clock: createManualClock() });
const signal = new AbortController().signal;

describe("a webhook", () => {
  it("sends the list as it is, signed with its time, with the same key for the same list", async () => {
    const items = [point(1), point(2)];
    await hook().receive(items, signal);
    await hook().receive(items, signal);
    const [first, again] = got;
    const headers: IncomingHttpHeaders = first?.headers ?? {};
    const body = first?.body ?? "";
    expect(JSON.parse(body)).toEqual({ items });
    const signature = createHmac("sha256", "key").update(`${headers["x-worldline-timestamp"]}.${body}`).digest("hex");
    expect(headers["x-worldline-signature"]).toBe(`sha256=${signature}`);
    expect(headers.authorization).toBe("Bearer key");
    expect(again?.headers["idempotency-key"]).toBe(headers["idempotency-key"]);
  });

  it("tells changes of agents", async () => {
    const change = { agentId: "a", from: "active", to: "inactive", at: epochMs(1) };
    await hook().agentChanged(change);
    expect(got.map(({ body }) => JSON.parse(body))).toEqual([{ change }]);
  });

  it("never follows to another place", async () => {
    answer = { status: 307, location: `${base}/elsewhere` };
    await expect(hook().receive([point(1)], signal)).rejects.toMatchObject({ code: "refused" });
    expect(got.map(({ path }) => path)).toEqual(["/in"]);
  });

  it.each([
    [503, "upstream-unavailable"],
    [429, "upstream-unavailable"],
    [400, "refused"],
  ])("takes %i for %s", async (status, code) => {
    answer = { status };
    await expect(hook().receive([point(1)], signal)).rejects.toMatchObject({ code });
  });

  it("gives up in time on one that does not answer, and says why one cannot be reached", async () => {
    answer = "silence";
    await expect(hook(100).receive([point(1)], signal)).rejects.toMatchObject({ code: "upstream-unavailable" });
    const nobody = hook(1_000, "http://127.0.0.1:1/in").receive([point(1)], signal);
    await expect(nobody).rejects.toMatchObject({ code: "upstream-unavailable" });
  });
});
