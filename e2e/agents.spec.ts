/** Agents of the demo: seen through the real gateway, one killed is late and inactive once and comes back; its page. */
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type ConsoleApi, connectApi, readJournal } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";

const STREAM = "ingest:agents";
const KILLED = "node-3";
const DEMO_AGENTS = ["dynflow-1", "dynflow-2", "foreman", "node-3", "node-4", "this-host"];
/** Longer than an agent may be silent (7 s), by as much as a slow page may need to show it. */
const SILENT_MS = 20_000;

const test = servedBy({ configuration: "demo: { speed: 1 }" });

async function stateOf(api: ConsoleApi, agentId: string): Promise<string | null> {
  const { agents } = await api.agents.list.query({});
  return agents.find((agent) => agent.agentId === agentId)?.state ?? null;
}

async function path(api: ConsoleApi, agentId: string): Promise<readonly string[]> {
  const events = (await readJournal(api, [STREAM])).get(STREAM) ?? [];
  return events.flatMap((event) =>
    event.kind === "agent.state_changed" && event.subject === agentId ? [event.body.to] : [],
  );
}

const allActive = (api: ConsoleApi) =>
  until("every agent of the demo is active", async () => {
    const { agents } = await api.agents.list.query({ states: ["active"] });
    return DEMO_AGENTS.every((id) => agents.some(({ agentId }) => agentId === id));
  });

const rowOf = (page: Page, agentId: string) =>
  page.getByRole("table", { name: "Agents" }).getByRole("row").filter({ hasText: agentId });

test("an agent that is killed is late once, inactive once, and active once when it is back", async ({
  browser,
  served,
}) => {
  const api = connectApi(served.url);
  await allActive(api);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/agents");
  await expect(rowOf(page, KILLED)).toContainText("active");
  const before = await path(api, KILLED);
  await api.demo.scenario.mutate({ scenario: "stopAgent", agentId: KILLED, forMs: SILENT_MS });
  await expect(rowOf(page, KILLED)).toContainText("inactive", { timeout: 30_000 });
  await expect(page.getByRole("heading", { level: 1 })).toContainText("inactive");
  await until("it is back", async () => (await stateOf(api, KILLED)) === "active", { withinMs: 90_000 });
  await expect(rowOf(page, KILLED)).toContainText("it was heard again");
  const after = (await path(api, KILLED)).slice(before.length);
  // A machine under load may bring a further "late" and back; inactive it was once.
  expect(after.filter((state) => state === "inactive")).toEqual(["inactive"]);
  expect(after.slice(after.indexOf("inactive"), after.indexOf("inactive") + 2)).toEqual(["inactive", "active"]);
  expect(after.filter((state, index) => state === after[index - 1])).toEqual([]);
  await end();
});

test("the list and the page of an agent are worked by keyboard alone", async ({ browser, served }) => {
  await allActive(connectApi(served.url));
  const { page, end } = await visit(browser, served.url);
  await page.goto("/agents");
  await expect(rowOf(page, "this-host")).toBeVisible();
  await page.keyboard.press("t");
  await expect(page.getByRole("heading", { name: "By host" })).toBeVisible();
  await page.keyboard.press("t");
  await page.getByLabel("Filter by agent, host, gateway or program").fill("this-host");
  await expect(page.getByRole("table", { name: "Agents" }).getByRole("row")).toHaveCount(2);
  await page.getByLabel("Filter by agent, host, gateway or program").blur();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/agents\/this-host/);
  const values = page.getByRole("table", { name: "Last values" });
  await expect(values.getByRole("row").filter({ hasText: "system_metrics" })).toContainText("cpu_load", {
    timeout: 60_000,
  });
  await page.getByRole("button", { name: "Chart of memory_usage" }).press("Enter");
  await expect(page.getByRole("img", { name: "memory_usage over the last hour, as a chart" })).toBeVisible();
  await page.getByRole("button", { name: "Hold still" }).press("Enter");
  await expect(page.getByRole("button", { name: "Go on" })).toHaveAttribute("aria-pressed", "true");
  await end();
});

for (const colorScheme of ["light", "dark"] as const)
  test(`axe finds no barrier, and nothing is wider than a phone, in the ${colorScheme} theme`, async ({
    browser,
    served,
  }) => {
    await allActive(connectApi(served.url));
    const { page, end } = await visit(browser, served.url, { colorScheme });
    for (const [address, ready] of [
      ["/agents", "Agents"],
      ["/agents?view=map", "Agents"],
      ["/agents/dynflow-1", "dynflow-1"],
    ] as const) {
      await page.setViewportSize({ width: 1_440, height: 900 });
      await page.goto(address);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(ready);
      expect(await barriers(page)).toEqual([]);
      await page.setViewportSize({ width: 360, height: 780 });
      await expect.poll(() => sidewaysOverflow(page)).toBe(0);
    }
    await end();
  });

test("of the past a page of an agent shows what the journal knows, and says what it does not", async ({
  browser,
  served,
}) => {
  const api = connectApi(served.url);
  await allActive(api);
  const { page, end } = await visit(browser, served.url);
  const at = new Date().toISOString();
  await page.goto(`/agents/node-4?at=${encodeURIComponent(at)}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("node-4");
  await expect(page.getByText("not in the journal")).toBeVisible();
  await end();
});
