import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { startBeam, type TestBeam } from "./beam.ts";
import { startEpmd } from "./epmd.ts";

const removed: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const remove of removed.reverse()) await remove();
});
async function beam(options: Parameters<typeof startBeam>[0]): Promise<TestBeam> {
  const node = await startBeam(options);
  removed.push(() => node.remove());
  return node;
}

test("a plain node answers erl_call, is named by its mapper, and its cookie is in no process list", async () => {
  const node = await beam({ prefix: "plain" });
  expect(node.erlCall('{node(), <<"ab">>, 1 bsl 70, [16#e9]}')).toBe(
    `{'${node.name}',<<"ab">>,1180591620717411303424,"é"}`,
  );
  expect([...node.erlCallTerm("{1, <<255>>}")]).toEqual([131, 104, 2, 97, 1, 109, 0, 0, 0, 1, 255]);
  expect(() => node.erlCall("error(oops)")).toThrow("{error,oops}");
  expect([...(node.epmd?.names().keys() ?? [])]).toEqual([node.name.split("@")[0]]);
  expect(readFileSync(`/proc/${node.pid()}/cmdline`, "utf8")).not.toContain(node.cookie);
  expect(readFileSync(`/proc/${node.pid()}/environ`, "utf8")).not.toContain(node.cookie);
  expect(statSync(node.cookieFile).mode & 0o777).toBe(0o400);
});

test("a killed node is gone from the mapper at once, and starts again under its name", async () => {
  const epmd = await startEpmd();
  removed.push(() => epmd.remove());
  const node = await beam({ epmd });
  await node.kill();
  await expect.poll(() => epmd.names().size, { timeout: 30_000 }).toBe(0);
  await node.start();
  expect(epmd.names().size).toBe(1);
  expect(node.erlCall("1 + 1")).toBe("2");
  await node.stop();
  await expect.poll(() => epmd.names().size, { timeout: 30_000 }).toBe(0);
});

test("a node with an Elixir script, on a fixed port without a mapper", async () => {
  const script = fileURLToPath(new URL("./beam-hello.exs", import.meta.url));
  const node = await beam({ script, fixedPort: true, environment: { HELLO: "héllo" } });
  expect(node.epmd).toBeNull();
  expect(node.erlCall("persistent_term:get(hello)")).toBe('<<"héllo"/utf8>>');
});

test("a node that speaks TLS starts", async () => {
  const node = await beam({ tls: true });
  expect(node.certificates).not.toBeNull();
  expect(() => node.erlCall("1")).toThrow("TLS");
});
