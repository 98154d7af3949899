/** Every page, light and dark, wide and on a phone: nothing for axe, nothing cut off, nothing without a keyboard. */
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { PLACE_GROUPS, placesOf } from "#e2e/fixtures/places.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { tabTo } from "#e2e/fixtures/tab-to.ts";
import { until } from "#e2e/fixtures/until.ts";
import { overviewOf } from "#e2e/pages/overview.ts";
import { planOf } from "#e2e/pages/plan.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const test = servedBy({ configuration: "demo: { speed: 5 }" });
/** At its own pace: nobody resumes the plan that somebody is about to resume by keys. */
const calm = servedBy({ configuration: "demo: { speed: 1 }" });
const FAIL_EVERY_MS = 3_000;

const WIDTHS = [1440, 360] as const;

for (const group of PLACE_GROUPS)
  for (const width of WIDTHS) {
    test(`axe finds nothing on any page of ${group}, none is wider than the window, in light and dark, at ${width} px`, async ({
      browser,
      served,
    }) => {
      test.setTimeout(240_000);
      const { [group]: places } = await placesOf(served.url);
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

calm("the keyboard alone leads from the overview to the resume dialog and back", async ({ browser, served }) => {
  await placesOf(served.url);
  const { page, end } = await visit(browser, served.url);
  const plan = planOf(page);
  await page.goto("/");
  await shellOf(page).untilLive();
  // Plans with the same error are one finding, which leads to their list.
  await until(
    "a plan is a finding by itself",
    async () => {
      if (
        (await overviewOf(page)
          .need(/is paused on an error/)
          .count()) > 0
      )
        return true;
      const failing = { scenario: "failNextPlans", source: "foreman", count: 1 } as const;
      await connectApi(served.url).demo.scenario.mutate(failing);
      return false;
    },
    { everyMs: FAIL_EVERY_MS },
  );
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

calm(
  "single keys lead the same way, the list of keys says which, and a refused one does nothing",
  async ({ browser, served }) => {
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
  },
);
