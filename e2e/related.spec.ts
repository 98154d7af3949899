/** One picture of everything: from each of a node, a world and an agent of one host the others are one step away. */
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { topologyOf } from "#e2e/pages/topology.ts";

/** In the demo this host bears an executor, a node of `eu-1`, and the agent that tells both of its names. */
const HOST = "dynflow-1.demo.example.test";
const NODE = "dna@10.1.1.11";
const AGENT = "dynflow-1";
const HEARD_WITHIN_MS = 60_000;

const test = servedBy({});

/** The part of what is shown of a kind that is related. */
const kindOf = (page: Page, name: RegExp) => page.getByRole("region", { name });

test("a host that runs a node, a world and an agent is found from each of them", async ({ browser, served }) => {
  // A page that is left at once may not get to use the style that was fetched for it.
  const { page, end } = await visit(browser, served.url, { expected: /was preloaded using link preload but not used/ });
  const { drawer } = topologyOf(page);
  await page.goto(`/topology?host=${HOST}`);
  await shellOf(page).untilLive();
  await expect(drawer.getByRole("heading", { level: 2 })).toHaveText(HOST);
  await expect(kindOf(page, /^agents?$/).getByRole("link", { name: AGENT })).toBeVisible({ timeout: HEARD_WITHIN_MS });
  await expect(kindOf(page, /^nodes?$/).getByRole("link", { name: NODE })).toBeVisible();
  await expect(kindOf(page, /^worlds?$/).getByRole("link", { name: HOST })).toBeVisible();
  await expect(drawer.getByText(`BEAM name ${NODE}`)).toBeVisible();
  await expect(drawer.getByText(`hostname ${HOST} in its record`)).toBeVisible();

  // From the node.
  await kindOf(page, /^nodes?$/)
    .getByRole("link", { name: NODE })
    .click();
  await expect(drawer.getByRole("heading", { level: 2 })).toContainText(NODE);
  await expect(kindOf(page, /^host$/).getByRole("link", { name: HOST })).toBeVisible();
  await expect(kindOf(page, /^agents?$/).getByRole("link", { name: AGENT })).toBeVisible();
  await expect(kindOf(page, /^worlds?$/)).toContainText(`agent ${AGENT} tells that 10.1.1.11 and ${HOST} are one host`);

  // From the world.
  await kindOf(page, /^worlds?$/)
    .getByRole("link", { name: HOST })
    .first()
    .click();
  await expect(page).toHaveURL(/\/worlds\?.*world=/);
  await expect(kindOf(page, /^nodes?$/).getByRole("link", { name: NODE })).toBeVisible();

  // From the agent.
  await kindOf(page, /^agents?$/)
    .getByRole("link", { name: AGENT })
    .click();
  await expect(page).toHaveURL(new RegExp(`/agents/${AGENT}$`));
  await expect(kindOf(page, /^nodes?$/).getByRole("link", { name: NODE })).toBeVisible();
  await expect(kindOf(page, /^worlds?$/).getByRole("link", { name: HOST })).toBeVisible();
  await kindOf(page, /^host$/)
    .getByRole("link", { name: HOST })
    .click();
  await expect(page).toHaveURL(new RegExp(`/topology\\?host=${HOST.replaceAll(".", "\\.")}$`));
  await end();
});

test("layers are switched by keys and in the address, and move nothing of the others", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url);
  await page.goto("/topology");
  await shellOf(page).untilLive();
  const layers = page.getByRole("group", { name: "Layers" });
  await expect(layers.getByRole("button", { name: /^Agents/ })).toBeVisible({ timeout: HEARD_WITHIN_MS });
  const cell = (name: string) => page.getByRole("link", { name: new RegExp(`^${name}, agent, `) });
  await expect(cell(AGENT)).toBeVisible({ timeout: HEARD_WITHIN_MS });
  const before = await placesOf(page);

  await layers.getByRole("button", { name: /^DNA/ }).press("Enter");
  await expect(page).toHaveURL(/[?&]layers=/);
  await expect(page.getByRole("link", { name: /^dna@/ })).toHaveCount(0);
  await expect(page.getByRole("table", { name: "Agents" })).toBeVisible();
  expectSamePlaces(await placesOf(page), before);

  await layers.getByRole("button", { name: /^Dynflow/ }).press("Enter");
  await expect(page.getByRole("table", { name: "Dynflow" })).toHaveCount(0);
  expectSamePlaces(await placesOf(page), before);
  await page.reload();
  await expect(cell(AGENT)).toBeVisible();
  await expect(page.getByRole("link", { name: /^dna@/ })).toHaveCount(0);

  await layers.getByRole("button", { name: /^DNA/ }).press("Enter");
  await layers.getByRole("button", { name: /^Dynflow/ }).press("Enter");
  await expect(page).not.toHaveURL(/layers=/);
  await expect(topologyOf(page).node(NODE)).toBeVisible();

  await cell(AGENT).press("Enter");
  await expect(topologyOf(page).drawer.getByRole("heading", { level: 2 })).toHaveText(AGENT);
  await page.keyboard.press("Escape");
  await expect(topologyOf(page).drawer).toHaveCount(0);
  await end();
});

test("the palette finds an agent, a stack and a host by an address of it", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url);
  await page.goto("/");
  await shellOf(page).untilLive();
  const open = async (text: string, entry: RegExp) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Find or do" }).fill(text);
    await page.getByRole("option", { name: entry }).first().waitFor({ timeout: HEARD_WITHIN_MS });
    await page.keyboard.press("Enter");
  };
  await open("host 10.1.1.11", new RegExp(HOST));
  await expect(page).toHaveURL(/\/topology\?host=/);
  await open("hive stack", /hive/);
  await expect(page).toHaveURL(/\/haf\?source=hive/);
  await end();
});

for (const width of [1_440, 360] as const) {
  test(`nothing bars the way to what is related, in light and dark, at ${width} px`, async ({ browser, served }) => {
    const { page, end } = await visit(browser, served.url, { viewport: { width, height: 900 } });
    const found: string[] = [];
    const agent = `/topology?${new URLSearchParams({ thing: "agent", of: "agents", id: AGENT })}`;
    for (const address of [`/topology?host=${HOST}`, agent, "/topology?layers=dynflow,haf,agents&view=table"]) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(address);
      await shellOf(page).untilLive();
      await expect(page.getByRole("link", { name: AGENT, exact: true }).first()).toBeVisible({
        timeout: HEARD_WITHIN_MS,
      });
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      found.push(...(await barriers(page)).map((barrier) => `${address}: ${barrier}`));
      const overflow = await sidewaysOverflow(page);
      if (overflow > 0) found.push(`${address}: ${overflow} px wider than the window`);
      await page.emulateMedia({ colorScheme: "dark" });
      found.push(...(await barriers(page, ["color-contrast"])).map((barrier) => `${address}, dark: ${barrier}`));
    }
    expect(found).toEqual([]);
    await end();
  });
}

type Places = Readonly<Record<string, string>>;

/** Where each thing stands on the map, in pixels of the map. */
const placesOf = (page: Page): Promise<Places> =>
  page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll<HTMLElement>("[data-cell]")].map((cell) => [
        cell.dataset.cell ?? "",
        `${cell.style.left} ${cell.style.top}`,
      ]),
    ),
  );

function expectSamePlaces(now: Places, before: Places): void {
  const both = Object.keys(now).filter((key) => Object.hasOwn(before, key));
  expect(both.length).toBeGreaterThan(0);
  for (const key of both) expect([key, now[key]]).toEqual([key, before[key]]);
}
