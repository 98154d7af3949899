import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestBeam } from "#scripts/testing/beam.ts";
import { DIST_FLAG, OWN_FLAGS } from "#server/dna/codec/dist/flags.ts";
import { atom, charlist, externalFun, list, type Term, text, textOf, tuple } from "#server/dna/codec/etf/term.ts";
import { neverSent, RemoteException } from "./remote-nodes.ts";
import { another, ask, cleanUp, connect, failure, soon } from "./testing/real-nodes.test-kit.ts";

let beam: TestBeam;
beforeAll(async () => {
  beam = await another();
});
afterAll(cleanUp);

describe("a real node", () => {
  test("answers, says what it runs, and does not show us among its nodes", async () => {
    const nodes = connect(beam);
    expect(nodes.link(beam.name)).toEqual({ kind: "idle" });
    expect(await ask(nodes, beam, ["erlang", "node"])).toEqual(atom(beam.name));
    expect(await ask(nodes, beam, ["lists", "map", externalFun("erlang", "abs", 1), list([1, -300])])).toEqual(
      list([1, 300]),
    );
    await soon(() => nodes.link(beam.name)).toEqual({ kind: "connected", otpRelease: "25" });
    expect(beam.erlCall("nodes()")).toBe("[]");
    expect(beam.erlCall("nodes(hidden)")).toContain("worldline-1@127.0.0.1");
  });

  test("gives what was raised as it is: errors, exits, throws, and functions that are not there", async () => {
    const nodes = connect(beam);
    const raised = async (...call: [string, string, ...Term[]]) => {
      const cause = await failure(ask(nodes, beam, call));
      if (!(cause instanceof RemoteException)) throw cause;
      return [cause.class, cause.reason, cause.message] as const;
    };
    const secret = text("an actor's data");
    expect(await raised("erlang", "error", tuple(atom("boom"), secret))).toEqual([
      "error",
      tuple(atom("boom"), secret),
      `${beam.name}: erlang:error/1 raised error boom`,
    ]);
    expect(await raised("erlang", "exit", atom("out"))).toMatchObject(["exit", atom("out"), expect.any(String)]);
    expect(await raised("erlang", "throw", secret)).toMatchObject([
      "throw",
      secret,
      expect.stringContaining("(binary)"),
    ]);
    expect(await raised("no_such", "thing")).toMatchObject(["error", atom("undef"), expect.any(String)]);
  });

  test("reads back byte for byte what we wrote, and finds its own terms in ours", async () => {
    const nodes = connect(beam);
    const { terms } = JSON.parse(
      readFileSync(new URL("../../../codec/etf/__golden__/otp-25.json", import.meta.url), "utf8"),
    ) as { readonly terms: readonly { readonly expression: string; readonly hex: string }[] };
    const binaries = terms.map(({ hex }) => ({
      type: "binary" as const,
      bytes: Uint8Array.from(Buffer.from(hex, "hex")),
    }));
    const read = await ask(nodes, beam, ["lists", "map", externalFun("erlang", "binary_to_term", 1), list(binaries)]);
    const written = await ask(nodes, beam, ["lists", "map", externalFun("erlang", "term_to_binary", 1), read]);
    const again = await ask(nodes, beam, ["lists", "map", externalFun("erlang", "binary_to_term", 1), written]);
    expect(again).toEqual(read);
    expect(terms.length).toBeGreaterThan(50);
  });

  test("prints by us without harm to anybody", async () => {
    const nodes = connect(beam);
    expect(await ask(nodes, beam, ["io", "format", charlist("hello~n"), list([])])).toEqual(atom("ok"));
    expect(await ask(nodes, beam, ["io", "get_line", charlist("> ")])).toEqual(tuple(atom("error"), atom("enotsup")));
    expect(beam.log()).not.toContain("hello");
  });

  test("answers a thousand calls at once in their own order, and refuses more", async () => {
    const nodes = connect(beam);
    await ask(nodes, beam, ["erlang", "node"]);
    const answers = await Promise.all(
      Array.from({ length: 990 }, (_, index) => ask(nodes, beam, ["erlang", "abs", -index])),
    );
    expect(answers).toEqual(Array.from({ length: 990 }, (_, index) => index));
    const many = Array.from({ length: 1_005 }, () => failure(ask(nodes, beam, ["timer", "sleep", 300])));
    const refused = (await Promise.all(many)).filter((cause) => cause !== "no failure");
    expect(refused.length).toBeGreaterThan(3);
    expect(refused.every((cause) => neverSent(cause))).toBe(true);
    expect(refused[0]).toMatchObject({ code: "limit-exceeded" });
  });

  test("is asked by the older rpc when it cannot be asked to spawn", async () => {
    const nodes = connect(beam, { flags: OWN_FLAGS & ~DIST_FLAG.spawn });
    expect(await ask(nodes, beam, ["lists", "seq", 1, 3])).toEqual(list([1, 2, 3]));
    const cause = await failure(ask(nodes, beam, ["no_such", "thing"]));
    expect(cause).toBeInstanceOf(RemoteException);
    expect(cause).toMatchObject({ class: "error", reason: atom("undef") });
  });
});

describe("size", () => {
  test("an answer of 8 MB arrives whole", async () => {
    const nodes = connect(beam);
    const answer = await ask(nodes, beam, ["lists", "duplicate", 500_000, tuple(1, text("0123456789"))], {
      timeoutMs: 60_000,
    });
    expect(typeof answer === "object" && answer.type === "list" && answer.items.length).toBe(500_000);
    expect(typeof answer === "object" && answer.type === "list" && answer.items[499_999]).toEqual(
      tuple(1, text("0123456789")),
    );
  });

  test("an answer over the cap is said to be, and the next call works again", async () => {
    const nodes = connect(beam, { frameMaxBytes: 100_000, random: () => 0 });
    const cause = await failure(ask(nodes, beam, ["binary", "copy", text("x"), 200_000]));
    expect(cause).toMatchObject({ code: "limit-exceeded", details: { sent: true } });
    expect(nodes.link(beam.name)).toMatchObject({
      kind: "unreachable",
      reason: expect.stringContaining("over the 100000"),
    });
    await soon(async () => textOf(await ask(nodes, beam, ["binary", "copy", text("x"), 3]))).toBe("xxx");
  });

  test("an answer of too many terms fails alone: the connection goes on", async () => {
    const nodes = connect(beam);
    const slow = ask(nodes, beam, ["timer", "sleep", 1_500]);
    const cause = await failure(ask(nodes, beam, ["lists", "duplicate", 4_100_000, list([])], { timeoutMs: 60_000 }));
    expect(cause).toMatchObject({ code: "limit-exceeded" });
    expect(await slow).toEqual(atom("ok"));
    expect(nodes.link(beam.name)).toMatchObject({ kind: "connected" });
  });
});

describe("ways to a node", () => {
  test("a fixed port without a mapper", async () => {
    const node = await another({ fixedPort: true });
    const nodes = connect(node);
    expect(await ask(nodes, node, ["erlang", "node"])).toEqual(atom(node.name));
    expect(await nodes.registration(node.name)).toMatchObject({ kind: "unknown" });
  });

  test("TLS with certificates on both sides; without ours, or with another authority, we are refused", async () => {
    const node = await another({ tls: true });
    const files = node.certificates;
    if (files === null) throw new Error("no certificates");
    const tls = {
      ca: readFileSync(files.caFile, "utf8"),
      certificate: readFileSync(files.clientCertificateFile, "utf8"),
      key: { reveal: () => readFileSync(files.clientKeyFile, "utf8") },
      checkHost: true,
    };
    const nodes = connect(node, { tls });
    await soon(() => ask(nodes, node, ["erlang", "node"])).toEqual(atom(node.name));
    const big = await ask(nodes, node, ["binary", "copy", text("x"), 300_000]);
    expect(textOf(big)).toHaveLength(300_000);
    const bare = connect(node, { tls: { ca: tls.ca, checkHost: true } });
    expect(await failure(ask(bare, node, ["erlang", "node"]))).toMatchObject({ details: { sent: false } });
    expect(bare.link(node.name).kind).toMatch(/refused|unreachable/);
    const wrong = connect(node, { tls: { ...tls, ca: tls.certificate } });
    // A handshake may take too long once; one that is done is refused for good.
    const refused = async () => {
      await failure(ask(wrong, node, ["erlang", "node"]));
      return wrong.link(node.name);
    };
    await soon(refused).toMatchObject({ kind: "refused", reason: expect.stringContaining("TLS") });
    const plain = connect(node);
    await failure(ask(plain, node, ["erlang", "node"]));
    expect(plain.link(node.name).kind).toMatch(/refused|unreachable/);
  });
});
