// @vitest-environment happy-dom
import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { Action, Button } from "./button.tsx";
import { State, StateGlyph } from "./glyph.tsx";
import { ClassName, Id } from "./ident.tsx";
import { Link } from "./link.tsx";
import { renderInConsole } from "./render.test-kit.tsx";
import { routes } from "./routes.ts";
import { CountCell } from "./table.tsx";
import { Empty, Failure, QueryWidget, Skeleton, Stale } from "./widget.tsx";

const HOSTILE = [
  '<img src=x onerror="alert(1)">',
  "javascript:alert(1)",
  "\u202egnp.exe",
  '"]; end',
  "x".repeat(10_000),
];

describe("states", () => {
  it("are glyph and word, the glyph being decoration beside it", () => {
    const { container } = renderInConsole(<State system="node" word="late" />);
    expect(container.textContent).toBe("late");
    expect(container.querySelector("svg")?.getAttribute("aria-hidden")).toBe("true");
    expect(container.querySelector("use")?.getAttribute("href")).toBe("#g-triangle");
  });
  it("have a name where the glyph stands alone", () => {
    renderInConsole(<StateGlyph system="node" word="gone" />);
    expect(screen.getByRole("img", { name: "gone" })).toBeTruthy();
  });
});

describe("a refused button", () => {
  it("stays, takes the focus, says why, and does nothing", () => {
    const onPress = vi.fn();
    renderInConsole(
      <Button onPress={onPress} refusal="Needs the role admin.">
        Fail over
      </Button>,
    );
    const button = screen.getByRole("button", { name: "Fail over" });
    expect(button.hasAttribute("disabled")).toBe(false);
    const described = document.getElementById(button.getAttribute("aria-describedby") ?? "");
    expect(described?.textContent).toBe("Needs the role admin.");
    fireEvent.click(button);
    expect(onPress).not.toHaveBeenCalled();
  });
  it("shows its reason beside it where there is room", () => {
    renderInConsole(
      <Action label="Drain…" onPress={() => undefined} refusal="DNA has no drain." refusedAs="Not offered.">
        never
      </Action>,
    );
    expect(screen.getByText("Not offered.").parentElement?.textContent).toBe("Not offered. DNA has no drain.");
    expect(screen.queryByText("never")).toBeNull();
  });
});

describe("the five states of a widget", () => {
  const query = { data: undefined, error: null, isPending: true, dataUpdatedAt: 0, refetch: vi.fn() };
  const draw = (over: object) =>
    renderInConsole(
      <QueryWidget<string> query={{ ...query, ...over }} what="foreman">
        {(data) => <p>{data}</p>}
      </QueryWidget>,
    );
  it("loading keeps the size of the data and says what is read", () => {
    renderInConsole(<Skeleton rows={4} what="worlds" />);
    expect(screen.getByRole("table", { name: "worlds, reading" }).querySelectorAll("tr")).toHaveLength(4);
  });
  it("failed says what, why and what next", () => {
    draw({ error: new Error("connect ECONNREFUSED"), isPending: false });
    expect(screen.getByRole("alert").textContent).toContain("Cannot read foreman");
    expect(screen.getByRole("alert").textContent).toContain("connect ECONNREFUSED");
    fireEvent.click(screen.getByRole("button", { name: "Try now" }));
    expect(query.refetch).toHaveBeenCalled();
  });
  it("stale keeps the old data, greyed, and says why", () => {
    const { container } = draw({ data: "old rows", error: new Error("timed out"), isPending: false });
    expect(container.querySelector(".stale")?.textContent).toContain("old rows");
    expect(container.querySelector(".stale")?.textContent).toContain("timed out");
  });
  it("data is drawn as it is", () => {
    const { container } = draw({ data: "rows", isPending: false });
    expect(container.textContent).toBe("rows");
  });
  it("an error is never an empty list", () => {
    renderInConsole(<Empty title="No world is registered.">Plans will wait.</Empty>);
    expect(screen.queryByRole("alert")).toBeNull();
    renderInConsole(<Failure title="Cannot read" />);
    expect(screen.getByRole("alert")).toBeTruthy();
  });
  it("stale adds nothing while all is well", () => {
    const { container } = renderInConsole(
      <Stale stale={false} asOf={null}>
        fresh
      </Stale>,
    );
    expect(container.innerHTML).toBe("fresh");
  });
});

describe("counts", () => {
  const cell = (ui: React.ReactNode) =>
    render(
      <table>
        <tbody>
          <tr>{ui}</tr>
        </tbody>
      </table>,
    ).container.querySelector("td");
  it("tell zero, not asked and not known apart", () => {
    expect(cell(<CountCell value={0} />)?.textContent).toBe("·0");
    expect(cell(<CountCell value={null} />)?.textContent).toBe("not asked");
    expect(cell(<CountCell value={3} unknown />)?.className).toContain("hatchcell");
    expect(cell(<CountCell value={null} unknown />)?.textContent).toBe("not known");
  });
});

describe("upstream text", () => {
  it.each(HOSTILE)("is text and nothing else: %.30s", (text) => {
    const { container } = renderInConsole(
      <>
        <Id id={text} form="whole" />
        <ClassName name={text} />
        <Link href={routes.actors({ source: "s", namespace: text, moduleId: 0, name: text })}>{text}</Link>
      </>,
    );
    expect(container.querySelector("img, script, iframe")).toBeNull();
    expect(container.textContent).toContain(text);
    expect(container.querySelector("a")?.getAttribute("href")?.startsWith("/actors?")).toBe(true);
  });
});

describe("links", () => {
  it("go within the console, and leave new tabs to the browser", () => {
    const { went } = renderInConsole(<Link href={routes.jobs()}>Jobs</Link>);
    fireEvent.click(screen.getByRole("link"), { ctrlKey: true });
    expect(went).toEqual([]);
    fireEvent.click(screen.getByRole("link"));
    expect(went).toEqual(["/jobs"]);
  });
});
