import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { Services } from "#server/trpc/services.ts";
import { createFakeApp, createFakeServices, openTestConsole, type TestConsole } from "./console.test-kit.ts";

let server: TestConsole;
afterEach(() => server.stop());

it("whoever leaves in the middle of a search is known to have left where it is worked on", async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const dynflowList: Partial<Services["dynflowList"]> = {
    search: (_caller, _input, signal) => {
      signals.push(signal);
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("left")));
      });
    },
  };
  const services = { ...createFakeServices(), dynflowList: dynflowList as Services["dynflowList"] };
  server = await openTestConsole({ auth: "tokens", app: createFakeApp(services) });
  const input = encodeURIComponent(JSON.stringify({ source: "foreman", needle: { actionClass: "Lab" } }));
  const socket = connect(server.port, "127.0.0.1");
  const lines = [
    `GET /api/trpc/dynflow.plans.search?input=${input} HTTP/1.1`,
    `Host: 127.0.0.1:${server.port}`,
    `Authorization: Bearer ${server.tokens.viewer}`,
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  await expect.poll(() => signals.length).toBe(1);
  expect(signals[0]?.aborted).toBe(false);
  socket.destroy();
  await expect.poll(() => signals[0]?.aborted).toBe(true);
});
