// @vitest-environment happy-dom
import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { ActorFilters } from "./actor-filters.tsx";

vi.mock("next/navigation", () => ({ usePathname: () => "/actors", useSearchParams: () => new URLSearchParams() }));
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const CITY = { namespace: "weather", moduleId: 0 };
const LONG_MS = 5_000;

function typed(name: string) {
  const filters = <ActorFilters source="eu-1" sources={["eu-1"]} types={[CITY]} chosen={CITY} prefix="" />;
  const view = renderInConsole(filters);
  const field = screen.getByLabelText("Name begins with, or is");
  fireEvent.change(field, { target: { value: name } });
  return { ...view, field };
}
const rest = () => act(() => vi.advanceTimersByTime(LONG_MS));

it("walks the names that begin so once typing rests", () => {
  const { went } = typed("os");
  expect(went).toEqual([]);
  rest();
  expect(went).toEqual(["/actors?source=eu-1&ns=weather&module=0&prefix=os"]);
});

it("looks a key up at Enter, and does not lead back to the list afterwards", () => {
  const { went, field } = typed("oslo");
  fireEvent.keyDown(field, { key: "Enter" });
  rest();
  expect(went).toEqual(["/actors?source=eu-1&ns=weather&module=0&name=oslo"]);
});

it("does so by its button too", () => {
  const { went } = typed("oslo");
  fireEvent.click(screen.getByRole("button", { name: /^Look up/ }));
  rest();
  expect(went).toEqual(["/actors?source=eu-1&ns=weather&module=0&name=oslo"]);
});
