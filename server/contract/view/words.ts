/** Numbers, durations, ids and instants as text, for the screens and for what the BFF says in sentences. Pure; units are in the names. */
import type { EpochMs } from "#server/kernel/clock.ts";

const NBSP = "\u00a0";
const MINUS = "\u2212";

/** `101 233`: grouped by no-break spaces, a real minus. */
export function formatCount(value: number): string {
  const digits = String(Math.abs(Math.round(value))).replace(/\B(?=(\d{3})+(?!\d))/g, NBSP);
  return value < 0 && digits !== "0" ? `${MINUS}${digits}` : digits;
}

/** `2.1 kB`, decimal units. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes}${NBSP}B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1_000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1_000;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${NBSP}${units[unit]}`;
}

/** `58 %` from 0..1. */
export const formatShare = (share: number): string => `${Math.round(share * 100)}${NBSP}%`;

/** `1.58`: figures as upstream gives them, without noise. */
export const formatNumber = (value: number, decimals = 2): string => value.toFixed(decimals).replace("-", MINUS);

const SECOND_MS = 1_000;

/** `612 ms`, `1.6 s`, `34 s`, `9 min 41 s`, `5 h 8 min`, `2 d 4 h`: two units at most. */
export function formatDurationMs(ms: number): string {
  if (ms < 0) return `${MINUS}${formatDurationMs(-ms)}`;
  if (ms < 999.5) return `${Math.round(ms)}${NBSP}ms`;
  if (ms < 9_950) return `${(ms / SECOND_MS).toFixed(1)}${NBSP}s`;
  return wholeUnits(ms);
}

/** An age: `0.4 s`, `12 s`, `22 min`, `2 d 4 h`. Never milliseconds. */
export function formatAgeMs(ms: number): string {
  if (ms < 9_950) return `${(Math.max(0, ms) / SECOND_MS).toFixed(1)}${NBSP}s`;
  return wholeUnits(ms);
}

/** `34 s`, `4 min`, `5 h 8 min`: an age that stands still for a minute once it is older than one. */
export function formatCoarseAgeMs(ms: number): string {
  const whole = Math.max(0, ms);
  return whole < 60_000
    ? wholeUnits(Math.floor(whole / SECOND_MS) * SECOND_MS)
    : wholeUnits(Math.floor(whole / 60_000) * 60_000);
}

function wholeUnits(ms: number): string {
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 60) return `${seconds}${NBSP}s`;
  const two = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big}${NBSP}${bigUnit}` : `${big}${NBSP}${bigUnit}${NBSP}${small}${NBSP}${smallUnit}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, "min", minutes < 10 ? seconds % 60 : 0, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** `7be1…1b80`: the first and last four of an id longer than 14 characters. */
export function shortId(id: string): string {
  const characters = [...id];
  return characters.length > 14 ? `${characters.slice(0, 4).join("")}…${characters.slice(-4).join("")}` : id;
}

/** `1795311820417:−6140…0123`: an incarnation with its random half shortened. */
export function shortIncarnation(incarnation: string): string {
  const [created, id] = incarnation.split(":", 2);
  if (created === undefined || id === undefined) return shortId(incarnation);
  const sign = id.startsWith("-") ? MINUS : "";
  const digits = id.replace(/^-/, "");
  return `${created}:${sign}${digits.length > 8 ? `${digits.slice(0, 4)}…${digits.slice(-4)}` : digits}`;
}

/** The part of a node name that tells it from its neighbours: `.17` of `dna@10.0.1.17`, the host before its domain. */
export function shortNode(node: string): string {
  const host = node.slice(node.indexOf("@") + 1);
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return host.slice(host.lastIndexOf("."));
  const label = host.split(".", 1)[0] ?? host;
  return label === "" ? node : label;
}

/** `['Actions::Katello::', 'ContentView::Publish']`: leading modules, then the last two. */
export function splitClassName(name: string): readonly [leading: string, last: string] {
  const parts = name.split("::");
  const last = parts.slice(-2).join("::");
  const leading = parts.slice(0, -2).join("::");
  return [leading === "" ? "" : `${leading}::`, last];
}

export type Zone = "utc" | "local";

const two = (value: number): string => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly time: string;
  readonly ms: number;
}

function fields(instant: number, zone: Zone): Fields {
  const date = new Date(instant);
  if (zone === "utc")
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth(),
      day: date.getUTCDate(),
      time: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`,
      ms: date.getUTCMilliseconds(),
    };
  return {
    year: date.getFullYear(),
    month: date.getMonth(),
    day: date.getDate(),
    time: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
    ms: date.getMilliseconds(),
  };
}

/** `06:52:14`. The zone is said once a column, by `zoneName`. */
export const formatClock = (instant: number, zone: Zone): string => fields(instant, zone).time;

/** `06:52:14.204`. */
export function formatClockMs(instant: number, zone: Zone): string {
  const { time, ms } = fields(instant, zone);
  return `${time}.${String(ms).padStart(3, "0")}`;
}

/** `06:52:14` within the day of `now`, else `18 Nov 06:52:14`, with the year when it is another one. */
export function formatInstant(instant: number, zone: Zone, now: number): string {
  const at = fields(instant, zone);
  const today = fields(now, zone);
  if (at.year === today.year && at.month === today.month && at.day === today.day) return at.time;
  const day = `${at.day}${NBSP}${MONTHS[at.month] ?? ""}`;
  return at.year === today.year ? `${day} ${at.time}` : `${day}${NBSP}${at.year} ${at.time}`;
}

/** The instant in full with its zone, for titles: `2026-11-22 06:52:14.204 UTC`. */
export function formatInstantFull(instant: number, zone: Zone): string {
  const at = fields(instant, zone);
  return `${at.year}-${two(at.month + 1)}-${two(at.day)} ${formatClockMs(instant, zone)} ${zoneName(zone, instant)}`;
}

/** `UTC`, or the local offset as `UTC+05:45`. */
export function zoneName(zone: Zone, instant: number): string {
  if (zone === "utc") return "UTC";
  const minutes = -new Date(instant).getTimezoneOffset();
  if (minutes === 0) return "UTC+0";
  const sign = minutes < 0 ? MINUS : "+";
  return `UTC${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

/** Parses an instant of the wire; `null` for what is not one. */
export function parseInstant(text: string | null | undefined): EpochMs | null {
  if (text === null || text === undefined) return null;
  const value = Date.parse(text);
  return Number.isNaN(value) ? null : (value as EpochMs);
}

/** `1 node`, `40 nodes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)}${NBSP}${count === 1 ? one : many}`;
}
