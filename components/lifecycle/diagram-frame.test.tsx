// @vitest-environment happy-dom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NO_MARKS } from "./diagram.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { parseFromFrame, parseToFrame } from "./frame-protocol.ts";
import { PLAN_DIAGRAM, planMarks } from "./plan-diagram.ts";
import { PlanLifecycle } from "./plan-lifecycle.tsx";
import { toScriptDiagram } from "./sequence-diagram.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function frame() {
  const element = document.querySelector("iframe");
  if (element === null) throw new Error("no frame");
  const sent: unknown[] = [];
  const inside = { postMessage: (message: unknown) => sent.push(message) };
  Object.defineProperty(element, "contentWindow", { value: inside, configurable: true });
  const say = (data: unknown, source: unknown = inside) =>
    act(() => {
      const event = new Event("message");
      Object.assign(event, { data, source });
      window.dispatchEvent(event);
    });
  return { element, sent, say };
}

const draw = (marks = NO_MARKS) => (
  <DiagramFrame diagram={PLAN_DIAGRAM} marks={marks} twin={<table aria-label="twin" />} />
);

describe("DiagramFrame", () => {
  it("gives the frame scripts and nothing else", () => {
    render(draw());
    expect(frame().element.getAttribute("sandbox")).toBe("allow-scripts");
    expect(frame().element.getAttribute("src")).toBe("/diagram");
  });

  it("sends the drawing when the frame is ready, with words apart from the source", () => {
    render(draw());
    const { sent, say } = frame();
    say({ type: "ready" });
    const drawing = sent.map(parseToFrame).find((message) => message?.type === "draw");
    expect(drawing).toMatchObject({ source: PLAN_DIAGRAM.source, words: { nodes: { n0: "pending" } } });
    expect(PLAN_DIAGRAM.source).not.toContain("pending");
  });

  it("takes the size of the picture, and only from its own frame", () => {
    render(draw());
    const { element, say } = frame();
    say({ type: "ready" });
    say({ type: "drawn", drawing: 1, width: 5_000, height: 5_000 }, window);
    expect(element.getAttribute("width")).toBe("100%");
    say({ type: "drawn", drawing: 1, width: 640, height: 240 });
    expect([element.getAttribute("width"), element.getAttribute("height")]).toEqual(["640", "240"]);
  });

  it("brings the marked present into view", () => {
    const scrollTo = vi.spyOn(Element.prototype, "scrollTo");
    render(draw());
    const { say } = frame();
    say({ type: "ready" });
    say({ type: "here", x: 900, y: 0 });
    expect(scrollTo).not.toHaveBeenCalled();
    say({ type: "drawn", drawing: 1, width: 1_200, height: 240 });
    expect(scrollTo).toHaveBeenCalledWith(expect.objectContaining({ left: 900 }));
  });

  it("marks the present without another drawing", () => {
    const { rerender } = render(draw());
    const { sent, say } = frame();
    say({ type: "ready" });
    rerender(draw(planMarks("paused", [])));
    const kinds = sent.map((message) => parseToFrame(message)?.type);
    expect(kinds.filter((kind) => kind === "draw")).toHaveLength(1);
    expect(sent.at(-1)).toMatchObject({ type: "mark", marks: { now: ["n5"] } });
  });

  it("changes words without another drawing, and draws anew when the source is another", () => {
    const script = (label: string, room: number) =>
      toScriptDiagram({
        title: "words",
        parties: [{ key: "a", label: "A" }],
        items: [{ kind: "message", key: "m", from: "a", to: "a", label, arrow: "->>", effect: null, room }],
      });
    const view = (diagram: ReturnType<typeof script>) => (
      <DiagramFrame diagram={diagram} marks={NO_MARKS} twin={<p>twin</p>} />
    );
    const { rerender } = render(view(script("block 1", 20)));
    const { sent, say } = frame();
    say({ type: "ready" });
    rerender(view(script("block 2 <b>", 20)));
    const said = () => sent.map((message) => parseToFrame(message));
    expect(said().filter((message) => message?.type === "draw")).toHaveLength(1);
    expect(said().findLast((message) => message?.type === "words")).toMatchObject({
      words: { edges: { m0: "block 2 <b>" } },
    });
    rerender(view(script("block 2 <b>", 30)));
    expect(said().filter((message) => message?.type === "draw")).toHaveLength(2);
  });

  it("saves the picture as it is shown, looked through once more, and says when it cannot be had", async () => {
    const blobs: Blob[] = [];
    const names: string[] = [];
    vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      if (blob instanceof Blob) blobs.push(blob);
      return "blob:x";
    });
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      names.push(this.download);
    });
    render(draw());
    const { sent, say } = frame();
    const button = () => screen.getByRole("button", { name: "Save as SVG" });
    expect(button()).toHaveProperty("disabled", true);
    say({ type: "ready" });
    say({ type: "drawn", drawing: 1, width: 640, height: 240 });
    act(() => button().click());
    expect(sent.map(parseToFrame).at(-1)).toEqual({ type: "save" });
    const hostile = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><text>a &lt; b</text></svg>`;
    await act(async () => say({ type: "saved", svg: hostile }, window));
    expect(blobs).toEqual([]);
    await act(async () => say({ type: "saved", svg: hostile }));
    expect([await blobs[0]?.text(), blobs[0]?.type]).toEqual([
      expect.stringMatching(/<text>a &lt; b<\/text>/),
      "image/svg+xml",
    ]);
    expect(await blobs[0]?.text()).not.toContain("script");
    expect(names).toEqual([`${PLAN_DIAGRAM.title.replace(/[^\w.-]+/g, "-")}.svg`]);
    expect(screen.getByRole("status").textContent).toBe("saved");
    act(() => button().click());
    await act(async () => vi.advanceTimersByTime(10_000));
    expect(screen.getByRole("status").textContent).toBe("could not be saved");
    vi.restoreAllMocks();
  });

  it("shows the table when the picture fails or takes too long", () => {
    render(draw());
    const { say } = frame();
    say({ type: "ready" });
    expect(screen.getByLabelText("twin").closest(".vh")).not.toBeNull();
    act(() => {
      vi.advanceTimersByTime(10_000);
    });
    expect(screen.getByText(/took too long/)).toBeTruthy();
    expect(screen.getByLabelText("twin").closest(".vh")).toBeNull();
  });

  it("has its table twin for screen readers from the start, the present named in it", () => {
    render(<PlanLifecycle state="paused" history={["start execution", "pause execution"]} />);
    const row = screen.getByRole("row", { current: true });
    expect(row.textContent).toContain("paused now");
  });
});

describe("what page and frame say to each other", () => {
  it("is nothing but what was agreed", () => {
    for (const data of [null, 1, "ready", {}, { type: "drawn" }, { type: "drawn", drawing: 1, width: "1", height: 1 }])
      expect(parseFromFrame(data)).toBeNull();
    expect(parseFromFrame({ type: "drawn", drawing: 1, width: Number.POSITIVE_INFINITY, height: 1e9 })).toEqual({
      type: "drawn",
      drawing: 1,
      width: 1,
      height: 20_000,
    });
    for (const data of [
      { type: "theme", theme: "x" },
      { type: "mark", marks: { now: [1] } },
      { type: "draw", drawing: 1 },
      { type: "words", words: { nodes: { n0: 1 }, edges: {} } },
    ])
      expect(parseToFrame(data)).toBeNull();
  });
});
