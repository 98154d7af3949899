/** The pipeline turns red for the one receiver that sleeps, for no other, and is well again when it wakes. */
import { expect, type Page } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const test = servedBy({ configuration: "demo: { speed: 1 }" });
/** All that is looked at meanwhile has to be seen by then. */
const ASLEEP_MS = 45_000;
const SLEEPER = "hook";

/** Tones of the drawn nodes, by their words. */
const tonesOf = (page: Page): Promise<Readonly<Record<string, string>>> =>
  page
    .getByRole("figure", { name: "From agents to receivers" })
    .locator("iframe")
    .contentFrame()
    .locator("svg g.node")
    .evaluateAll((nodes) =>
      Object.fromEntries(
        nodes.map((node) => [
          node.textContent?.trim() ?? "",
          /\bt-(\w+)/.exec(node.getAttribute("class") ?? "")?.[1] ?? "",
        ]),
      ),
    );

test("one receiver sleeps: it alone is red, in the picture, the tables and on the overview, until it wakes", async ({
  browser,
  served,
}) => {
  test.setTimeout(300_000);
  const api = connectApi(served.url);
  await until("all receivers take what agents send", async () => {
    const { receivers } = await api.agents.pipeline.query({ source: "agents" });
    return receivers.length > 1 && receivers.every(({ state }) => state === "ok");
  });
  const { page, end } = await visit(browser, served.url);
  await page.goto("/pipeline");
  await shellOf(page).untilLive();
  const row = (id: string) =>
    page.getByRole("table", { name: "Receivers", exact: true }).getByRole("row", { name: new RegExp(id) });
  await expect(row(SLEEPER)).toContainText("ok");
  await expect
    .poll(() => tonesOf(page), { timeout: 30_000 })
    .toMatchObject({ [SLEEPER]: "good", live: "good", store: "good" });

  await api.demo.scenario.mutate({ scenario: "sleepReceiver", forMs: ASLEEP_MS });
  await expect(page.getByRole("heading", { level: 1, name: `Receiver ${SLEEPER} is` })).toBeVisible({
    timeout: 30_000,
  });
  await expect
    .poll(() => tonesOf(page), { timeout: 30_000 })
    .toMatchObject({ [SLEEPER]: "failed", live: "good", store: "good" });
  await expect(row(SLEEPER)).toContainText(/failing|full/);
  for (const other of ["live", "store", "log"]) await expect(row(other)).toContainText("ok");
  const failing = async () => {
    const { needs } = await api.overview.get.query();
    return needs.filter(({ kind }) => kind === "receiver_failing").map(({ target }) => target);
  };
  await expect.poll(failing).toEqual([expect.stringContaining(SLEEPER)]);

  await expect(row(SLEEPER)).toContainText("ok", { timeout: 120_000 });
  await expect.poll(() => tonesOf(page), { timeout: 120_000 }).toMatchObject({ [SLEEPER]: "good" });
  await end();
});
