/** Steps of a large plan that moves are read again after this time. */
export const LARGE_STEPS_REFRESH_MS = 10_000;
