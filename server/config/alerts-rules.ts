import type { AlertSinkDocument } from "./alerts-schema.ts";
import type { ConfigurationPath } from "./fault.ts";
import type { ShapeFault } from "./issues.ts";
import type { AlertSinkConfiguration } from "./model.ts";
import { createSecret } from "./secret.ts";
import type { SecretReader } from "./secret-reader.ts";

/** What no single key of a sink can say. */
export function alertFaults(sinks: readonly AlertSinkDocument[] | null): readonly ShapeFault[] {
  return (sinks ?? []).flatMap((sink, index) => {
    const faults: ShapeFault[] = [];
    const at = ["alerts", index];
    const addresses = [sink.url, sink.urlEnv, sink.urlFile].filter((one) => one !== undefined).length;
    if (addresses !== 1) faults.push({ path: at, message: "needs one of url, urlEnv and urlFile" });
    if (sink.keyEnv !== undefined && sink.keyFile !== undefined) {
      faults.push({ path: [...at, "keyFile"], message: "give keyEnv or keyFile, not both" });
    }
    if ((sinks ?? []).findIndex(({ id }) => id === sink.id) !== index) {
      faults.push({ path: [...at, "id"], message: `${sink.id} is the id of an earlier sink` });
    }
    return faults;
  });
}

/** An address that cannot be had is a fault of the secrets, and then nobody gets to see this. */
export function toAlertSinks(
  sinks: readonly AlertSinkDocument[],
  secrets: SecretReader,
): readonly AlertSinkConfiguration[] {
  return sinks.flatMap((sink, index) => {
    const at: ConfigurationPath = ["alerts", index];
    const url = sink.url === undefined ? secrets.read(sink, "url", at) : createSecret(sink.url);
    const key = secrets.read(sink, "key", at);
    if (url === null) return [];
    const { id, kinds, least, sources, settleSeconds, aliveEverySeconds } = sink;
    return [
      {
        id,
        title: sink.title ?? id,
        url,
        key,
        kinds,
        least,
        sources,
        settleMs: settleSeconds * 1_000,
        aliveEveryMs: aliveEverySeconds === undefined ? null : aliveEverySeconds * 1_000,
      },
    ];
  });
}
