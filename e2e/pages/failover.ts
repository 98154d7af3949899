import { expect, type Locator, type Page } from "@playwright/test";

/** The dialog that releases the keys of a dead incarnation, and the page of its job. */
export interface FailoverPage {
  readonly dialog: Locator;
  readonly send: Locator;
  /** Counts the keys, if they have not been, and answers how many the button says. */
  countKeys(): Promise<number>;
  confirm(node: string, reason: string): Promise<void>;
  /** On the job's page: its state in the head. */
  jobState(word: string): Locator;
  /** On the job's page: a fact such as `applied`. */
  jobFact(name: string): Locator;
}

export function failoverOf(page: Page): FailoverPage {
  const dialog = page.getByRole("dialog", { name: /^Fail over/ });
  const send = dialog.getByRole("button", { name: /^Fail over/ });
  return {
    dialog,
    send,
    async countKeys() {
      await dialog.getByRole("button", { name: /^(Count its keys|Count again)/ }).click();
      await expect(send).toHaveText(/^Fail over [\d\u2009\u00a0\u202f, ]+ keys?/, { timeout: 60_000 });
      return Number((await send.innerText()).replaceAll(/\D/g, ""));
    },
    async confirm(node, reason) {
      await dialog.getByLabel("Reason").fill(reason);
      await dialog.getByLabel("Type").fill(node);
      await send.click();
      await page.waitForURL(/\/jobs\/[^/]+$/);
    },
    jobState: (word) => page.getByRole("main").locator(".phead").getByText(word, { exact: true }).first(),
    jobFact: (name) =>
      page
        .getByRole("main")
        .locator("dt", { hasText: new RegExp(`^${name}$`) })
        .locator("xpath=following-sibling::dd[1]"),
  };
}
