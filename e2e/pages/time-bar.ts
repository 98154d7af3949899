import { expect, type Locator, type Page } from "@playwright/test";

/** The bar that moves the console in time, and the banner that says where it stands. */
export interface TimeBarPage {
  readonly slider: Locator;
  /** Says as of when everything is shown; there is none while live. */
  readonly banner: Locator;
  /** Waits until the screens show what the cursor points at. */
  settled(): Promise<void>;
  /** The instant that is shown, in epoch ms. */
  shown(): Promise<number>;
  span(words: "15 min" | "1 h" | "6 h" | "24 h" | "7 d"): Promise<void>;
  press(name: "Previous event" | "Next event" | "Play" | "Stand" | "Live"): Promise<void>;
  backToLive(): Promise<void>;
}

export function timeBarOf(page: Page): TimeBarPage {
  const bar = page.getByRole("region", { name: "Time bar" });
  const slider = bar.getByRole("slider", { name: "Instant that is shown" });
  const banner = page.getByRole("region", { name: "Instant that is shown" });
  const shown = async () => Number(await banner.getAttribute("data-shown"));
  return {
    slider,
    banner,
    shown,
    async settled() {
      await expect(async () => {
        expect(await banner.getAttribute("data-shown")).not.toBe("");
        expect(await banner.getAttribute("data-shown")).toBe(await slider.getAttribute("data-wanted"));
      }).toPass({ timeout: 30_000 });
    },
    async span(words) {
      await bar.getByRole("button", { name: words, exact: true }).click();
    },
    async press(name) {
      await bar.getByRole("button", { name, exact: true }).click();
    },
    async backToLive() {
      await banner.getByRole("button", { name: /^Back to live/ }).click();
      await expect(banner).toBeHidden();
    },
  };
}
