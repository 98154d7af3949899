import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Same ports on every node; the addresses differ, as they would on machines. */
export const NATIVE_PORT = 9042;
export const STORAGE_PORT = 7000;

/** Where developers find a cluster started by hand, and where fault tests expect three nodes. */
export const WELL_KNOWN_NETWORK = "127.0.0";
const ATTEMPTS = 50;

/**
 * The addresses of `count` nodes: `<network>.1` to `.<count>` when a network is named, else some free network of the
 * loopback range, so that runs side by side do not meet.
 *
 * @param network first three numbers of an address, such as `127.0.0`
 * @throws Error when the named network is in use, or nothing free was found
 */
export async function chooseAddresses(count: number, network: string | undefined): Promise<readonly string[]> {
  if (network !== undefined) {
    const addresses = addressesOf(network, count);
    if (await allFree(addresses)) return addresses;
    throw new Error(`Port ${NATIVE_PORT} or ${STORAGE_PORT} is in use on ${addresses.join(", ")}`);
  }
  if (count > 1 && (await allFree(addressesOf(WELL_KNOWN_NETWORK, count))))
    return addressesOf(WELL_KNOWN_NETWORK, count);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const addresses = addressesOf(`127.${randomInt(1, 255)}.${randomInt(1, 255)}`, count);
    if (await allFree(addresses)) return addresses;
  }
  throw new Error("No free address was found in 127.0.0.0/8");
}

function addressesOf(network: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${network}.${index + 1}`);
}

async function allFree(addresses: readonly string[]): Promise<boolean> {
  const checks = addresses.flatMap((address) => [isFree(address, NATIVE_PORT), isFree(address, STORAGE_PORT)]);
  return (await Promise.all(checks)).every((free) => free);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
