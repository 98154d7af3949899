import { BlockList, isIP, isIPv4 } from "node:net";

/** Host names that mean this machine in every browser. */
export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name === "[::1]" || (isIPv4(name) && name.startsWith("127."));
}

/** Whether an address is this machine itself. */
export function isLoopbackAddress(address: string): boolean {
  const bare = unmapped(address);
  return bare === "::1" || (isIPv4(bare) && bare.startsWith("127."));
}

/** IPv4 in IPv6 clothes (`::ffff:10.0.0.1`) is IPv4. */
export const unmapped = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

/** Proxies that are believed, as addresses or networks (`10.0.0.0/8`). */
export function createProxyList(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = "", prefix] = proxy.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** The longest chain of proxies that is looked through. */
const MAX_HOPS = 16;

/**
 * The address of who asks: the peer, or, behind trusted proxies, the last entry of `X-Forwarded-For` that none of
 * them is. What an untrusted peer writes there is not looked at.
 */
export function clientAddress(peer: string | undefined, forwardedFor: string | undefined, trusted: BlockList): string {
  let address = unmapped(peer ?? "");
  if (isIP(address) === 0) return "unknown";
  const hops = (forwardedFor ?? "").split(",").slice(-MAX_HOPS);
  while (trusts(trusted, address) && hops.length > 0) {
    const next = unmapped((hops.pop() ?? "").trim());
    if (isIP(next) === 0) return address;
    address = next;
  }
  return address;
}

const trusts = (trusted: BlockList, address: string): boolean =>
  trusted.check(address, isIPv4(address) ? "ipv4" : "ipv6");
