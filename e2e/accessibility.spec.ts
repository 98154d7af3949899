import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { type RunningConsole, startConsole } from "./fixtures/console.ts";

const PAGES = ["/", "/topology", "/actors", "/plans", "/worlds", "/journal", "/jobs"] as const;
const LOOKS = [
  { theme: "light", width: 1440 },
  { theme: "dark", width: 1440 },
  { theme: "light", width: 360 },
  { theme: "dark", width: 360 },
] as const;

let running: RunningConsole;
test.beforeAll(async () => {
  running = await startConsole();
});
test.afterAll(async () => {
  await running.close();
});

for (const { theme, width } of LOOKS) {
  test(`no page has a fault that axe can find, ${theme}, ${width} px`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const faults: string[] = [];
    for (const address of PAGES) {
      await page.goto(`${running.url}${address}`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa"]).analyze();
      for (const { id, nodes } of violations)
        faults.push(`${address}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (overflow > 0) faults.push(`${address}: ${overflow} px wider than the window`);
    }
    expect(faults).toEqual([]);
    await context.close();
  });
}
