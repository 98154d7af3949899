/**
 * The one reader of `process.env`. What the console takes from the environment besides the secrets that a
 * configuration names.
 */
export interface Environment {
  readonly [name: string]: string | undefined;
}

export const processEnvironment = (): Environment => process.env;

/** Path of the configuration file, when `--config` does not say. */
export const CONFIG_VARIABLE = "WORLDLINE_CONFIG";
/** Least level of the log: debug, info, warn or error. */
export const LOG_LEVEL_VARIABLE = "WORLDLINE_LOG_LEVEL";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `info` unless the variable names another level. */
export function logLevelOf(environment: Environment): LogLevel {
  return LOG_LEVELS.find((level) => level === environment[LOG_LEVEL_VARIABLE]) ?? "info";
}

/** Next reads these itself: it must neither phone home nor guess what it runs as. */
export function prepareNextEnvironment(dev: boolean): void {
  process.env.NEXT_TELEMETRY_DISABLED = "1";
  // Next's types make NODE_ENV read-only; it is ours to set before Next is loaded.
  Object.assign(process.env, { NODE_ENV: dev ? "development" : "production" });
}
