/** For how long something may be taken on, or silenced. */
export const DURATIONS = [
  { minutes: 30, words: "30 minutes" },
  { minutes: 60, words: "1 hour" },
  { minutes: 240, words: "4 hours" },
  { minutes: 720, words: "12 hours" },
  { minutes: 1_440, words: "1 day" },
  { minutes: 10_080, words: "7 days" },
] as const;

export const durationWords = (minutes: number): string =>
  DURATIONS.find((choice) => choice.minutes === minutes)?.words ?? `${minutes} minutes`;
