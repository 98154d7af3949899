import { stringify } from "yaml";
import type { LoadedConfiguration } from "./load.ts";
import type { Configuration } from "./model.ts";
import { shownAddress } from "./shown-address.ts";

/** A configuration may name hundreds of sources and users; no answer tells more keys. */
export const SETTINGS_MAX = 5_000;

/** The whole of what `admin.configuration` answers: no secret, and of no address what may be one. */
export function shownConfiguration(configuration: LoadedConfiguration) {
  const settings = configuration.settings();
  return {
    file: configuration.file,
    text: maskedConfiguration(configuration),
    settings: settings.slice(0, SETTINGS_MAX).map((setting) => ({ ...setting })),
    leftOut: Math.max(0, settings.length - SETTINGS_MAX),
  };
}

/** The configuration in force as YAML, defaults filled in, every secret hidden. */
export function maskedConfiguration(configuration: Configuration): string {
  const { file: _file, ingest, links, ...rest } = configuration;
  const receivers = ingest?.receivers.map((receiver) =>
    receiver.use === "webhook" ? { ...receiver, url: shownAddress(receiver.url, true) } : receiver,
  );
  const shown = {
    ...JSON.parse(JSON.stringify(rest, withoutUsers)),
    links,
    ingest: ingest === null ? null : JSON.parse(JSON.stringify({ ...ingest, receivers })),
  };
  return stringify(shown, { lineWidth: 0 });
}

const withoutUsers = (key: string, value: unknown): unknown =>
  key === "url" && typeof value === "string" && URL.canParse(value) ? shownAddress(value) : value;
