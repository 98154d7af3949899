import { describe, expect, it } from "vitest";
import { type ContainerFacts, containerRoles } from "./container-roles.ts";
import { dependenciesOf } from "./container-state.ts";
import { ago, NOW } from "./facts.test-kit.ts";
import { appOfConnection, appOfService, roleOfService } from "./services.ts";

describe("services of a compose project", () => {
  it("play the role that their name says, and most play none", () => {
    const roles = (names: readonly string[]) =>
      names.map((name) => {
        const found = roleOfService(name);
        return found === null ? null : [found.role, found.app];
      });
    expect(roles(["haf", "live-trigger", "hafah-install", "block-explorer-install-balance-tracker"])).toEqual([
      ...[
        ["haf", null],
        ["live_trigger", null],
        ["setup", "hafah"],
        ["setup", "block-explorer"],
      ],
    ]);
    expect(roles(["hivemind-block-processing", "hivesense-sync", "hafah-postgrest", "mib-hivemind"])).toEqual([
      ...[
        ["sync", "hivemind"],
        ["sync", "hivesense"],
        ["api", "hafah"],
        ["mib", "hivemind"],
      ],
    ]);
    expect(roles(["pgbouncer", "hafah-postgrest-rewriter", "hivemind-uninstall", "caddy", "haproxy", ""])).toEqual([
      ...[null, null, null, null, null, null],
    ]);
  });

  it("mean the context of their app, however it is called, and keep their own name where there is none", () => {
    const contexts = ["hivemind_app", "btracker_app", "hafbe_app", "reptracker_app"];
    expect(appOfService("hivemind", contexts)).toBe("hivemind_app");
    expect(appOfService("balance-tracker", contexts)).toBe("btracker_app");
    expect(appOfService("block-explorer", contexts)).toBe("hafbe_app");
    expect(appOfService("nft-tracker", contexts)).toBe("nft-tracker");
    expect(appOfService("__proto__", contexts)).toBe("__proto__");
  });

  it("tell an API server's connection from any other", () => {
    expect(appOfConnection("hivemind_postgrest", ["hivemind_app"])).toBe("hivemind_app");
    expect(appOfConnection("hivemind", ["hivemind_app"])).toBeNull();
    expect(appOfConnection("other_postgrest", ["hivemind_app"])).toBeNull();
  });
});

describe("what a container was caused by", () => {
  const container = (service: string, more: Partial<ContainerFacts> = {}): ContainerFacts => ({
    ...{ name: `w-${service}-1`, service, image: "i", state: "alive", exitCode: null, startedAt: ago(1_000) },
    ...{ finishedAt: null, host: null, dependsOn: [] },
    ...more,
  });

  it("is the first service of the process that it waited for", () => {
    const dependsOn = dependenciesOf(
      "pgbouncer:service_healthy:true,hafah-install:service_completed_successfully:false",
    );
    expect(dependsOn).toEqual(["pgbouncer", "hafah-install"]);
    const containers = [
      container("hafah-install", { state: "done", exitCode: 0, finishedAt: ago(500) }),
      container("hafah-postgrest", { dependsOn }),
    ];
    const { changes, told } = containerRoles({ now: NOW, containers, apps: ["hafah"], lives: [] });
    expect(changes.map(({ role, from, to, at }) => [role, from, to, at])).toEqual([
      ["setup", null, "alive", ago(1_000)],
      ["setup", "alive", "done", ago(500)],
      ["api", null, "alive", ago(1_000)],
    ]);
    expect(changes[2]?.cause).toEqual({ role: "setup", app: "hafah", generation: 1 });
    expect([...told]).toEqual(["setup/hafah", "api/hafah"]);
  });

  it("counts containers of the same role and app as lives of their own", () => {
    const containers = [
      container("block-explorer-install-schema"),
      container("block-explorer-install-balance-tracker"),
    ];
    const { changes } = containerRoles({ now: NOW, containers, apps: [], lives: [] });
    expect(changes.map(({ generation }) => generation)).toEqual([1, 2]);
  });
});
