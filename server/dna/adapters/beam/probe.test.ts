import { describe, expect, it } from "vitest";
import type { BeamLink, BeamRegistration } from "#server/dna/beam-ports.ts";
import { atom, list, tuple } from "#server/dna/codec/etf/term.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createDnaBeam } from "./dna-beam.ts";
import { type BeamSeat, probeBeam } from "./probe.ts";
import { createScriptedNodes, raised, type ScriptedNodes, unsent } from "./testing/scripted-nodes.test-kit.ts";

const OWN = { createdAt: epochMs(1_795_300_000_123), id: 5n };
const seat = (node: string, writeAgeMs: number | null = 1_000): BeamSeat => ({ node, incarnation: OWN, writeAgeMs });
const EPMD = { reach: { kind: "epmd", port: 4369 }, act: true } as const;
const FIXED = { reach: { kind: "fixed", port: 9_100 }, act: true } as const;
const IDENTITY = "Elixir.Dna.Server.Cluster:server";

interface Standing {
  readonly link?: BeamLink;
  readonly registration?: BeamRegistration;
}

/** The findings as lines, remedies behind an arrow. */
async function linesOf(
  nodes: ScriptedNodes,
  { link, registration }: Standing,
  seats: readonly BeamSeat[],
  options: typeof EPMD | typeof FIXED,
): Promise<readonly string[]> {
  const remote = {
    ...nodes,
    ...(link === undefined ? {} : { link: () => link }),
    ...(registration === undefined ? {} : { registration: async () => registration }),
  };
  const beam = createDnaBeam(remote, { evaluate: true, clock: createManualClock() });
  const findings = await probeBeam(beam, seats, options);
  return findings.map(
    ({ verdict, area, text, remedy }) => `${verdict} ${area}: ${text}${remedy ? ` -> ${remedy}` : ""}`,
  );
}

describe("a check of the nodes", () => {
  it("always says what the cookie is worth", async () => {
    const [warning] = await linesOf(createScriptedNodes({}), {}, [], EPMD);
    expect(warning).toMatch(/^note rights: the cookie is full control over the nodes/);
  });

  it("tells a node that runs no DNA from one that cannot be reached", async () => {
    const bare = await linesOf(createScriptedNodes({}), {}, [seat("a@h")], EPMD);
    expect(bare).toContain(
      "missing capability: a@h has no Dna.Server.Cluster.server/0 -> DNA has to run there, in a release that this console knows",
    );
    const unreachable = { kind: "unreachable", reason: "nobody listens", retryInMs: 1_000 } as const;
    const gone = await linesOf(
      createScriptedNodes({ [IDENTITY]: unsent() }),
      { link: unreachable },
      [seat("a@h")],
      FIXED,
    );
    expect(gone.at(-1)).toMatch(/^missing connection: a@h: nobody listens -> allow TCP 9100 from here to h;/);
  });

  it("asks no port mapper where there is none", async () => {
    const nodes = createScriptedNodes({ [IDENTITY]: unsent() });
    const lines = await linesOf(nodes, { registration: { kind: "not-registered" } }, [seat("a@h")], FIXED);
    expect(lines.join("\n")).not.toContain("registered");
  });

  it("asks nothing of a node that is not registered", async () => {
    const nodes = createScriptedNodes({});
    await linesOf(nodes, { registration: { kind: "not-registered" } }, [seat("a@h")], EPMD);
    expect(nodes.calls).toEqual([]);
  });

  it("ends with the first node that turns it away", async () => {
    const refused = { kind: "refused", reason: "the node does not know the cookie", retryInMs: 300_000 } as const;
    const nodes = createScriptedNodes({ [IDENTITY]: unsent() });
    const lines = await linesOf(nodes, { link: refused }, [seat("a@h"), seat("b@h"), seat("c@h")], EPMD);
    expect(lines.filter((line) => line.includes("does not know the cookie"))).toHaveLength(1);
    expect(lines.at(-1)).toBe("note connection: the other nodes are not tried, as this one turned us away");
    expect(nodes.calls).toEqual([IDENTITY]);
  });

  it("names each ability that is missing, and only notes one that has a way around", async () => {
    const nodes = createScriptedNodes({
      [IDENTITY]: tuple(1_795_300_000_123, 6),
      "erlang:system_info": list([50, 55]),
      "Elixir.System:version": raised("error", atom("undef")),
      "Elixir.Supervisor:which_children": list([]),
      "ets:lookup": list([]),
      "lists:map": list([]),
      "lists:zipwith3": ([, modules]) =>
        list(typeof modules === "object" && modules.type === "list" ? modules.items.map(() => atom("true")) : []),
    });
    const lines = await linesOf(nodes, {}, [seat("a@h")], EPMD);
    expect(lines).toContain(
      "note connection: a@h answers as another incarnation than its row: it was started again just now",
    );
    expect(lines).toContain("note capability: a@h: no partition runs");
    expect(lines).toContain("ok capability: a@h runs OTP 27");
  });

  it("asks at most 50 nodes, and none whose row is old", async () => {
    const nodes = createScriptedNodes({ [IDENTITY]: unsent() });
    const many = Array.from({ length: 60 }, (_, index) => seat(`n${index}@h`, index < 55 ? 0 : 60_000));
    const lines = await linesOf(nodes, {}, many, EPMD);
    expect(nodes.calls).toHaveLength(50);
    expect(lines).toContain("note connection: 55 nodes beat: 50 of them are asked");
    expect(lines).toContain("note connection: 5 rows of nodes that no longer beat: they are not asked");
  });
});
