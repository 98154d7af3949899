import type { Finding } from "#server/kernel/finding.ts";
import type { SourceProbe } from "./source-probe.ts";

const MARKS: Readonly<Record<Finding["verdict"], string>> = { ok: "ok     ", missing: "MISSING", note: "note   " };

/**
 * Probes all sources side by side and writes what was found, source by source in their order.
 *
 * @returns whether nothing is missing
 */
export async function checkSources(probes: readonly SourceProbe[], write: (text: string) => void): Promise<boolean> {
  if (probes.length === 0) write("No source is configured: the embedded demo would run. Nothing to check.\n");
  const results = await Promise.all(probes.map(async (probe) => ({ probe, findings: await probe.probe() })));
  for (const { probe, findings } of results) write(describe(probe, findings));
  const missing = results.flatMap(({ findings }) => findings.filter((finding) => finding.verdict === "missing"));
  if (probes.length > 0) write(missing.length === 0 ? "Nothing is missing.\n" : `${missing.length} missing.\n`);
  return missing.length === 0;
}

function describe(probe: SourceProbe, findings: readonly Finding[]): string {
  const lines = findings.flatMap((finding) => [
    `  ${MARKS[finding.verdict]} ${finding.area.padEnd(10)} ${finding.text}`,
    ...(finding.remedy === null ? [] : finding.remedy.split("\n").map((line) => `          ${line}`)),
  ]);
  const remedies = findings.length === 0 ? ["  nothing was found out"] : lines;
  return `${probe.kind} ${probe.id} (${probe.title})\n${remedies.join("\n")}\n\n`;
}
