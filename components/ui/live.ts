/** What pages see of the live feed, or of the past while that is shown; how it gets here is `components/live`. */
export type { LiveStatus } from "#components/live/live-cache.ts";
export type { PastState } from "#components/live/past.ts";
export { useFold, useLive, useLiveFold, useLiveNow, useNow, usePast } from "#components/live/use-live.ts";
