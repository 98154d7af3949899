// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Clusters } from "#components/overview/clusters.tsx";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { ActDialog } from "./act-dialog.tsx";
import { NOT_LIVE, parseInstants } from "./instants.ts";
import { Link } from "./link.tsx";
import { useFold, useLiveFold, useNow } from "./live.ts";
import { NotKnownStreams } from "./not-known.tsx";
import { renderInConsole, TEST_NOW, TEST_PAST } from "./render.test-kit.tsx";
import { atInstants, keepInstants, routes } from "./routes.ts";
import { useRefusal } from "./session.ts";
import { Age, Since } from "./time.tsx";

const live = { folds: { "dna:now": EMPTY_DNA } };
const past = { folds: { "dna:then": EMPTY_DNA } };

function Streams() {
  const shown = useFold(({ folds }) => Object.keys(folds).join());
  const now = useLiveFold(({ folds }) => Object.keys(folds).join());
  return <p>{`shown ${shown}, live ${now}, at ${useNow()}`}</p>;
}
const Refusal = () => <p>{useRefusal("plans:resume", "own reason") ?? "possible"}</p>;

describe("while the past is shown", () => {
  it("every page draws from the state of then, and what concerns the console itself from now", () => {
    renderInConsole(<Streams />, { ...live, past });
    expect(screen.getByText(`shown dna:then, live dna:now, at ${TEST_PAST}`)).toBeTruthy();
  });

  it("nothing of now is drawn before the instant is loaded", () => {
    renderInConsole(<Streams />, { ...live, past: null });
    expect(screen.getByText("shown undefined, live dna:now, at null")).toBeTruthy();
  });

  it("every action is refused with one reason, and permitted live as before", () => {
    renderInConsole(<Refusal />, { ...live, past });
    expect(screen.getByText(NOT_LIVE)).toBeTruthy();
    renderInConsole(<Refusal />, live);
    expect(screen.getByText("own reason")).toBeTruthy();
  });

  it("a dialog that was open already refuses too", () => {
    const nothing = () => undefined;
    renderInConsole(
      <ActDialog title="t" verb="Do it" onAct={async () => nothing()} onDone={nothing} onClose={nothing}>
        <p>body</p>
      </ActDialog>,
      { ...live, past },
    );
    expect(screen.getByText(NOT_LIVE)).toBeTruthy();
    expect(screen.getByRole("button", { name: "Do it", hidden: true }).getAttribute("aria-disabled")).toBe("true");
  });

  it("ages are as of then, and what was read ever again says that it is not kept", () => {
    renderInConsole(
      <p>
        <Since at={epochMs(TEST_PAST - 240_000)} /> <Age at={null} source="cql" />
      </p>,
      { ...live, past },
    );
    expect(screen.getByText("4 min")).toBeTruthy();
    expect(screen.getByText("cql not kept")).toBeTruthy();
  });

  it("a link leads to the same instant", () => {
    renderInConsole(<Link href={routes.plans({ source: "s" })}>plans</Link>, { ...live, past });
    expect(screen.getByRole("link").getAttribute("href")).toBe("/plans?source=s&at=2026-11-22T03%3A12%3A07.000Z");
  });

  it("a stream that is not known is said to be so, and not drawn as empty", () => {
    const notKnown = [
      { stream: "dna:eu-1", why: "before-horizon" as const, knownFrom: new Date(TEST_NOW).toISOString() },
    ];
    renderInConsole(<Clusters />, { ...live, past: { folds: {}, notKnown } });
    expect(screen.getByRole("list", { name: "Not known then" }).textContent).toContain(
      "eu-1 not known then before the horizon",
    );
    expect(screen.queryByText(/No node has been seen/)).toBeNull();
  });

  it("an empty one is", () => {
    renderInConsole(<Clusters />, { ...live, past: { folds: {} } });
    expect(screen.getByText(/No node has been seen/)).toBeTruthy();
  });
});

it("live there is nothing that is not known of then", () => {
  const { container } = renderInConsole(<NotKnownStreams families={["dna"]} />, live);
  expect(container.textContent).toBe("");
});

describe("the instant in the address", () => {
  const search = new URLSearchParams("source=s&at=2026-11-22T03%3A12%3A07.000Z&with=2026-11-22T04%3A00%3A00.000Z");

  it("is read, and text that is none says nothing", () => {
    expect(parseInstants(search)).toEqual({ at: TEST_PAST, with: Date.UTC(2026, 10, 22, 4) });
    expect(parseInstants(new URLSearchParams("at=yesterday"))).toEqual({ at: null, with: null });
  });

  it("goes along to any page but the login, unless the address names one itself", () => {
    expect(keepInstants(routes.worlds({ world: "w" }), search)).toContain("/worlds?world=w&at=2026-11-22T03");
    expect(keepInstants(routes.login(), search)).toBe("/login");
    const given = atInstants("/jobs", new URLSearchParams(), { at: "2026-01-01T00:00:00.000Z", with: null });
    expect(keepInstants(given, search)).toBe(given);
    expect(keepInstants(routes.jobs(), new URLSearchParams("source=s"))).toBe("/jobs");
  });

  it("is put beside everything else, and taken away again", () => {
    const there = atInstants("/plans", new URLSearchParams("state=paused"), {
      at: "2026-11-22T03:12:07.000Z",
      with: null,
    });
    expect(there).toBe("/plans?state=paused&at=2026-11-22T03%3A12%3A07.000Z");
    expect(atInstants("/plans", search, { at: null, with: null })).toBe("/plans?source=s");
  });
});
