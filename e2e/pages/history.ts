import type { Locator, Page } from "@playwright/test";

/** The history of one thing, on the page of that thing. */
export interface HistoryView {
  readonly list: Locator;
  /** Rows of one kind of event; `not-known` = an interval in which nothing could be seen, `job` = told by a job. */
  rows(kind: string): Locator;
  /** Opens a row, and answers the part that tells its cause and effects. */
  unfold(row: Locator): Promise<Locator>;
}

const SHOWN_WITHIN_MS = 30_000;

export function historyOf(page: Page): HistoryView {
  const list = page.getByRole("list", { name: /^History of .*, newest first$/ });
  return {
    list,
    rows: (kind) => list.locator(`li[data-event="${kind}"]`),
    async unfold(row) {
      // By key: what stands above may still grow under a pointer.
      await row.getByRole("button").first().press("Enter");
      const more = row.locator(".hist-more");
      await more.getByRole("link", { name: "Show as of here" }).waitFor({ timeout: SHOWN_WITHIN_MS });
      return more;
    },
  };
}
