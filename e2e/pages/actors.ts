import type { Locator, Page } from "@playwright/test";

/** The register, the page of one actor, and the page of the node that owns it. */
export interface ActorsPage {
  /** The list of one type of one source. */
  open(type: { readonly source: string; readonly namespace: string; readonly moduleId: number }): Promise<void>;
  /** Looks up the key of exactly this name. */
  lookUp(name: string): Promise<void>;
  readonly heading: Locator;
  readonly owner: Locator;
  readonly running: Locator;
  /** What a message would do: the sentence, and the way as a table. */
  readonly sentence: Locator;
  readonly way: Locator;
  readonly entry: Locator;
  readonly storage: Locator;
  readonly stop: Locator;
  readonly dialog: Locator;
  readonly status: Locator;
  readonly history: Locator;
}

export function actorsOf(page: Page): ActorsPage {
  const section = (title: string) =>
    page
      .getByRole("main")
      .locator("section.sec")
      .filter({ has: page.getByRole("heading", { name: title }) });
  const message = section("A message now");
  return {
    async open({ source, namespace, moduleId }) {
      await page.goto(`/actors?source=${source}&ns=${namespace}&module=${moduleId}`);
    },
    async lookUp(name) {
      const field = page.getByLabel("Name begins with, or is");
      await field.fill(name);
      await field.press("Enter");
    },
    heading: page.getByRole("heading", { level: 1 }),
    owner: section("Who owns it"),
    running: section("Whether it runs"),
    sentence: message.locator("p.answer"),
    way: message.getByRole("table", { name: "The way of a message now" }),
    entry: message.getByLabel(/entering at/),
    storage: section("Storage"),
    stop: page.getByRole("button", { name: /^Stop actor/ }),
    dialog: page.getByRole("dialog"),
    status: page.getByRole("main").getByRole("status"),
    history: section("History seen"),
  };
}
