// @vitest-environment happy-dom
import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FindField, useTyped } from "./find-field.tsx";
import "./render.test-kit.tsx";

const REST_MS = 300;

function Field({ told, waits }: { readonly told: (text: string) => void; readonly waits?: (text: string) => boolean }) {
  const [typed, setTyped] = useTyped({ restMs: REST_MS, onRest: told, ...(waits === undefined ? {} : { waits }) });
  return <FindField label="Find" placeholder="any" does="find" text={typed ?? "from the address"} onText={setTyped} />;
}

const type = (value: string) =>
  fireEvent.change(screen.getByRole("searchbox", { name: "Find" }), { target: { value } });
const shown = () => screen.getByRole<HTMLInputElement>("searchbox", { name: "Find" }).value;
const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));

describe("a field in which one looks for something", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("tells what was typed once, when typing rests, and then shows the address again", () => {
    const told = vi.fn();
    render(<Field told={told} />);
    type("a");
    pass(REST_MS - 1);
    type("ab");
    pass(REST_MS - 1);
    expect(told).not.toHaveBeenCalled();
    expect(shown()).toBe("ab");
    pass(1);
    expect(told.mock.calls).toEqual([["ab"]]);
    expect(shown()).toBe("from the address");
  });

  it("keeps what waits for Enter, however long it rests", () => {
    const told = vi.fn();
    render(<Field told={told} waits={(text) => text === "whole"} />);
    type("whole");
    pass(10 * REST_MS);
    expect(told).not.toHaveBeenCalled();
    expect(shown()).toBe("whole");
  });

  it("lets go of the keyboard on Escape", () => {
    render(<Field told={() => undefined} />);
    const field = screen.getByRole("searchbox", { name: "Find" });
    field.focus();
    fireEvent.keyDown(field, { key: "Escape" });
    expect(document.activeElement).not.toBe(field);
  });
});
