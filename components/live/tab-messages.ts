/** What tabs and their worker say to each other. */
import type { FeedState } from "./feed-state.ts";
import { type Change, withChange } from "./state-change.ts";

export type TabMessage = { readonly kind: "hello" } | { readonly kind: "here" } | { readonly kind: "bye" };
export type WorkerMessage =
  | { readonly kind: "state"; readonly state: FeedState }
  | { readonly kind: "change"; readonly change: Change };

/** How often a tab says that it is there. */
export const HERE_EVERY_MS = 30_000;

/** The worker's state, by what it says: tabs fold nothing. */
export const withNews = (state: FeedState, news: WorkerMessage): FeedState =>
  news.kind === "state" ? news.state : (withChange(state, news.change) as FeedState);
