/** Every dialog that a page of the demo offers, opened by its button: nothing for axe, in both themes, and Escape leads back. */
import { expect, type Page } from "@playwright/test";
import { barriers } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { PLACE_GROUPS, type PlaceGroup, placesOf } from "#e2e/fixtures/places.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const test = servedBy({
  configuration: [
    "demo: { speed: 5 }",
    'alerts: [ { id: pager, url: "http://127.0.0.1:9999/none", kinds: [doubled_actor] } ]',
  ].join("\n"),
});

/** What opens dialogs on the page as it stands: enabled buttons whose name ends in an ellipsis. A key may follow in the text. */
async function openersOf(page: Page): Promise<readonly string[]> {
  const names = await page
    .getByRole("button", { name: /…$/ })
    .evaluateAll((buttons) =>
      buttons
        .filter((button) => button.getAttribute("aria-disabled") !== "true" && !button.hasAttribute("disabled"))
        .map((button) => button.getAttribute("aria-label") ?? /^[^…]*…/.exec(button.textContent ?? "")?.[0] ?? ""),
    );
  return [...new Set(names)];
}

/** Within one of these the same name opens the same dialog. */
const PART_OF: Readonly<Record<PlaceGroup, string>> = {
  nodes: "systems",
  actors: "systems",
  "stacks and agents": "systems",
  plans: "plans",
  "the whole": "together",
  "the journal": "together",
};
/** Dialogs that were looked at, by part and by what opens them: one that many pages offer is looked at once. */
const seen = new Set<string>();

for (const group of PLACE_GROUPS) {
  test(`axe finds nothing in the dialogs of ${group}, in light and dark, and Escape gives the focus back`, async ({
    browser,
    served,
  }) => {
    test.setTimeout(240_000);
    const { [group]: places } = await placesOf(served.url);
    const { page, end } = await visit(browser, served.url);
    const found: string[] = [];
    let offered = 0;
    for (const { what, address } of places) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(address);
      await shellOf(page).untilLive();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      for (const name of await openersOf(page)) {
        offered += 1;
        if (seen.has(`${PART_OF[group]} ${name}`)) continue;
        // The demo goes on: what it has settled meanwhile is offered no more.
        if (!(await openersOf(page)).includes(name)) continue;
        seen.add(`${PART_OF[group]} ${name}`);
        const opener = page.getByRole("button", { name, exact: true }).first();
        await opener.press("Enter", { timeout: 10_000 });
        const dialog = page.getByRole("dialog").last();
        await expect(dialog, `${what}: ${name}`).toBeVisible();
        await expect(dialog.locator('[aria-busy="true"]')).toHaveCount(0);
        found.push(...(await barriers(page)).map((barrier) => `${what}, ${name}: ${barrier}`));
        await page.emulateMedia({ colorScheme: "dark" });
        found.push(
          ...(await barriers(page, ["color-contrast"])).map((barrier) => `${what}, ${name}, dark: ${barrier}`),
        );
        await page.emulateMedia({ colorScheme: "light" });
        await page.keyboard.press("Escape");
        await expect(dialog, `${what}: ${name}`).toBeHidden();
      }
    }
    expect(offered, [...seen].join(", ")).toBeGreaterThan(0);
    expect(found).toEqual([]);
    await end();
  });
}
