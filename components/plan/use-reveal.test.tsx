// @vitest-environment happy-dom
import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { REVEALED_MS, useReveal } from "./use-reveal.ts";

const part = { kind: "error", stepId: 3 } as const;
const REVEALED = { path: "error", value: "hunter2", part };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("hides what was revealed after a minute, counted from when it was shown", () => {
  const { result } = renderHook(() => useReveal());
  act(() => result.current.show(REVEALED));
  act(() => void vi.advanceTimersByTime(REVEALED_MS - 1));
  expect(result.current.revealed).toEqual(REVEALED);
  act(() => result.current.show({ ...REVEALED, value: "another" }));
  act(() => void vi.advanceTimersByTime(REVEALED_MS - 1));
  expect(result.current.revealed?.value).toBe("another");
  act(() => void vi.advanceTimersByTime(1));
  expect(result.current.revealed).toBeNull();
});

it("hides it at once when it is told to", () => {
  const { result } = renderHook(() => useReveal());
  act(() => result.current.show(REVEALED));
  act(() => result.current.hide());
  expect(result.current.revealed).toBeNull();
});
