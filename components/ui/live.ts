/** What pages see of the live feed; how it gets here is `components/live`. */
export type { LiveStatus } from "#components/live/live-cache.ts";
export { useFold, useLive, useNow } from "#components/live/use-live.ts";
