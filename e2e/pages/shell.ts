import { expect, type Locator, type Page } from "@playwright/test";

export const PAGES = ["Overview", "Topology", "Nodes", "Actors", "Plans", "Worlds", "Journal", "Jobs"] as const;
export type PageName = (typeof PAGES)[number];

/** What is around every page: rail, bars, banners. */
export interface Shell {
  readonly main: Locator;
  readonly timeBar: Locator;
  /** Said while the live feed is lost. */
  readonly feedLost: Locator;
  goTo(name: PageName): Promise<void>;
  /** Waits until the page shows live data. */
  untilLive(): Promise<void>;
}

export function shellOf(page: Page): Shell {
  const timeBar = page.getByRole("region", { name: "Time bar" });
  return {
    main: page.getByRole("main"),
    timeBar,
    feedLost: page.getByText("The live feed is lost"),
    async goTo(name) {
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).click();
      await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name })).toHaveAttribute(
        "aria-current",
        "page",
      );
    },
    async untilLive() {
      await expect(timeBar.locator(".live").getByText("Live", { exact: true })).toBeVisible();
    },
  };
}
