import type { Locator, Page } from "@playwright/test";

/** The map of the estate and the drawer of one node. */
export interface TopologyPage {
  open(): Promise<void>;
  /** The cell of a node, in one of these states if any are given. */
  node(name: string, states?: readonly string[]): Locator;
  readonly drawer: Locator;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

export function topologyOf(page: Page): TopologyPage {
  return {
    async open() {
      await page.goto("/topology");
    },
    node: (name, states = ["\\w+"]) =>
      page.getByRole("link", { name: new RegExp(`^${escaped(name)}, (${states.join("|")}),`) }),
    drawer: page.getByRole("complementary"),
  };
}
