/** One node among a thousand: found by filter on the map, in its table and in the list; opened and read by keys alone. */
import { test as base, expect } from "@playwright/test";
import { startWatched, type WatchedConsole } from "#bench/dna/watched.ts";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { topologyOf } from "#e2e/pages/topology.ts";

const NODES = 1_000;
const WANTED = "dna@10.0.3.77";
const MAP = /^Map of 1\s000 nodes/;

const test = base.extend<object, { watched: WatchedConsole }>({
  watched: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern here, and nothing is needed
    async ({}, use) => {
      const watched = await startWatched({ sources: 1, nodes: NODES, beatMs: 5_000 });
      await use(watched);
      await watched.close();
    },
    { scope: "worker", timeout: 180_000 },
  ],
});

test("a node is found among a thousand by its name, and opened by keys; the table says the same", async ({
  browser,
  watched,
}) => {
  const { page, end } = await visit(browser, watched.url);
  const [shell, topology] = [shellOf(page), topologyOf(page)];
  await page.goto("/topology");
  await shell.untilLive();
  const map = page.getByRole("group", { name: MAP });
  await expect(map).toBeVisible();
  const table = page.getByRole("table", { name: "Nodes" });
  await expect(table).toHaveAttribute("aria-rowcount", String(NODES + 1));
  await expect(page.getByRole("link", { name: /^dna@.*, alive/ })).toHaveCount(0);

  await page.keyboard.press("/");
  await page.keyboard.type("10.0.3.77");
  await expect(table).toHaveAttribute("aria-rowcount", "2");
  await expect(table.getByRole("row").nth(1)).toContainText(WANTED);
  await expect(page).toHaveURL(/[?&]q=10\.0\.3\.77/);
  const cell = topology.node(WANTED);
  await expect(cell).toHaveCount(1);
  await cell.focus();
  await page.keyboard.press("Enter");
  await expect(topology.drawer).toContainText(WANTED);
  await topology.drawer.getByRole("link", { name: "its page" }).press("Enter");
  await expect(page).toHaveURL(/\/nodes\/eu-1\//);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(WANTED);
  await expect(page.getByRole("img", { name: /^Intervals between its beats/ })).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole("table", { name: "Incarnations of this name" }).getByRole("row")).toHaveCount(2);
  await end();
});

test("keys move through a thousand nodes that are painted, and it is said where they are", async ({
  browser,
  watched,
}) => {
  const { page, end } = await visit(browser, watched.url);
  await page.goto("/topology");
  await shellOf(page).untilLive();
  const map = page.getByRole("group", { name: MAP });
  await map.focus();
  await page.keyboard.press("Home");
  const said = page.getByRole("status").filter({ hasText: "dna@" });
  await expect(said).toContainText("dna@10.0.0.1,");
  await page.keyboard.press("ArrowRight");
  await expect(said).toContainText("dna@10.0.0.2,");
  await page.keyboard.press("+");
  await expect(page.getByRole("button", { name: "Fit" })).toHaveAttribute("aria-pressed", "false");
  await page.keyboard.press("0");
  await expect(page.getByRole("button", { name: "Fit" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("Enter");
  await expect(topologyOf(page).drawer).toContainText("dna@10.0.0.2");
  await end();
});

test("the list of incarnations is filtered, sorted and walked by keys, and its address brings it back", async ({
  browser,
  watched,
}) => {
  const { page, end } = await visit(browser, watched.url);
  await page.goto("/nodes?q=10.0.3.7");
  await shellOf(page).untilLive();
  const table = page.getByRole("table", { name: "Incarnations" });
  // 10.0.3.7, and 70 to 79.
  await expect(table).toHaveAttribute("aria-rowcount", "12");
  await table.getByRole("button", { name: "Node" }).click();
  await table.getByRole("button", { name: "Node" }).click();
  await expect(page).toHaveURL(/[?&]sort=-node/);
  await expect(table.getByRole("row").nth(1)).toContainText("dna@10.0.3.79");
  await page.reload();
  await expect(table.getByRole("row").nth(1)).toContainText("dna@10.0.3.79");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText(WANTED);
  await end();
});

for (const width of [1_440, 360] as const) {
  test(`nothing bars the way at ${width} px, on the map, in the list and on the page of a node`, async ({
    browser,
    watched,
  }) => {
    const { page, end } = await visit(browser, watched.url, { viewport: { width, height: 900 } });
    const found: string[] = [];
    await page.goto("/nodes?q=10.0.3.77");
    await shellOf(page).untilLive();
    const link = page.getByRole("table", { name: "Incarnations" }).getByRole("link", { name: WANTED });
    const address = (await link.getAttribute("href")) ?? "";
    for (const path of ["/topology", "/topology?state=alive&q=10.0.3", "/nodes", address]) {
      await page.goto(path);
      await shellOf(page).untilLive();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      found.push(...(await barriers(page)).map((barrier) => `${path}: ${barrier}`));
      const overflow = await sidewaysOverflow(page);
      if (overflow > 0) found.push(`${path}: ${overflow} px wider than the window`);
    }
    expect(found).toEqual([]);
    await end();
  });
}
