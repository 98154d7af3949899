import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { CLOSED_LIST, callName } from "./closed-list.ts";
import { BACKLOG_TEXT, STOP_SAFE_TEXT, TOP_TEXT } from "./texts.ts";

const SERVER = path.resolve(import.meta.dirname, "../../..");
const OPERATIONS = readFileSync(path.resolve(SERVER, "../docs/operations.md"), "utf8");

/** Every source of the server, tests and kits apart. */
const SOURCES = readdirSync(SERVER, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.ts$/.test(file) && !/\.(test|test-kit|contract|harness)\.ts$/.test(file))
  .map((file) => ({ file, text: withoutComments(readFileSync(path.join(SERVER, file), "utf8")) }));

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

const filesWith = (pattern: RegExp): readonly string[] =>
  SOURCES.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

describe("the closed list", () => {
  it("has none of the functions that end a VM, or create an actor, by being looked at", () => {
    const named = Object.values(CLOSED_LIST).map(callName);
    expect(named.join(" ")).not.toMatch(/server_status|must_be_healty|try_claim|execute|GenServer/);
    expect(named.filter((name) => name.startsWith("Dna.Server."))).toEqual([
      "Dna.Server.Cluster.server/0",
      "Dna.Server.Utils.partition/1",
      "Dna.Server.Partition.lookup/1",
    ]);
    expect(filesWith(/["'`](server_status|must_be_healty|try_claim|GenServer)["'`]/)).toEqual([]);
  });

  it("and what is evaluated on nodes calls none of them either, nor sends an instance a message of its own", () => {
    for (const text of [BACKLOG_TEXT, TOP_TEXT, STOP_SAFE_TEXT]) {
      expect(text).not.toMatch(
        /server_status|must_be_healty|try_claim|Dna\.|GenServer|send\(pid|Process\.exit|:erlang\.halt/,
      );
      // Whoever binds a value into a text by writing it there would make atoms without end.
      expect(text).not.toContain("${");
    }
  });

  it("is the only way to a node: one file calls, and one gives the calls", () => {
    expect(filesWith(/\bremote\.call\(/)).toEqual(["dna/adapters/beam/asking.ts"]);
    expect(filesWith(/\bcreateRemoteNodes\(/).toSorted()).toEqual([
      "compose-beam.ts",
      "dna/adapters/beam/dist/node-pool.ts",
    ]);
    // The simulator shows the names of modules, and calls nothing.
    expect(filesWith(/["'`]Elixir\.\w/).filter((file) => !file.startsWith("demo/"))).toEqual([]);
  });

  it("is in the documentation whole, and nothing else is", () => {
    const section = OPERATIONS.slice(
      OPERATIONS.indexOf("<!-- closed-list:begin -->"),
      OPERATIONS.indexOf("<!-- closed-list:end -->"),
    );
    const documented = [...section.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(
      ([, name, purpose]) => `${name} ${purpose}`,
    );
    expect(documented).toEqual(
      Object.values(CLOSED_LIST).map(
        (call) => `${callName(call)} ${call.effect === "acts" ? "**acts:** " : ""}${call.purpose}`,
      ),
    );
  });
});
