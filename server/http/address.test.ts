import { describe, expect, it } from "vitest";
import { clientAddress, createProxyList, isLoopbackAddress } from "./address.ts";

describe("who asks", () => {
  const trusted = createProxyList(["10.0.0.2", "192.168.0.0/16", "fd00::/8"]);

  it.each([
    ["203.0.113.7", undefined, "203.0.113.7"],
    ["203.0.113.7", "1.2.3.4", "203.0.113.7"],
    ["10.0.0.2", "1.2.3.4", "1.2.3.4"],
    ["10.0.0.2", "6.6.6.6, 1.2.3.4", "1.2.3.4"],
    ["10.0.0.2", "6.6.6.6, 1.2.3.4, 192.168.3.4", "1.2.3.4"],
    ["10.0.0.2", undefined, "10.0.0.2"],
    ["10.0.0.2", "unknown", "10.0.0.2"],
    ["10.0.0.2", "1.2.3.4, <script>", "10.0.0.2"],
    ["10.0.0.3", "1.2.3.4", "10.0.0.3"],
    ["::ffff:10.0.0.2", "1.2.3.4", "1.2.3.4"],
    ["fd00::1", "2001:db8::7", "2001:db8::7"],
    [undefined, "1.2.3.4", "unknown"],
  ])("peer %s with X-Forwarded-For %s is %s", (peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, trusted)).toBe(expected);
  });

  it("is the far end of a chain of proxies, as long as each is trusted", () => {
    const all = createProxyList(["0.0.0.0/0"]);
    const chain = Array.from({ length: 200 }, (_, index) => `10.1.0.${index}`).join(", ");
    expect(clientAddress("10.0.0.1", chain, all)).toBe("10.1.0.184");
  });

  it.each([
    ["127.0.0.1", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["127.9.9.9", true],
    ["10.0.0.1", false],
    ["::ffff:10.0.0.1", false],
    ["unknown", false],
  ])("%s is this machine: %s", (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected);
  });
});
