import { expect, it } from "vitest";
import type { Finding } from "#server/kernel/finding.ts";
import { checkSources } from "./check.ts";
import type { SourceProbe } from "./source-probe.ts";

const probe = (id: string, findings: readonly Finding[]): SourceProbe => ({
  id,
  kind: "dynflow",
  title: id.toUpperCase(),
  probe: async () => findings,
});

async function run(probes: readonly SourceProbe[]) {
  let text = "";
  const sound = await checkSources(probes, (part) => {
    text += part;
  });
  return { sound, text };
}

it("says of each source what it found, with the statement that mends what is missing, and fails then", async () => {
  const { sound, text } = await run([
    probe("a", [{ area: "connection", verdict: "ok", text: "PostgreSQL 18 answers in 2 ms", remedy: null }]),
    probe("b", [
      {
        area: "rights",
        verdict: "missing",
        text: "may not read dynflow_steps",
        remedy: 'GRANT SELECT ON dynflow_steps TO "ops";',
      },
      { area: "capability", verdict: "note", text: "no notifications", remedy: null },
    ]),
  ]);
  expect(sound).toBe(false);
  expect(text).toBe(`dynflow a (A)
  ok      connection PostgreSQL 18 answers in 2 ms

dynflow b (B)
  MISSING rights     may not read dynflow_steps
          GRANT SELECT ON dynflow_steps TO "ops";
  note    capability no notifications

1 missing.
`);
});

it("is content when nothing is missing, and says when there is nothing to look at", async () => {
  const fine = await run([probe("a", [{ area: "capability", verdict: "note", text: "x", remedy: null }])]);
  expect(fine.sound).toBe(true);
  expect(fine.text).toContain("Nothing is missing.");
  expect((await run([])).text).toContain("the embedded demo would run");
});
