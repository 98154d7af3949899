/** Every page, light and dark, wide and on a phone: nothing serious for axe, nothing cut off, nothing without a keyboard. */
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { planOf } from "#e2e/pages/plan.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const test = servedBy({ configuration: "demo: { speed: 5 }" });

const WIDTHS = [1440, 360] as const;

interface Place {
  readonly what: string;
  readonly address: string;
}

/** The places of the demo: each page, and each drawer or tab that has an address. */
async function placesOf(url: string): Promise<readonly Place[]> {
  const api = connectApi(url);
  const [plan, node, world, actor] = await until("the demo is read", async () => {
    const { rows } = await api.dynflow.plans.list.query({ source: "foreman", filter: { states: ["paused"] } });
    const { nodes } = await api.dna.nodes.list.query({ source: "eu-1" });
    const { worlds } = await api.dynflow.worlds.list.query({});
    const { types } = await api.dna.types.list.query({ source: "eu-1" });
    const [type] = types;
    if (type === undefined || rows[0] === undefined || nodes[0] === undefined || worlds[0] === undefined) return null;
    const page = await api.dna.actors.page.query({ source: "eu-1", ...type, limit: 1 });
    const [key] = page.rows;
    if (key === undefined || !("name" in key)) return null;
    return [rows[0], nodes[0], worlds[0], { ...type, name: key.name }] as const;
  });
  const planAddress = `/plans/foreman/${plan.id}`;
  const actorAddress = `/actors?source=eu-1&ns=${actor.namespace}&module=${actor.moduleId}&name=${actor.name}`;
  return [
    { what: "Overview", address: "/" },
    { what: "Topology", address: "/topology" },
    { what: "Topology as a table", address: "/topology?view=table" },
    { what: "Node", address: `/topology?of=eu-1&node=${encodeURIComponent(node.incarnation)}` },
    { what: "Nodes", address: "/nodes" },
    { what: "Node, its page", address: `/nodes/eu-1/${encodeURIComponent(node.incarnation)}` },
    { what: "Actors", address: "/actors" },
    { what: "Actor", address: actorAddress },
    { what: "Census", address: "/census?source=eu-1" },
    { what: "Health", address: "/health?source=eu-1&check=takeover" },
    { what: "Plans", address: "/plans" },
    { what: "Plan", address: planAddress },
    { what: "Plan, steps", address: `${planAddress}?tab=steps` },
    { what: "Plan, history", address: `${planAddress}?tab=history` },
    { what: "Plan, history seen", address: `${planAddress}?tab=seen` },
    { what: "Worlds", address: "/worlds" },
    { what: "World", address: `/worlds?source=foreman&world=${encodeURIComponent(world.id)}` },
    { what: "Journal", address: "/journal" },
    { what: "Actions", address: "/journal?view=actions" },
    { what: "Jobs", address: "/jobs" },
  ];
}

for (const width of WIDTHS) {
  test(`no page has a serious barrier, or is wider than the window, in light and dark, at ${width} px`, async ({
    browser,
    served,
  }) => {
    test.setTimeout(240_000);
    const places = await placesOf(served.url);
    const { page, end } = await visit(browser, served.url, { viewport: { width, height: 900 } });
    const found: string[] = [];
    for (const { what, address } of places) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(address);
      await shellOf(page).untilLive();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      found.push(...(await barriers(page)).map((barrier) => `${what}: ${barrier}`));
      const overflow = await sidewaysOverflow(page);
      if (overflow > 0) found.push(`${what}: ${overflow} px wider than the window`);
      const light = await groundOf(page);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await groundOf(page)).not.toBe(light);
      found.push(...(await barriers(page, ["color-contrast"])).map((barrier) => `${what}, dark: ${barrier}`));
    }
    expect(found).toEqual([]);
    await end();
  });
}

const groundOf = (page: Page): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

const TABS_MAX = 80;

/** Presses Tab until what is focused bears this name. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < TABS_MAX; presses += 1) {
    await page.keyboard.press("Tab");
    // The page itself holds the focus when what had it is gone: its text holds every name.
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element.matches("body, main")) return null;
      return element.getAttribute("aria-label") ?? element.textContent;
    });
    if (focused !== null && name.test(focused)) return;
  }
  throw new Error(`nothing named ${name} was reached with ${TABS_MAX} presses of Tab`);
}

test("the keyboard alone leads from the overview to the resume dialog and back", async ({ browser, served }) => {
  await placesOf(served.url);
  const { page, end } = await visit(browser, served.url);
  const plan = planOf(page);
  await page.goto("/");
  await shellOf(page).untilLive();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "To the content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, /is paused on an error/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/plans/foreman/*");
  await expect(plan.heading).toContainText("paused");
  await tabTo(page, /^Resume…/);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: /^Resume/ });
  await expect(dialog).toBeVisible();
  expect(await barriers(page)).toEqual([]);
  await tabTo(page, /^$/);
  await page.keyboard.type("By keyboard");
  await expect(dialog.getByLabel("Reason")).toHaveValue("By keyboard");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(plan.resumeButton).toBeFocused();
  await end();
});

test("single keys lead the same way, the list of keys says which, and a refused one does nothing", async ({
  browser,
  served,
}) => {
  await placesOf(served.url);
  const { page, end } = await visit(browser, served.url);
  const plan = planOf(page);
  await page.goto("/");
  await shellOf(page).untilLive();
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "All keys" });
  await expect(keys).toContainText("open finding 1");
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(keys).toBeHidden();
  await page.keyboard.press("1");
  // Of what needs a person, whatever is worst by then.
  await page.waitForURL((address) => address.pathname !== "/");
  const { rows } = await connectApi(served.url).dynflow.plans.list.query({
    source: "foreman",
    filter: { states: ["paused"] },
  });
  await page.goto(`/plans/foreman/${rows.at(-1)?.id}`);
  await expect(plan.heading).toContainText("paused");
  await page.keyboard.press("r");
  await expect(page.getByRole("dialog", { name: /^Resume/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await expect(page.getByRole("heading", { name: "Worlds", level: 1 })).toBeVisible();
  await page.keyboard.press("Control+K");
  const find = page.getByRole("combobox", { name: /find/i });
  await expect(find).toBeFocused();
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.type("journal");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Journal", level: 1 })).toBeVisible();
  await end();
});
