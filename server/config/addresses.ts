import { isIP } from "node:net";

/** Whether a listening host reaches this machine only. Names other than `localhost` may resolve to anything. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (bare === "localhost" || bare === "::1") return true;
  return isIP(bare) === 4 && bare.startsWith("127.");
}

/** Whether a listening host stands for every address of the machine. */
export const isWildcard = (host: string): boolean => ["0.0.0.0", "::", "[::]", "*"].includes(host);

/** Scheme, host and port alone. */
export function isHttpOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.origin === text.toLowerCase();
}

/** `10.0.0.2` or `10.0.0.0/8`; `null` when the text is neither. */
export function addressOrNetwork(
  text: string,
): { readonly address: string; readonly prefix: number; readonly family: "ipv4" | "ipv6" } | null {
  const [address = "", prefixText, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return null;
  const bits = version === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? bits : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : bits + 1;
  return prefix > bits ? null : { address, prefix, family: version === 4 ? "ipv4" : "ipv6" };
}

/** `host`, `host:port`, `[v6]:port`. */
export function isContactPoint(text: string): boolean {
  const match = /^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9][a-zA-Z0-9.-]*)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return false;
  return match[2] === undefined || (Number(match[2]) > 0 && Number(match[2]) < 65_536);
}

const PLACEHOLDER = /\{(source|planId|stepId|worldId|node|actor)\}/g;

/**
 * An http(s) address in which only the known placeholders stand in braces, and none of them where it could choose
 * scheme or host.
 */
export function isLinkTemplate(text: string): boolean {
  const url = URL.parse(text.replace(PLACEHOLDER, "x"));
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return false;
  const authority = /^https?:\/\/([^/?#]*)/i.exec(text)?.[1] ?? "";
  return authority !== "" && !/[{}]/.test(authority) && !/[{}]/.test(text.replace(PLACEHOLDER, ""));
}

/** A whole http or https address, without user or password. */
export function isHttpAddress(text: string): boolean {
  if (!URL.canParse(text) || text.length > 2_000) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
}

/** What is wrong with the content of an address that is a secret; `null` = nothing. */
export const judgeAddress = (text: string): string | null =>
  isHttpAddress(text) ? null : "holds no http or https address";
