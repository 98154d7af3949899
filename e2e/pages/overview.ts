import type { Locator, Page } from "@playwright/test";

/** The page that says what needs a person first. */
export interface OverviewPage {
  open(): Promise<void>;
  /** One finding whose headline or evidence holds the text. */
  need(text: string | RegExp): Locator;
  /** All findings, worst first. */
  readonly needs: Locator;
  /** Demo only: presses a scenario. Resolves with what it said that it did. */
  letHappen(scenario: "Kill a node" | "Freeze a node" | "Bring a node back" | "Fail the next plans"): Promise<string>;
}

const KNOWN = /vanishes|vanished|killed|frozen|freez|starts|fail|pause/i;

export function overviewOf(page: Page): OverviewPage {
  const needs = page.getByRole("main").locator("ol.needs").getByRole("listitem");
  const scenarios = page.getByRole("main").locator("section", { hasText: "Let something happen" });
  return {
    needs,
    need: (text) => needs.filter({ hasText: text }).first(),
    async open() {
      await page.goto("/");
    },
    async letHappen(scenario) {
      await scenarios.getByRole("button", { name: scenario }).click();
      const said = scenarios.getByRole("status").filter({ hasText: KNOWN });
      await said.waitFor();
      return said.innerText();
    },
  };
}
