import { judgeIndexes } from "#server/dynflow/domain/plan-indexes.ts";
import type { DynflowStore } from "#server/dynflow/ports.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";

/** What `worldline check` says of a database that can be read. Closes the store. */
export async function capabilityFindings(
  store: DynflowStore,
  notifying: { readonly ok: string; readonly not: string },
): Promise<readonly Finding[]> {
  try {
    const { schemaVersion, notify, insertCount, indexes } = await store.capabilities();
    return [
      found.capability.ok(`Dynflow schema ${schemaVersion}`),
      notify ? found.capability.ok(notifying.ok) : found.capability.note(notifying.not),
      ...(insertCount
        ? []
        : [found.capability.note("no counter of inserted rows: new plans are found by locks and by the lap")]),
      ...indexFindings(indexes),
    ];
  } catch (cause) {
    return [found.capability.missing(messageOf(cause))];
  } finally {
    await store.close();
  }
}

/** No fault: Dynflow itself does without. */
function indexFindings(indexes: readonly (readonly string[])[]): readonly Finding[] {
  const { there, missing } = judgeIndexes(indexes);
  const words = (index: { readonly columns: readonly string[]; readonly serves: string }): string =>
    `${index.serves}: dynflow_execution_plans (${index.columns.join(", ")})`;
  return [
    ...there.map((index) => found.capability.ok(`an index serves ${words(index)}`)),
    ...missing.map((index) =>
      found.capability.note(
        `no index serves ${words(index)}; the whole table is read for each page (docs/operations.md)`,
      ),
    ),
  ];
}
