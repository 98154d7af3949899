// @vitest-environment happy-dom
import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { ActorList } from "./actor-list.tsx";
import { ActorTable } from "./actor-table.tsx";
import { OwnerState } from "./owner-state.tsx";

vi.mock("next/navigation", () => ({ usePathname: () => "/actors", useSearchParams: () => new URLSearchParams() }));

const asOf = new Date(TEST_NOW).toISOString();
const HOSTILE = '<img src=x onerror="alert(1)">';
const actor = (name: string, state: string | null = "alive") => ({
  name,
  owner: { incarnation: "1:2", node: state === null ? null : "dna@10.0.0.7", state },
  claimedAt: asOf,
});

describe("ActorTable", () => {
  const draw = (pages: Readonly<Record<string, unknown>>, prefix = "", from: string | null = null) =>
    renderInConsole(<ActorTable source="eu-1" namespace="weather" moduleId={0} prefix={prefix} after={from} />, {
      folds: {},
      procedures: {
        "dna.actors.page": (input) => {
          const { after } = input as { after: string | null };
          return { asOf, faults: [], ...(pages[after ?? "first"] as object) };
        },
      },
    });

  it("shows keys with their owner and its state; a row that cannot be read costs only itself", async () => {
    draw({
      first: {
        rows: [
          actor(HOSTILE),
          { unreadable: true, key: "weather/0/broken", reason: "node_id is null" },
          actor("lost", null),
        ],
        nextAfter: null,
      },
    });
    const link = await screen.findByRole("link", { name: HOSTILE });
    expect(link.getAttribute("href")).toBe(
      `/actors?${new URLSearchParams({ source: "eu-1", ns: "weather", module: "0", name: HOSTILE })}`,
    );
    expect(screen.getByText("node_id is null")).toBeTruthy();
    expect(screen.getByText("never seen")).toBeTruthy();
    expect(document.querySelector("img[src]")).toBeNull();
  });

  it("links to the page behind the last name, so that every page has an address", async () => {
    const pages = {
      first: { rows: [actor("a"), actor("b")], nextAfter: "b" },
      b: { rows: [actor("c")], nextAfter: null },
    };
    const { unmount } = draw(pages);
    const next = await screen.findByRole("link", { name: /^Next 50/ });
    expect(next.getAttribute("href")).toBe("/actors?source=eu-1&ns=weather&module=0&after=b");
    unmount();
    const { asked } = draw(pages, "", "b");
    await screen.findByRole("link", { name: "c" });
    expect(asked.map(({ input }) => (input as { after: unknown }).after)).toEqual(["b"]);
    expect(screen.queryByRole("link", { name: /^Next/ })).toBeNull();
    expect(screen.getByRole("link", { name: "From the first" }).getAttribute("href")).toBe(
      "/actors?source=eu-1&ns=weather&module=0",
    );
  });

  it("tells nothing yet from nothing that matches", async () => {
    const { unmount } = draw({ first: { rows: [], nextAfter: null } });
    expect(await screen.findByText("No key of this type is in the register.")).toBeTruthy();
    unmount();
    draw({ first: { rows: [], nextAfter: null } }, "zz");
    expect(await screen.findByText("No key of this type begins with “zz”.")).toBeTruthy();
  });
});

describe("ActorList", () => {
  it("fills in the first source and type there are", async () => {
    const dna = [
      { id: "eu-1", region: null, title: "Europe 1", cluster: null, keyspace: "dna", modules: {}, act: false },
    ];
    const { went } = renderInConsole(
      <ActorList source={null} namespace={null} moduleId={null} prefix="" after={null} />,
      {
        folds: {},
        procedures: {
          "topology.get": () => ({
            asOf,
            faults: [],
            loadBalancer: null,
            regions: [],
            dna,
            dynflow: [],
            links: [],
            clusters: [],
          }),
          "dna.types.list": () => ({ asOf, faults: [], types: [{ namespace: "", moduleId: -1, module: null }] }),
        },
      },
    );
    await waitFor(() => expect(went).toEqual(["/actors?source=eu-1&ns=&module=-1"]));
  });
});

describe("OwnerState", () => {
  it("guesses no owner dead that was never seen", () => {
    const { container } = renderInConsole(<OwnerState owner={{ state: null }} />);
    expect(container.querySelector(".t-unknown")?.textContent).toBe("never seen");
  });
});
