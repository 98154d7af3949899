/** The two cookies of taste: read by the server for the first byte, written by the browser. */
import type { Zone } from "./format.ts";

export type Theme = "system" | "light" | "dark";

export const THEME_COOKIE = "worldline_theme";
export const ZONE_COOKIE = "worldline_zone";

export const parseTheme = (text: string | undefined): Theme => (text === "light" || text === "dark" ? text : "system");
export const parseZone = (text: string | undefined): Zone => (text === "local" ? "local" : "utc");
