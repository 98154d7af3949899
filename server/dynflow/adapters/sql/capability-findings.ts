import type { DynflowStore } from "#server/dynflow/ports.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";

/** What `worldline check` says of a database that can be read. Closes the store. */
export async function capabilityFindings(
  store: DynflowStore,
  notifying: { readonly ok: string; readonly not: string },
): Promise<readonly Finding[]> {
  try {
    const { schemaVersion, notify, insertCount } = await store.capabilities();
    return [
      found.capability.ok(`Dynflow schema ${schemaVersion}`),
      notify ? found.capability.ok(notifying.ok) : found.capability.note(notifying.not),
      ...(insertCount
        ? []
        : [found.capability.note("no counter of inserted rows: new plans are found by locks and by the lap")]),
    ];
  } catch (cause) {
    return [found.capability.missing(messageOf(cause))];
  } finally {
    await store.close();
  }
}
