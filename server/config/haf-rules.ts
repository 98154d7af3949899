import { judgeDatabaseUrl } from "./database-url.ts";
import type { ShapeFault } from "./issues.ts";
import type { ReadSections } from "./rules.ts";
import { engineTlsFaults } from "./tls-rules.ts";

/** What no single key of `haf` can say. */
export function hafFaults({ haf }: Pick<ReadSections, "haf">): readonly ShapeFault[] {
  return haf.flatMap(({ whole: one }, index) => {
    if (one === null) return [];
    const path = ["haf", index];
    const address = /^postgres(ql)?:/.test(one.url)
      ? judgeDatabaseUrl(one.url, one.tls)
      : "must begin with postgres://";
    const twice = one.apps.findIndex((app, position) => one.apps.indexOf(app) !== position);
    const ways = [one.docker?.socket, one.docker?.url].filter((way) => way !== undefined).length;
    return [
      ...(address === null ? [] : [{ path: [...path, "url"], message: address }]),
      ...(one.passwordEnv !== undefined && one.passwordFile !== undefined
        ? [{ path: [...path, "passwordFile"], message: "give passwordEnv or passwordFile, not both" }]
        : []),
      ...(twice < 0 ? [] : [{ path: [...path, "apps", twice], message: `${one.apps[twice]} is named before` }]),
      ...(one.docker === undefined || ways === 1
        ? []
        : [{ path: [...path, "docker"], message: "needs socket or url, and not both" }]),
      ...engineTlsFaults(one.docker, [...path, "docker"]),
    ];
  });
}
