/** What the host in a node's name tells, and to whom. Pure. */

const hostOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1).toLowerCase();

/** Whether every machine reads this host as itself. `nohost` is what a node without distribution calls its own. */
const isEachOnesOwn = (host: string): boolean =>
  /^127(\.\d{1,3}){3}$/.test(host) || /^localhost(\.localdomain)?$/.test(host) || host === "::1" || host === "nohost";

/**
 * Whether what is found at the address in a node's name may be of another machine than the node's: its host means
 * whichever machine reads it, and this console is not said to live on the node's.
 *
 * @param ownName the console's own node name; `null` = it has none, and addresses mean what they say
 */
export const meansAnotherMachine = (node: string, ownName: string | null): boolean =>
  ownName !== null && isEachOnesOwn(hostOf(node)) && !isEachOnesOwn(hostOf(ownName));
