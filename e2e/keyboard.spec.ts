/** The console without a pointer: Tab reaches everything that can be pressed, on every page, and the main journeys work. */
import { expect, type Page } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { PLACE_GROUPS, placesOf } from "#e2e/fixtures/places.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { tabTo } from "#e2e/fixtures/tab-to.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

/** At its own pace: rows that live lists push out take the focus along. */
const test = servedBy({ configuration: "demo: { speed: 1 }" });

/** More stops than this are not walked: long lists are walked by their row keys. */
const STOPS_MAX = 80;

/** Marks what Tab has to reach, in the order of the document; answers how many there are. */
const markStops = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const wanted = "a[href], button, input, select, textarea, summary, [tabindex]";
    const stops = [...document.querySelectorAll<HTMLElement>(wanted)].filter((element) => {
      if (element.tabIndex < 0 || element.hasAttribute("disabled") || element.closest("[inert]") !== null) return false;
      if (element instanceof HTMLInputElement && element.type === "radio" && !element.checked) return false;
      return element.checkVisibility({ visibilityProperty: true }) && element.tagName !== "IFRAME";
    });
    stops.forEach((element, index) => {
      element.dataset.stop = String(index);
    });
    return stops.length;
  });

/** Presses Tab until every marked stop was reached; answers which were, and which had no ring to be seen. */
async function walk(page: Page, stops: number): Promise<{ reached: Set<number>; unseen: string[] }> {
  const reached = new Set<number>();
  const unseen: string[] = [];
  for (let press = 0; press < 3 * stops + 40 && reached.size < stops; press += 1) {
    await page.keyboard.press("Tab");
    const { stop, ring, name } = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!(focused instanceof HTMLElement)) return { stop: null, ring: true, name: "" };
      // A field may have its ring around what it stands in; within a date the browser itself shows the part.
      let hasRing = getComputedStyle(focused).boxShadow !== "none" || focused.matches("[type=datetime-local]");
      for (let element: Element | null = focused; element !== null && !hasRing; element = element.parentElement) {
        if (!element.matches(":focus-visible, :focus-within")) break;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        hasRing = outlineStyle !== "none" && outlineWidth !== "0px";
      }
      return { stop: focused.dataset.stop ?? null, ring: hasRing, name: focused.outerHTML.slice(0, 120) };
    });
    if (stop === null) continue;
    reached.add(Number(stop));
    if (!ring) unseen.push(name);
  }
  return { reached, unseen };
}

for (const group of PLACE_GROUPS) {
  test(`Tab reaches all that can be pressed on the pages of ${group}, and shows where it is`, async ({
    browser,
    served,
  }) => {
    test.setTimeout(240_000);
    const { [group]: places } = await placesOf(served.url);
    const { page, end } = await visit(browser, served.url);
    const missed: string[] = [];
    for (const { what, address } of places) {
      await page.goto(address);
      await shellOf(page).untilLive();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      const stops = Math.min(await markStops(page), STOPS_MAX);
      expect(stops, what).toBeGreaterThan(5);
      const { reached, unseen } = await walk(page, stops);
      // What the feed has taken away meanwhile cannot be reached.
      const left = await page.evaluate(
        (count) =>
          Array.from({ length: count }, (_, index) => index).flatMap((index) => {
            const element = document.querySelector<HTMLElement>(`[data-stop="${index}"]`);
            return element?.checkVisibility() ? [{ index, html: element.outerHTML.slice(0, 120) }] : [];
          }),
        stops,
      );
      missed.push(
        ...left.filter(({ index }) => !reached.has(index)).map(({ html }) => `${what}: not reached: ${html}`),
      );
      missed.push(...unseen.map((html) => `${what}: no ring: ${html}`));
    }
    expect(missed).toEqual([]);
    await end();
  });
}

test("by keys alone: from the overview to an agent, its pipeline, a stack and a life cycle, and an alert is silenced", async ({
  browser,
  served,
}) => {
  test.setTimeout(90_000);
  const { agents } = await until("agents are heard", async () => {
    const answer = await connectApi(served.url).agents.list.query({ source: "agents" });
    return answer.agents.length > 1 ? answer : null;
  });
  const { page, end } = await visit(browser, served.url);
  const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name });
  await page.goto("/");
  await shellOf(page).untilLive();

  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(heading(/agent/i)).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/agents\/.+/);
  const opened = decodeURIComponent(new URL(page.url()).pathname.slice("/agents/".length));
  expect(agents.map(({ agentId }) => agentId)).toContain(opened);
  await expect(heading(opened)).toBeVisible();

  await page.keyboard.press("Control+K");
  await expect(page.getByRole("combobox", { name: /find/i })).toBeFocused();
  await page.keyboard.type("pipeline");
  await page.keyboard.press("Enter");
  await expect(heading("Pipeline")).toBeVisible();

  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await page.waitForURL(/\/haf/);
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await expect(heading(/life cycles/i)).toBeVisible();

  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await expect(heading("Alerts")).toBeVisible();
  await tabTo(page, /^Silence…/);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Silence alerts" });
  await expect(dialog).toBeVisible();
  await tabTo(page, /^$/);
  await page.keyboard.type("By keyboard");
  await expect(dialog.getByLabel("Reason")).toHaveValue("By keyboard");
  await tabTo(page, /^Silence for/);
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("table", { name: "Silences" })).toContainText("everything");
  await end();
});
