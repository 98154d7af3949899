/**
 * Names of hosts as systems write them, brought to one form. Nothing is looked up and nothing is guessed: what is not
 * plainly the name or address of one host is no name. Pure.
 */

export interface HostName {
  /** Lower case, no dot at the end; an address in its canonical text. */
  readonly text: string;
  /** `short` has no dot: which domain it belongs to is not said. */
  readonly form: "address" | "full" | "short";
}

const NAME_MAX = 253;
const LABEL_MAX = 63;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;
/** Names by which every host means itself, or none is meant. */
const NOBODY: ReadonlySet<string> = new Set([
  "localhost",
  "localhost.localdomain",
  "localhost4",
  "localhost6",
  "ip6-localhost",
  "ip6-loopback",
  "nohost",
  "none",
  "unknown",
  "null",
]);

/** What was read last: names hardly ever change, and are asked for with each change of anything. */
const read = new Map<string, HostName | null>();
const READ_MAX = 8_192;

/** `null` = not the name of one host: empty, loopback, unspecified, link-local, multicast, or no name at all. */
export function hostNameOf(raw: string): HostName | null {
  const known = read.get(raw);
  if (known !== undefined) return known;
  if (read.size >= READ_MAX) read.clear();
  const name = parsed(raw);
  if (raw.length <= NAME_MAX) read.set(raw, name);
  return name;
}

function parsed(raw: string): HostName | null {
  const text = lowerAscii(raw.trim());
  if (text === "" || text.length > NAME_MAX + 1) return null;
  const bare = withoutPort(text);
  const address = addressOf(bare);
  if (address !== undefined) return address === null ? null : { text: address, form: "address" };
  const name = bare.endsWith(".") ? bare.slice(0, -1) : bare;
  if (name === "" || name.length > NAME_MAX || NOBODY.has(name) || name.endsWith(".localhost")) return null;
  const labels = name.split(".");
  if (!labels.every((label) => label.length <= LABEL_MAX && LABEL.test(label))) return null;
  // The last label of a name is never a number: this was meant to be an address, and is none.
  if (/^\d+$/.test(labels.at(-1) ?? "")) return null;
  return { text: name, form: labels.length === 1 ? "short" : "full" };
}

/** The part of a full name that a host might call itself by. */
export const firstLabel = (name: string): string => name.split(".", 1)[0] ?? name;

/** Host part of a BEAM name `dna@10.0.0.7`; `null` = there is none. */
export function beamHost(node: string): HostName | null {
  const at = node.indexOf("@");
  return at === -1 ? null : hostNameOf(node.slice(at + 1));
}

const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Takes `:9042` off an IPv4 address or a name, and the brackets and what follows off an IPv6 address. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text);
  if (bracketed !== null) return bracketed[1] ?? "";
  const colon = text.indexOf(":");
  return colon !== -1 && colon === text.lastIndexOf(":") && /^\d{1,5}$/.test(text.slice(colon + 1))
    ? text.slice(0, colon)
    : text;
}

/** Canonical text; `null` = an address that stands for no one host; `undefined` = not an address. */
function addressOf(text: string): string | null | undefined {
  const four = fourOf(text);
  if (four !== null) return isOneHostFour(four) ? four.join(".") : null;
  if (!text.includes(":")) return undefined;
  const [plain = "", zone] = text.split("%", 2);
  const six = sixOf(plain);
  // With colons it is meant as an address: one that cannot be read is nothing else either.
  if (six === null || zone !== undefined) return null;
  const mapped = six.slice(0, 5).every((group) => group === 0) && six[5] === 0xffff;
  const [high = 0, low = 0] = six.slice(6);
  if (mapped) {
    const inner = [high >> 8, high & 0xff, low >> 8, low & 0xff];
    return isOneHostFour(inner) ? inner.join(".") : null;
  }
  return isOneHostSix(six) ? textOfSix(six) : null;
}

function fourOf(text: string): readonly number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return null;
  const numbers = parts.map(Number);
  return numbers.every((number) => number <= 255) ? numbers : null;
}

/** Not loopback, unspecified, link-local, multicast, reserved. */
const isOneHostFour = ([a = 0, b = 0]: readonly number[]): boolean =>
  a !== 0 && a !== 127 && !(a === 169 && b === 254) && a < 224;

function sixOf(text: string): readonly number[] | null {
  const tail = /^(.*:)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.exec(text);
  const inner = tail === null ? null : fourOf(tail[2] ?? "");
  if (tail !== null && inner === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = inner ?? [];
  const plain = tail === null ? text : `${tail[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  if (!groups.flat().every((group) => /^[0-9a-f]{1,4}$/.test(group))) return null;
  const [left = [], right = []] = groups.map((half) => half.map((group) => Number.parseInt(group, 16)));
  const missing = 8 - left.length - right.length;
  if (halves.length === 1) return missing === 0 ? left : null;
  return missing < 1 ? null : [...left, ...new Array<number>(missing).fill(0), ...right];
}

function isOneHostSix(groups: readonly number[]): boolean {
  const [first = 0] = groups;
  const isSmall = groups.slice(0, 7).every((group) => group === 0) && (groups[7] ?? 0) <= 1;
  return !isSmall && (first & 0xffc0) !== 0xfe80 && (first & 0xff00) !== 0xff00;
}

/** The longest run of zeros is left out, as RFC 5952 has it. */
function textOfSix(groups: readonly number[]): string {
  let [bestAt, best] = [-1, 1];
  for (let at = 0; at < groups.length; at += 1) {
    let length = 0;
    while (groups[at + length] === 0) length += 1;
    if (length > best) [bestAt, best] = [at, length];
  }
  const hex = groups.map((group) => group.toString(16));
  return bestAt === -1 ? hex.join(":") : `${hex.slice(0, bestAt).join(":")}::${hex.slice(bestAt + best).join(":")}`;
}
