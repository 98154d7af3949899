import { expect, type Locator, type Page } from "@playwright/test";

/** The worlds with their drawer, and the dialog that invalidates a dead one. */
export interface WorldsPage {
  readonly heading: Locator;
  readonly drawer: Locator;
  readonly dialog: Locator;
  /** The row of the world on this host. */
  row(host: string): Locator;
  open(): Promise<void>;
  openWorld(host: string): Promise<void>;
  /** Of the drawer. */
  act(name: string): Promise<void>;
  /** In the dialog: gives the reason, types the name where it is asked for, and presses. */
  confirm(verb: RegExp, reason: string, typed?: string): Promise<void>;
}

export function worldsOf(page: Page): WorldsPage {
  const heading = page.getByRole("heading", { level: 1 });
  const drawer = page.locator("aside.drawer");
  const dialog = page.getByRole("dialog");
  const row = (host: string) => page.locator("tr[data-row]").filter({ hasText: host });
  return {
    heading,
    drawer,
    dialog,
    row,
    async open() {
      await page.goto("/worlds");
      await expect(page.getByRole("table", { name: "Worlds" })).toBeVisible();
    },
    async openWorld(host) {
      await row(host).getByRole("link").first().click();
      await expect(drawer.getByRole("heading", { level: 2 })).toContainText(host);
    },
    act: (name) => drawer.getByRole("button", { name }).click(),
    async confirm(verb, reason, typed) {
      await dialog.getByLabel("Reason").fill(reason);
      if (typed !== undefined) await dialog.getByLabel("Type").fill(typed);
      await dialog.getByRole("button", { name: verb }).click();
    },
  };
}
