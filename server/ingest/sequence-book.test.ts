import { expect, it } from "vitest";
import { observe, parseWindow } from "./domain/sequence-window.ts";
import { createSequenceBook } from "./sequence-book.ts";

const NONE = { accepted: 0, duplicates: 0, rejected: 0 };

it("writes a window once more that was written by somebody else while an older one of it was on its way to disk", () => {
  const book = createSequenceBook([], true);
  const take = (seq: number, saved: boolean) =>
    book.note("a", "b", observe(book.windowOf("a", "b", seq), seq, 0).window, NONE, saved);
  const highs = () => book.unsaved(10).map(({ window }) => parseWindow(window).high);
  take(1, false);
  // The second is on disk by now, and the first goes there behind it.
  expect(highs()).toEqual([1]);
  take(2, true);
  expect(highs()).toEqual([2]);
  expect(highs()).toEqual([]);
  take(3, true);
  expect(highs()).toEqual([3]);
  take(4, true);
  take(5, true);
  // What is written from then on is written behind it.
  expect(highs()).toEqual([]);
});
