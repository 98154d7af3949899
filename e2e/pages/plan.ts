import { expect, type Locator, type Page } from "@playwright/test";

/** One plan: head, outcome of the last action, the step that is open, the dialog that resumes it. */
export interface PlanPage {
  readonly heading: Locator;
  readonly resumeButton: Locator;
  /** Why it cannot be resumed, as the page says it. */
  readonly resumeRefusal: Locator;
  /** The open step. */
  readonly step: Locator;
  /** How far the last action on this plan has come. */
  readonly outcome: Locator;
  openTab(
    name:
      | "Flow"
      | "Steps"
      | "Plan phase"
      | "Finalize"
      | "Sub-plans"
      | "Dependencies"
      | "Delayed"
      | "Input, output"
      | "History"
      | "Seen"
      | "Locks"
      | "Life cycle"
      | "Raw",
  ): Promise<void>;
  /** Presses Resume…, gives the reason, sends, and waits until the dialog is gone. */
  resume(reason: string): Promise<void>;
}

export function planOf(page: Page): PlanPage {
  const main = page.getByRole("main");
  const dialog = page.getByRole("dialog", { name: /^Resume/ });
  return {
    heading: main.getByRole("heading", { level: 1 }),
    resumeButton: main.getByRole("button", { name: "Resume…" }),
    resumeRefusal: main.locator("#act-why"),
    step: main.locator("section", { has: page.getByRole("heading", { name: /^Step \d+/ }) }),
    outcome: main.locator(".outcome"),
    async openTab(name) {
      const tabs = page.getByRole("navigation", { name: "Parts of the plan" });
      await tabs.getByRole("link", { name: new RegExp(`^${name}`) }).click();
      await expect(tabs.getByRole("link", { name: new RegExp(`^${name}`) })).toHaveAttribute("aria-current", "page");
    },
    async resume(reason) {
      await main.getByRole("button", { name: "Resume…" }).click();
      await dialog.getByLabel("Reason").fill(reason);
      await dialog.getByRole("button", { name: /^Resume plan/ }).click();
      await expect(dialog).toBeHidden();
    },
  };
}
