/** Alerts: what needs a person reaches a webhook, once; a silence holds it back and shows; a dead sink is told. */
import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import { expect, test } from "@playwright/test";
import { barriers } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const KEY = "a key for tests";
const SOURCE = "eu-1";
const SILENCED = "eu-2";

interface Notice {
  readonly id: string;
  readonly what: string;
  readonly kind: string;
  readonly stream: string;
  readonly target: string;
}

/** A webhook that checks signatures and keeps what it was told. */
async function openHook() {
  const notices: Notice[] = [];
  const seen = { forged: 0, alive: 0, tests: 0 };
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8");
      const stamp = String(request.headers["x-worldline-timestamp"]);
      const signature = `sha256=${createHmac("sha256", KEY).update(`${stamp}.${body}`).digest("hex")}`;
      if (request.headers["x-worldline-signature"] !== signature) seen.forged += 1;
      const message = JSON.parse(body) as { readonly type: string; readonly notices?: readonly Notice[] };
      if (message.type === "alive") seen.alive += 1;
      if (message.type === "test") seen.tests += 1;
      notices.push(...(message.notices ?? []));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    notices,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let hook: Awaited<ReturnType<typeof openHook>>;
let served: RunningConsole;
test.beforeAll(async () => {
  hook = await openHook();
  const gone = await openHook();
  await gone.close();
  served = await startConsole({
    configuration: [
      "demo: { speed: 5 }",
      "alerts:",
      `  - { id: pager, title: Pager, url: "${hook.url}", keyEnv: HOOK_KEY, sources: [${SOURCE}, ${SILENCED}], settleSeconds: 5, aliveEverySeconds: 10 }`,
      `  - { id: gone, title: Gone, url: "${gone.url}", settleSeconds: 0 }`,
    ].join("\n"),
    environment: { HOOK_KEY: KEY },
  });
});
test.afterAll(async () => {
  await served.close();
  await hook.close();
});

test("a dead node is told once, a silence holds the next one back, and the page shows both", async ({ browser }) => {
  test.setTimeout(300_000);
  const api = connectApi(served.url);
  const aliveNode = (source: string) =>
    until("the demo's nodes are alive", async () => {
      const { nodes } = await api.dna.nodes.list.query({ source });
      return nodes.every(({ state }) => state === "alive") ? (nodes[0]?.incarnation ?? null) : null;
    });
  const [first, second] = [await aliveNode(SOURCE), await aliveNode(SILENCED)];
  const toldOf = (source: string) =>
    hook.notices.filter(({ what, stream }) => what === "opened" && stream === `dna:${source}`);
  await api.demo.scenario.mutate({ scenario: "killNode", source: SOURCE, incarnation: first });
  await until("it is told", async () => toldOf(SOURCE).length > 0, { withinMs: 60_000 });

  const { page, end } = await visit(browser, served.url);
  await page.goto("/alerts");
  await shellOf(page).untilLive();
  const sinks = page.getByRole("table", { name: "Sinks" });
  await expect(sinks.getByRole("row", { name: /ok Pager/ })).toBeVisible();
  await expect(sinks.getByRole("row", { name: /failing Gone/ })).toContainText("ECONNREFUSED", { timeout: 60_000 });

  await page.getByRole("button", { name: "Silence…" }).click();
  const dialog = page.getByRole("dialog", { name: "Silence alerts" });
  await dialog.getByLabel("Where").selectOption({ label: SILENCED });
  await dialog.getByLabel("Reason").fill("We move racks");
  expect(await barriers(page)).toEqual([]);
  await dialog.getByRole("button", { name: /^Silence for/ }).click();
  await expect(page.getByRole("table", { name: "Silences" })).toContainText("everything");

  await api.demo.scenario.mutate({ scenario: "killNode", source: SILENCED, incarnation: second });
  await until(
    "the screens say that it is dead",
    async () => {
      const { needs } = await api.overview.get.query();
      return needs.some(({ stream }) => stream === `dna:${SILENCED}`);
    },
    { withinMs: 60_000 },
  );
  await sinks.getByRole("row", { name: /Pager/ }).getByRole("button", { name: "Test…" }).click();
  const tested = page.getByRole("dialog", { name: /^Test/ });
  await tested.getByLabel("Reason").fill("Does it ring?");
  await tested.getByRole("button", { name: "Send a test" }).click();
  await expect(tested).toBeHidden();
  expect(hook.seen.tests).toBe(1);
  // A sign of life that was sent after the second had settled: whatever was due by then was told before it.
  const { alive: before } = hook.seen;
  await until("two more signs of life", async () => hook.seen.alive >= before + 2, { withinMs: 60_000 });
  expect(toldOf(SILENCED)).toEqual([]);
  const ids = hook.notices.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(hook.seen.forged).toBe(0);

  await page.getByRole("table", { name: "Silences" }).getByRole("button", { name: "End…" }).click();
  const ended = page.getByRole("dialog", { name: "End the silence" });
  await ended.getByLabel("Reason").fill("Racks are moved");
  await ended.getByRole("button", { name: "Tell it again" }).click();
  await until("the second is told now", async () => toldOf(SILENCED).length > 0, { withinMs: 60_000 });
  await expect(page.getByText("Nothing is silenced.")).toBeVisible();
  await end();
});
