import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beamHost, hostNameOf } from "./host-name.ts";

const textOf = (raw: string): string | null => hostNameOf(raw)?.text ?? null;

describe("hostNameOf", () => {
  it("brings case, the dot at the end and blanks to one form", () => {
    expect([textOf(" Web1.Example.ORG. "), textOf("web1.example.org")]).toEqual([
      "web1.example.org",
      "web1.example.org",
    ]);
    expect(hostNameOf("WEB1")).toEqual({ text: "web1", form: "short" });
    expect(hostNameOf("web1.example")?.form).toBe("full");
  });

  it("reads one IPv6 address from all its spellings, and an IPv4 address that is mapped into one", () => {
    for (const spelling of [
      "2001:DB8:0:0:0:0:0:1",
      "2001:db8::1",
      "2001:0db8::0001",
      "[2001:db8::1]",
      "[2001:db8::1]:9042",
    ])
      expect(hostNameOf(spelling)).toEqual({ text: "2001:db8::1", form: "address" });
    for (const spelling of [
      "10.0.0.7",
      "::ffff:10.0.0.7",
      "::FFFF:0A00:0007",
      "0:0:0:0:0:ffff:10.0.0.7",
      "10.0.0.7:9042",
    ])
      expect(hostNameOf(spelling)).toEqual({ text: "10.0.0.7", form: "address" });
  });

  it.each([
    [
      "loopback",
      [
        "localhost",
        "LOCALHOST.",
        "db.localhost",
        "127.0.0.1",
        "127.3.2.1",
        "::1",
        "::ffff:127.0.0.1",
        "localhost:4000",
      ],
    ],
    [
      "unspecified, link-local or multicast",
      ["0.0.0.0", "::", "169.254.1.1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1"],
    ],
    [
      "no name",
      [
        "",
        " ",
        "-",
        ".",
        "a..b",
        "a b",
        "10.0.0.256",
        "010.0.0.1",
        "1.2.3",
        "12345",
        "a/b",
        "<b>",
        "1:2:3",
        ":::",
        "1::2::3",
      ],
    ],
    ["nobody", ["nohost", "None", "unknown"]],
    ["not plain letters, where two would look alike", ["wεb1", "\u212aafka"]],
  ])("takes what is %s for no host", (_, names) => {
    expect(names.map(textOf)).toEqual(names.map(() => null));
  });

  it("takes names of built-in properties for the names they are", () => {
    expect([textOf("__proto__"), textOf("constructor")]).toEqual(["__proto__", "constructor"]);
  });

  it("bears any text, and what it answers is its own answer", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.ipV4(), fc.domain()), (raw) => {
        const name = hostNameOf(raw);
        return name === null || textOf(name.text) === name.text;
      }),
      { seed: 20_261_122 },
    );
  });
});

describe("beamHost", () => {
  it("is what follows the @, and nothing where there is none", () => {
    expect(beamHost("dna@10.0.0.7")?.text).toBe("10.0.0.7");
    expect(beamHost("dna@Web1.example.org")?.text).toBe("web1.example.org");
    expect([beamHost("dna"), beamHost("nonode@nohost"), beamHost("a@b@c")]).toEqual([null, null, null]);
  });
});
