import { stringify } from "yaml";
import type { Configuration } from "./model.ts";

/** The configuration in force as YAML, defaults filled in, every secret hidden: what `admin.configuration` shows. */
export function maskedConfiguration(configuration: Configuration): string {
  const { file: _file, ...rest } = configuration;
  return stringify(JSON.parse(JSON.stringify(rest)), { lineWidth: 0 });
}
