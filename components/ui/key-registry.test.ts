// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKeyRegistry, type KeyRegistry } from "./key-registry.ts";

let registry: KeyRegistry;
let stop: () => void;
beforeEach(() => {
  registry = createKeyRegistry();
  stop = registry.listen(window);
  document.body.innerHTML = '<input id="field"><button id="button">b</button>';
});
afterEach(() => stop());

function press(key: string, options: KeyboardEventInit & { on?: string } = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options });
  (options.on === undefined ? document.body : (document.getElementById(options.on) ?? document.body)).dispatchEvent(
    event,
  );
  return event;
}

const layer = (id: string, bindings: Record<string, () => unknown>, modal = false) =>
  registry.add({
    id,
    group: id,
    modal,
    bindings: Object.entries(bindings).map(([keys, run]) => ({ keys, does: keys, run })),
  });

describe("keys", () => {
  it("act by name, letters whatever their case", () => {
    const run = vi.fn();
    layer("page", { J: run });
    press("j");
    expect(press("J").defaultPrevented).toBe(true);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it("are text in a field, but for Escape and combinations", () => {
    const [letter, cancel, palette] = [vi.fn(), vi.fn(), vi.fn()];
    layer("page", { J: letter, Escape: cancel, "Mod+K": palette });
    press("j", { on: "field" });
    press("Escape", { on: "field" });
    press("k", { on: "field", ctrlKey: true });
    expect([letter, cancel, palette].map((run) => run.mock.calls.length)).toEqual([0, 1, 1]);
  });

  it("follow each other as a sequence", () => {
    const [overview, other] = [vi.fn(), vi.fn()];
    layer("page", { "G O": overview, O: other });
    press("g");
    press("o");
    expect(overview).toHaveBeenCalledTimes(1);
    expect(other).not.toHaveBeenCalled();
    press("o");
    expect(other).toHaveBeenCalledTimes(1);
  });

  it("of an open dialog hide all others", () => {
    const [page, dialog] = [vi.fn(), vi.fn()];
    layer("page", { J: page });
    const close = layer("dialog", { Escape: dialog }, true);
    press("j");
    press("Escape");
    expect(page).not.toHaveBeenCalled();
    expect(dialog).toHaveBeenCalledTimes(1);
    close();
    press("j");
    expect(page).toHaveBeenCalledTimes(1);
  });

  it("bound last win, and may pass a key on", () => {
    const first = vi.fn();
    layer("page", { Escape: first });
    layer("drawer", { Escape: () => false });
    expect(press("Escape").defaultPrevented).toBe(true);
    expect(first).toHaveBeenCalledTimes(1);
  });

  it("leave Enter and Space to the control that has the focus", () => {
    const run = vi.fn();
    layer("page", { Enter: run, Space: run });
    press("Enter", { on: "button" });
    press(" ", { on: "button" });
    expect(run).not.toHaveBeenCalled();
    press("Enter");
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("are all listed by group", () => {
    layer("Pages", { "G O": vi.fn() });
    layer("List", { J: vi.fn(), K: vi.fn() });
    expect(registry.groups().map(({ group, keys }) => [group, keys.length])).toEqual([
      ["Pages", 1],
      ["List", 2],
    ]);
  });
});
