import type { Locator, Page } from "@playwright/test";

/** The history of one thing, on the page of that thing. */
export interface HistoryView {
  readonly list: Locator;
  /** Rows of one kind of event; `not-known` = an interval in which nothing could be seen, `job` = told by a job. */
  rows(kind: string): Locator;
  /** Opens a row, and answers the part that tells its cause and effects. */
  unfold(row: Locator): Promise<Locator>;
}

export function historyOf(page: Page): HistoryView {
  const list = page.getByRole("list", { name: /^History of .*, newest first$/ });
  return {
    list,
    rows: (kind) => list.locator(`li[data-event="${kind}"]`),
    async unfold(row) {
      await row.getByRole("button").first().click();
      const more = row.locator(".hist-more");
      await more.getByRole("link", { name: "Show as of here" }).waitFor();
      return more;
    },
  };
}
