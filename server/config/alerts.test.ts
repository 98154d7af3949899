import { expect, it } from "vitest";
import { loadConfiguration } from "./load.ts";

const load = (text: string, environment: Readonly<Record<string, string>> = {}) =>
  loadConfiguration({ file: "/etc/worldline.yaml", cwd: "/", environment, readText: () => text });

const faultsOf = (text: string, environment?: Readonly<Record<string, string>>): string => {
  try {
    load(text, environment);
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
  return "";
};

it("a sink is complete with its address alone", () => {
  const [sink] = load("alerts: [ { id: pager, url: https://pager.example/hook } ]").alerts;
  expect(sink).toMatchObject({
    ...{ id: "pager", title: "pager", kinds: [], least: "attention", sources: [] },
    ...{ settleMs: 15_000, aliveEveryMs: null, key: null },
  });
  expect(sink?.url.reveal()).toBe("https://pager.example/hook");
});

it("an address may be a secret, and is in no text", () => {
  const configuration = load("alerts: [ { id: pager, urlEnv: HOOK, keyEnv: KEY } ]", {
    HOOK: "https://pager.example/T0KEN",
    KEY: "hush",
  });
  expect(configuration.alerts[0]?.url.reveal()).toBe("https://pager.example/T0KEN");
  expect(JSON.stringify(configuration)).not.toMatch(/T0KEN|hush/);
});

it.each([
  ["alerts: [ { id: a } ]", {}, "needs one of url, urlEnv and urlFile"],
  ["alerts: [ { id: a, url: https://a.example, urlEnv: A } ]", { A: "https://b.example" }, "needs one of url"],
  ["alerts: [ { id: a, url: ftp://a.example } ]", {}, "must be an http or https address"],
  ["alerts: [ { id: a, url: https://u:p@a.example } ]", {}, "must be an http or https address"],
  ["alerts: [ { id: a, urlEnv: A } ]", { A: "not an address" }, "holds no http or https address"],
  ["alerts: [ { id: a, url: https://a.example, kinds: [dead_nodes] } ]", {}, "is no kind of finding"],
  ["alerts: [ { id: a, url: https://a.example }, { id: a, url: https://b.example } ]", {}, "earlier sink"],
  ["alerts: [ { id: a, url: https://a.example, keyEnv: A, keyFile: b } ]", { A: "x" }, "not both"],
  ["alerts: [ { id: a, url: https://a.example, colour: red } ]", {}, "colour"],
])("%s is refused", (text, environment, message) => {
  const said = faultsOf(text, environment);
  expect(said).toContain("alerts");
  expect(said).toContain(message);
});
