import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { healthFindings } from "./attention-health.ts";
import { countHealth, HEALTH_CHECKS, healthOf } from "./health-checks.ts";

const AT = epochMs(1_000);
const judged = (level: "ok" | "warning" | "critical" | "not-known") => ({
  ...{ level, evidence: `it is ${level}`, about: [], since: AT, at: AT },
});

describe("the checks of a cluster", () => {
  it("each have a heading of their own to read on at", () => {
    const document = readFileSync(join(import.meta.dirname, "../../../docs/operations.md"), "utf8");
    const anchors = document
      .split("\n")
      .filter((line) => line.startsWith("### "))
      .map((line) => line.slice(4).trim().toLowerCase().replaceAll(" ", "-"));
    for (const { anchor } of HEALTH_CHECKS) expect(anchors).toContain(anchor);
  });

  it("are told worst first, and one that was never judged is not known", () => {
    const views = healthOf({ health: { rows: judged("warning"), names: judged("ok"), skew: judged("critical") } });
    expect(views.map(({ id }) => id).slice(0, 2)).toEqual(["skew", "rows"]);
    expect(views.at(-1)?.id).toBe("names");
    expect(countHealth(views)).toEqual({ critical: 1, warning: 1, "not-known": HEALTH_CHECKS.length - 3, ok: 1 });
  });

  it("are findings with a remedy when something is wrong, and none when it is well or not known", () => {
    const health = { takeover: judged("warning"), tablets: judged("critical"), skew: judged("not-known") };
    const findings = healthFindings("dna:eu-1", { ...EMPTY_DNA, health });
    expect(findings.map(({ target, severity }) => [target, severity])).toEqual([
      ["tablets", "failed"],
      ["takeover", "attention"],
    ]);
    for (const { remedy } of findings) expect(remedy).toMatch(/\w/);
  });

  it("leave to others what is told thing by thing", () => {
    const health = { names: judged("critical"), doubles: judged("critical"), rows: judged("warning") };
    expect(healthFindings("dna:eu-1", { ...EMPTY_DNA, health })).toEqual([]);
  });
});
