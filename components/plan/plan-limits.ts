/** Steps of a large plan that moves are read again after this time. */
export const LARGE_STEPS_REFRESH_MS = 10_000;
/** Plans of so many steps are answered in parts; as `LARGE_PLAN_STEPS` of the wire, which brings its parser along. */
export const LARGE_PLAN_STEPS = 5_000;
