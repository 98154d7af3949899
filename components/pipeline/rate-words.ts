import { formatCount, formatNumber } from "#components/ui/format.ts";

/** `2 000/s`, `0.4/s`. */
export const formatRate = (perSecond: number): string =>
  `${perSecond > 0 && perSecond < 10 ? formatNumber(perSecond, 1) : formatCount(Math.round(perSecond))}/s`;
